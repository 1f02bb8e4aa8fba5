// Browser libraries, in jsdom and in headless Chromium.
import { mkdtemp, rm } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { JSDOM } from "jsdom";
import { chromium } from "playwright-core";
import { nextCalls } from "./browser-calls.mjs";
import { names, properties, traits } from "./calls.mjs";

const flags = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"];

export async function nextInJsdom({ url, key, pages }) {
  const dom = await JSDOM.fromURL(pages.origin + "/next", { runScripts: "dangerously", resources: "usable", pretendToBeVisual: true });
  try {
    await new Promise((ok) => dom.window.addEventListener("load", ok));
    const arg = { url, key, n: names("next-jsdom"), properties, traits, options: {} };
    const failures = await dom.window.eval(`(${nextCalls})(${JSON.stringify(arg)})`);
    check(failures);
  } finally {
    dom.window.close();
  }
}

function check(failures) {
  const bad = failures.filter(Boolean);
  if (bad.length) throw new Error(bad[0]);
}

// withBrowser gives a fresh Chromium in which only the two local servers can be
// reached; strangers collects every other request.
export async function withBrowser(strangers, run) {
  const folder = await mkdtemp(path.join(os.tmpdir(), "ciclo-conformance-"));
  const browser = await chromium.launchPersistentContext(folder, { executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: flags, headless: true });
  try {
    await browser.route((u) => !["127.0.0.1", "localhost"].includes(u.hostname), (route) => {
      strangers.push(new URL(route.request().url()).host);
      return route.abort();
    });
    await run(browser);
  } finally {
    await browser.close();
    await rm(folder, { recursive: true, force: true });
  }
}

const next = (client, options) => async ({ url, key, pages, browser }) => {
  const page = await browser.newPage();
  await page.goto(pages.origin + "/next");
  const answers = answersOf(page, url);
  check(await page.evaluate(nextCalls, { url, key, n: names(client), properties, traits, options }));
  if (options.integrations) {
    // The rest of a batch leaves when the page does.
    await page.goto("about:blank");
    await new Promise((ok) => setTimeout(ok, 500));
  }
  await page.close();
  if (answers.some((s) => s !== 200 && s !== 204)) throw new Error(`answers ${answers}`);
};

function answersOf(page, url) {
  const answers = [];
  page.on("response", (r) => r.url().startsWith(url) && answers.push(r.status()));
  return answers;
}

export const nextInChromium = next("next-chromium", {});
export const nextBatching = next("next-batching", {
  integrations: { "Segment.io": { deliveryStrategy: { strategy: "batching", config: { size: 4, timeout: 60_000 } } } },
});

export async function cicloScript({ url, pages, browser }) {
  const n = names("ciclo-js");
  const page = await browser.newPage();
  await page.goto(pages.origin + "/ciclo?utm_source=news");
  await page.waitForFunction(() => window.ciclo?.loaded);
  const first = page.waitForResponse((r) => r.url() === url + "/v1/batch");
  await page.evaluate(({ n, properties, traits }) => {
    window.ciclo.identify(n.user, traits);
    window.ciclo.track(n.event, properties);
  }, { n, properties, traits });
  const answer = await first;
  if (answer.status() !== 200) throw new Error(`answer ${answer.status()}`);
  // The last event leaves by beacon when the page goes away at once.
  await page.evaluate(({ n }) => window.ciclo.track(n.event + " last", {}), { n });
  await page.goto("about:blank");
  await new Promise((ok) => setTimeout(ok, 500));
  await page.close();
}

export async function cicloConsent({ url, pages, browser }) {
  const page = await browser.newPage();
  let early = 0;
  page.on("request", (r) => { if (r.url().startsWith(url) && r.method() === "POST") early++; });
  await page.goto(pages.origin + "/plain");
  await page.evaluate(() => window.localStorage.clear());
  await browser.clearCookies();
  await page.goto(pages.origin + "/ask");
  await page.waitForFunction(() => window.ciclo?.loaded);
  await page.evaluate(() => window.ciclo.track("Before consent", {}));
  await new Promise((ok) => setTimeout(ok, 600));
  const kept = await page.evaluate(() => Object.keys(window.localStorage).concat(document.cookie ? [document.cookie] : []));
  if (early || kept.length) throw new Error(`before consent: ${early} requests, stored ${kept}`);
  const sent = page.waitForResponse((r) => r.url() === url + "/v1/batch");
  await page.evaluate(() => window.ciclo.consent(true));
  if ((await sent).status() !== 200) throw new Error("not sent after consent");
  await page.evaluate(() => { window.ciclo.consent(false); window.ciclo.track("After refusal", {}); window.ciclo.flush(); });
  await new Promise((ok) => setTimeout(ok, 600));
  await page.close();
}

export async function beaconAndPixel({ url, key, pages, browser }) {
  const page = await browser.newPage();
  await page.goto(pages.origin + "/plain");
  const width = await page.evaluate(async ({ url, key, properties }) => {
    const event = { type: "track", event: "Conformance beacon", userId: "u-beacon", messageId: "beacon-1", properties };
    navigator.sendBeacon(`${url}/beacon/v1/batch?writeKey=${key}`, new Blob([JSON.stringify({ batch: [event] })], { type: "text/plain" }));
    const img = new Image();
    img.src = `${url}/pixel/v1/track?writeKey=${key}&event=Conformance%20pixel&userId=u-pixel&messageId=pixel-1`;
    await img.decode();
    return img.naturalWidth;
  }, { url, key, properties });
  await new Promise((ok) => setTimeout(ok, 300));
  await page.close();
  if (width !== 1) throw new Error(`the pixel is ${width} wide`);
}

// Usage: node run.mjs --url http://HOST:PORT --key WRITE_KEY [--no-browser]
// Runs unmodified client libraries against a running server and prints a table.
// Exit status 0 only when all pass.
import { parseArgs } from "node:util";
import { guard } from "./guard.mjs";

const { values } = parseArgs({ options: { url: { type: "string" }, key: { type: "string" }, "no-browser": { type: "boolean" } } });
if (!values.url || !values.key) {
  console.error("usage: node run.mjs --url http://HOST:PORT --key WRITE_KEY [--no-browser]");
  process.exit(2);
}
const url = values.url.replace(/\/+$/, "");
const key = values.key;
const strangers = guard();
const { analyticsNode, legacyNode } = await import("./node-clients.mjs");
const b = await import("./browser-clients.mjs");
const { pageServer } = await import("./page-server.mjs");

const rows = [];
async function run(client, fn, given = {}) {
  const before = strangers.length;
  let note = "";
  try {
    await Promise.race([fn({ url, key, ...given }), new Promise((_, bad) => setTimeout(() => bad(new Error("no end after 40 s")), 40_000).unref())]);
  } catch (e) {
    note = String(e?.message ?? e).split("\n")[0];
  }
  const called = [...new Set(strangers.slice(before))];
  if (called.length) note = `called ${called.join(", ")} ${note}`;
  rows.push({ client, result: note ? "FAIL" : "pass", note });
}

await run("@segment/analytics-node", analyticsNode);
await run("analytics-node (legacy)", legacyNode);
const pages = await pageServer(url, key);
await run("@segment/analytics-next, jsdom", b.nextInJsdom, { pages });
if (!values["no-browser"]) {
  await b.withBrowser(strangers, async (browser) => {
    await run("@segment/analytics-next, Chromium", b.nextInChromium, { pages, browser });
    await run("@segment/analytics-next, Chromium, batching", b.nextBatching, { pages, browser });
    await run("ciclo.js, Chromium", b.cicloScript, { pages, browser });
    await run("ciclo.js, consent", b.cicloConsent, { pages, browser });
    await run("sendBeacon and pixel, Chromium", b.beaconAndPixel, { pages, browser });
  });
}
pages.close();

const width = Math.max(...rows.map((r) => r.client.length));
for (const r of rows) console.log(`${r.result}  ${r.client.padEnd(width)}  ${r.note}`);
process.exit(rows.every((r) => r.result === "pass") ? 0 : 1);

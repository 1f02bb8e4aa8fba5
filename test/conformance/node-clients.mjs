// Server libraries.
import { Analytics } from "@segment/analytics-node";
import Legacy from "analytics-node";
import { names, properties, traits } from "./calls.mjs";

export async function analyticsNode({ url, key }) {
  const n = names("analytics-node");
  const failures = [];
  const a = new Analytics({ writeKey: key, host: url, flushAt: 3, maxRetries: 1 });
  a.on("error", (e) => failures.push(e));
  a.identify({ userId: n.user, traits });
  a.track({ userId: n.user, event: n.event, properties });
  a.page({ userId: n.user, name: "Home" });
  a.screen({ userId: n.user, name: "Start" });
  a.group({ userId: n.user, groupId: n.group, traits });
  a.alias({ userId: n.user, previousId: n.previous });
  await a.closeAndFlush({ timeout: 10_000 });
  if (failures.length) throw new Error(JSON.stringify(failures[0]));
}

export async function legacyNode({ url, key }) {
  const n = names("analytics-node-legacy");
  const a = new Legacy(key, { host: url, flushAt: 20, flushInterval: 60_000, retryCount: 0 });
  const sent = [];
  const call = (kind, message) => sent.push(new Promise((ok, bad) => a[kind](message, (e) => (e ? bad(e) : ok()))));
  call("identify", { userId: n.user, traits });
  call("track", { userId: n.user, event: n.event, properties });
  call("page", { userId: n.user, name: "Home" });
  call("screen", { userId: n.user, name: "Start" });
  call("group", { userId: n.user, groupId: n.group, traits });
  call("alias", { userId: n.user, previousId: n.previous });
  await a.flush();
  await Promise.all(sent);
}

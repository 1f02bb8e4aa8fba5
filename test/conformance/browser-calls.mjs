// Runs inside a page: loads the browser library with the server under test as
// its CDN and makes the calls. It must not use anything from outside itself.
export async function nextCalls({ url, key, n, properties, traits, options }) {
  const [a] = await window.AnalyticsNext.AnalyticsBrowser.load({ writeKey: key, cdnURL: url }, options);
  const delivered = [];
  for (const call of [
    () => a.identify(n.user, traits),
    () => a.track(n.event, properties),
    () => a.page("Home"),
    () => a.screen("Start"),
    () => a.group(n.group, traits),
    () => a.alias(n.user, n.previous),
  ]) {
    delivered.push(await call());
  }
  return delivered.map((c) => c.failedDelivery()?.reason?.toString() ?? "");
}

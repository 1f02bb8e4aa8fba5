// Ciclo's browser script: page, track, identify, reset, consent.
//   <script async src="https://HOST/ciclo.js" data-key="WRITE_KEY"></script>
// Calls made before it loads: window.ciclo=window.ciclo||[];ciclo.push(["track","Signed Up",{plan:"pro"}])
// Attributes: data-key, data-host, data-page="off", data-consent="ask".
(function (w, d) {
"use strict";
var tag = d.currentScript || d.querySelector("script[data-key][src*='ciclo.js']");
if (!tag || w.ciclo && w.ciclo.loaded) return;
var key = tag.getAttribute("data-key");
var host = (tag.getAttribute("data-host") || new URL(tag.src, d.baseURI).origin).replace(/\/+$/, "");
var nav = w.navigator, early = w.ciclo || [], P = "ciclo_";
var queue = [], busy = false, timer = 0, wait = 0, memory = {};

// Storage: localStorage, beside it a cookie for the anonymous id, else memory.
function get(k) {
try { var v = w.localStorage.getItem(P + k); if (v !== null) return v; } catch (e) {}
var m = d.cookie.match("(?:^|; )" + P + k + "=([^;]*)");
return m ? decodeURIComponent(m[1]) : memory[k] || "";
}
function put(k, v, cookie) {
memory[k] = v;
try { if (v) w.localStorage.setItem(P + k, v); else w.localStorage.removeItem(P + k); } catch (e) {}
if (cookie) d.cookie = P + k + "=" + encodeURIComponent(v) + ";path=/;SameSite=Lax;max-age=" + (v ? 31536000 : 0) + (w.location.protocol === "https:" ? ";Secure" : "");
}
function id() {
var c = w.crypto;
if (c && c.randomUUID) return c.randomUUID();
var b = new Uint8Array(16), s = "";
if (c && c.getRandomValues) c.getRandomValues(b); else for (var j = 0; j < 16; j++) b[j] = Math.random() * 256;
for (var i = 0; i < 16; i++) s += (b[i] + 256).toString(16).slice(1);
return s;
}
function anonymous() {
var a = get("anon");
if (!a) put("anon", a = id(), true);
return a;
}

// Consent: "yes", "no", or "ask", which holds events back in memory.
function consent() { return get("consent") || (tag.getAttribute("data-consent") === "ask" ? "ask" : "yes"); }

function campaign() {
var q = new URLSearchParams(w.location.search), c = {}, any = false;
["source", "medium", "campaign", "term", "content"].forEach(function (n) {
var v = q.get("utm_" + n);
if (v) { c[n === "campaign" ? "name" : n] = v; any = true; }
});
return any ? c : undefined;
}
function zone() { try { return Intl.DateTimeFormat().resolvedOptions().timeZone; } catch (e) {} }
// programs gives what browsers run by programs show and others do not.
function programs(c) {
if (nav.webdriver) c.webdriver = true;
if (nav.languages && !nav.languages.length) c.languages = [];
return c;
}
function context() {
var l = w.location;
return programs({
page: { url: l.href, path: l.pathname, title: d.title, referrer: d.referrer || undefined },
campaign: campaign(), userAgent: nav.userAgent, locale: nav.language, timezone: zone(),
screen: { width: w.screen.width, height: w.screen.height }, library: { name: "ciclo.js", version: "1" }
});
}
function add(type, more) {
if (consent() === "no") return;
var e = { type: type, messageId: id(), timestamp: new Date().toISOString(), context: context(), anonymousId: "", userId: get("user") || undefined };
for (var k in more) e[k] = more[k];
if (consent() === "yes") e.anonymousId = anonymous();
queue.push(e);
if (queue.length > 1000) queue.shift();
save();
later(queue.length >= 20 ? 0 : 300);
}
function save() { if (consent() === "yes") put("queue", queue.length ? JSON.stringify(queue.slice(-100)) : ""); }
function later(ms) {
if (timer) { if (ms) return; clearTimeout(timer); }
timer = setTimeout(function () { timer = 0; flush(); }, Math.max(ms, wait));
}
function body(events) { return JSON.stringify({ writeKey: key, sentAt: new Date().toISOString(), batch: events }); }
function ready() {
if (consent() !== "yes") return false;
queue.forEach(function (e) { if (!e.anonymousId) e.anonymousId = anonymous(); });
return queue.length > 0;
}

// flush sends up to 50 events. 429 and 5xx keep them; other answers settle them.
function flush() {
if (busy || !ready()) return;
var part = queue.slice(0, 50);
busy = true;
fetch(host + "/v1/batch", { method: "POST", body: body(part), headers: { "Content-Type": "text/plain" }, keepalive: part.length < 20, credentials: "omit" }).then(function (r) {
if (r.status === 429 || r.status >= 500) return again((+r.headers.get("Retry-After") || 0) * 1000);
done(part);
}, function () { again(0); });
}
function done(part) {
busy = false; wait = 0;
queue = queue.filter(function (e) { return part.indexOf(e) < 0; });
save();
if (queue.length) later(0);
}
function again(ms) {
busy = false;
wait = Math.max(ms, Math.min(wait * 2 || 1000, 60000));
later(wait);
}

// On hide the rest goes by beacon, in pieces below the 64 KB that browsers
// allow. Message ids make a second copy harmless.
function leave() {
if (!nav.sendBeacon || !ready()) return;
for (var i = 0; i < queue.length;) {
var n = Math.min(20, queue.length - i), text = body(queue.slice(i, i + n));
while (text.length > 20000 && n > 1) { n = n >> 1; text = body(queue.slice(i, i + n)); }
if (!nav.sendBeacon(host + "/beacon/v1/batch?writeKey=" + encodeURIComponent(key), new Blob([text], { type: "text/plain" }))) break;
i += n;
}
queue.splice(0, i);
save();
}

var api = {
loaded: true,
track: function (event, properties) { add("track", { event: event, properties: properties }); },
page: function (name, properties) {
if (name && typeof name === "object") { properties = name; name = undefined; }
add("page", { name: name, properties: properties });
},
identify: function (user, traits) {
if (user && typeof user === "object") { traits = user; user = undefined; }
if (user) { user = String(user); if (get("user") && get("user") !== user) api.reset(); put("user", user); }
add("identify", { userId: user || get("user") || undefined, traits: traits });
},
reset: function () { put("user", ""); put("anon", "", true); },
consent: function (given) {
put("consent", given ? "yes" : "no", true);
if (given) { save(); later(0); } else { queue = []; put("queue", ""); put("user", ""); put("anon", "", true); }
},
anonymousId: function () { return consent() === "yes" ? anonymous() : ""; },
flush: flush,
push: function (call) { var f = api[call[0]]; if (typeof f === "function") f.apply(api, [].slice.call(call, 1)); }
};
w.ciclo = api;
if (consent() === "yes") try { queue = JSON.parse(get("queue") || "[]"); } catch (e) {}
d.addEventListener("visibilitychange", function () { if (d.visibilityState === "hidden") leave(); });
w.addEventListener("pagehide", leave);
for (var i = 0; i < early.length; i++) api.push(early[i]);
if (tag.getAttribute("data-page") !== "off") api.page();
if (queue.length) later(0);
})(window, document);

// Refuses every connection that leaves this machine, and remembers it: no
// client library may call anybody but the server under test.
import net from "node:net";

const loopback = new Set(["127.0.0.1", "localhost", "::1", undefined]);

export function guard() {
  const strangers = [];
  const connect = net.Socket.prototype.connect;
  net.Socket.prototype.connect = function (...args) {
    const given = Array.isArray(args[0]) ? args[0][0] : args[0];
    const host = typeof given === "object" ? given.host : args[1];
    const path = typeof given === "object" ? given.path : undefined;
    if (!path && !loopback.has(host)) {
      strangers.push(String(host));
      throw new Error(`connection to ${host} refused by the conformance guard`);
    }
    return connect.apply(this, args);
  };
  return strangers;
}

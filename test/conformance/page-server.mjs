// Serves the pages under test and the unmodified browser library from another
// origin than the server under test, as a shop would.
import http from "node:http";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";

const umd = path.join(path.dirname(fileURLToPath(import.meta.url)), "node_modules/@segment/analytics-next/dist/umd");

export async function pageServer(url, key) {
  const pages = {
    "/next": `<!doctype html><title>Next</title><script src="/umd/index.js"></script>`,
    "/ciclo": `<!doctype html><title>Ciclo</title><script async src="${url}/ciclo.js" data-key="${key}"></script>`,
    "/ask": `<!doctype html><title>Ask</title><script async src="${url}/ciclo.js" data-key="${key}" data-consent="ask"></script>`,
    "/plain": `<!doctype html><title>Plain</title>`,
  };
  const server = http.createServer(async (req, res) => {
    const where = new URL(req.url, "http://localhost").pathname;
    if (pages[where]) {
      res.writeHead(200, { "Content-Type": "text/html; charset=utf-8" }).end(pages[where]);
      return;
    }
    if (where.startsWith("/umd/") && /^[\w.-]+\.js$/.test(where.slice(5))) {
      const body = await readFile(path.join(umd, where.slice(5))).catch(() => null);
      if (body) {
        res.writeHead(200, { "Content-Type": "text/javascript" }).end(body);
        return;
      }
    }
    res.writeHead(where === "/favicon.ico" ? 204 : 404).end();
  });
  await new Promise((ok) => server.listen(0, "127.0.0.1", ok));
  return { origin: `http://127.0.0.1:${server.address().port}`, close: () => server.close() };
}

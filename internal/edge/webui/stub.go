package webui

// stubPage is shown when the binary was built without the web UI.
const stubPage = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Ciclo: the web UI is not built</title>
<style nonce="__CSP_NONCE__">
body { font: 16px/1.5 system-ui, sans-serif; max-width: 40rem; margin: 12vh auto; padding: 0 1.5rem; color: #1f2430; background: #fff }
code { background: #eef0f4; padding: .15em .4em; border-radius: .3em }
@media (prefers-color-scheme: dark) { body { color: #e6e8ee; background: #16181d } code { background: #2a2e37 } }
</style>
</head>
<body>
<main>
<h1>The web UI is not in this binary</h1>
<p>The server and its API are running. To add the pages, build them and then the binary again:</p>
<p><code>cd web &amp;&amp; npm ci &amp;&amp; npm run build</code><br><code>make build</code></p>
</main>
</body>
</html>
`

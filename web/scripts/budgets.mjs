// Fails when a route ships more than its budget (gzip, kB, with everything that the entry has not loaded already).
// A stage of the bundle is measured by following static imports from the built files.
import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'

const dist = fileURLToPath(new URL('../dist/', import.meta.url))
const assets = `${dist}assets/`
const size = (file) => gzipSync(readFileSync(assets + file), { level: 9 }).length / 1000
const files = readdirSync(assets)

/** A file with all that it imports at once. */
function closure(file, seen = new Set()) {
  if (seen.has(file)) return seen
  seen.add(file)
  const source = readFileSync(assets + file, 'utf8')
  for (const m of source.matchAll(/(?:from|import)\s*"\.\/([^"]+\.js)"/g)) closure(m[1], seen)
  return seen
}

const html = readFileSync(`${dist}index.html`, 'utf8')
// Every script that the page names, with all that these import at once.
const entry = new Set([...html.matchAll(/assets\/([^"]+\.js)"/g)].flatMap((m) => [...closure(m[1])]))
const sum = (list) => [...list].reduce((a, f) => a + size(f), 0)
const css = sum(files.filter((f) => html.includes(f) && f.endsWith('.css')))
const rows = [['entry, scripts', sum(entry), 175], ['entry, styles', css, 40]]
const routes = { board: 45, flow: 45, lapse: 45, editor: 60, 'stage-form': 80, customer: 80, kpis: 45, wizard: 45, dashboard: 45, explorer: 45, view: 60, definition: 90, costs: 45, segment: 50, 'condition-tab': 100, builder: 100, rfm: 45, overlap: 45 }
for (const [name, budget] of Object.entries(routes)) {
  // Chunks of one name: the largest is the screen.
  const sizes = files.filter((f) => f.startsWith(`${name}-`) && f.length === name.length + '-12345678.js'.length && f.endsWith('.js')).map((f) => sum([...closure(f)].filter((x) => !entry.has(x))))
  rows.push([name, Math.max(...sizes), budget])
}
for (const locale of ['en', 'it', 'ro']) rows.push([`language ${locale}`, size(files.find((f) => f.startsWith(`${locale}-`) && f.endsWith('.js'))), 40])

let bad = 0
for (const [name, kb, budget] of rows) {
  if (kb > budget) bad++
  console.log(`${kb > budget ? 'OVER' : 'ok  '} ${name.padEnd(16)} ${kb.toFixed(1).padStart(7)} kB of ${budget}`)
}
process.exit(bad ? 1 : 0)

// Fails when a message has no translation, or when a translation lost a placeholder.
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const dir = fileURLToPath(new URL('../src/locales/', import.meta.url))

function read(locale) {
  const out = new Map()
  for (const block of readFileSync(`${dir}${locale}.po`, 'utf8').split('\n\n')) {
    const get = (key) => {
      const m = block.match(new RegExp(`^${key} ((?:"(?:[^"\\\\]|\\\\.)*"\\n?)+)`, 'm'))
      return m ? m[1].trim().split('\n').map((s) => JSON.parse(s)).join('') : ''
    }
    const id = get('msgid')
    const context = get('msgctxt')
    if (id && !/^#~/m.test(block)) out.set(context ? `${context}|${id}` : id, get('msgstr'))
  }
  return out
}

const holes = (text) => [...text.matchAll(/\{(\w+)|<(\/?\d+)\/?>/g)].map((m) => m[1] ?? m[2]).sort().filter((x, i, a) => a.indexOf(x) === i).join()
let bad = 0
const source = read('en')
for (const locale of ['it', 'ro']) {
  const target = read(locale)
  for (const id of source.keys()) {
    const text = target.get(id)
    if (!text) {
      console.error(`${locale}: not translated: ${id}`)
      bad++
    } else if (holes(text) !== holes(id.slice(id.indexOf('|') + 1))) {
      console.error(`${locale}: placeholders differ: ${id} -> ${text}`)
      bad++
    }
  }
}
if (source.size === 0) {
  console.error('en: no messages found')
  bad++
}
if (bad > 0) process.exit(1)
console.log(`locales: ${source.size} messages, it and ro complete`)

// Copies the built UI to the Go package that embeds it.
import { cpSync, readdirSync, rmSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const from = fileURLToPath(new URL('../dist/', import.meta.url))
const to = fileURLToPath(new URL('../../internal/edge/webui/dist/', import.meta.url))
for (const name of readdirSync(to)) {
  if (name !== '.keep') rmSync(to + name, { recursive: true })
}
cpSync(from, to, { recursive: true })
console.log('web: copied dist to internal/edge/webui/dist')

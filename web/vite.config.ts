/// <reference types="vitest/config" />
import { fileURLToPath } from 'node:url'
import { lingui } from '@lingui/vite-plugin'
import babel from '@rolldown/plugin-babel'
import react from '@vitejs/plugin-react'
import { defineConfig } from 'vite'

// The Lingui macro needs Babel; only files that import a macro pay for it.
const macros = babel({
  include: /\/src\/.*\.tsx?$/,
  plugins: ['@lingui/babel-plugin-lingui-macro'],
} as Parameters<typeof babel>[0])

/** Puts the messages of a catalogue in the order of their texts: like beside like compresses better. */
const ordered = {
  name: 'ordered-catalogues',
  transform(code: string, id: string) {
    const found = /\.po$/.test(id) && /JSON\.parse\(("(?:[^"\\]|\\.)*")\)/.exec(code)
    if (!found) return undefined
    const entries = Object.entries(JSON.parse(JSON.parse(found[1]!) as string) as Record<string, unknown>).map(([key, message]) => [JSON.stringify(message), key, message] as const)
    entries.sort((a, b) => (a[0] < b[0] ? -1 : a[0] > b[0] ? 1 : 0))
    const text = JSON.stringify(JSON.stringify(Object.fromEntries(entries.map(([, key, message]) => [key, message]))))
    return { code: code.replace(found[0], () => `JSON.parse(${text})`), map: null }
  },
}

export default defineConfig({
  plugins: [macros, react(), lingui(), ordered],
  resolve: { alias: { '~': fileURLToPath(new URL('./src', import.meta.url)) } },
  build: {
    target: 'es2022',
    // Inlined assets would need data: in more directives of the content security policy.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    // What every page needs comes in two files: they compress better than sixty.
    rolldownOptions: { output: { codeSplitting: { groups: [{ name: 'query', test: /@tanstack.(react-)?query/, priority: 1 }, { name: 'frame', tags: ['$initial'] }] } } },
  },
  server: { proxy: { '/api': 'http://127.0.0.1:8787', '/v1': 'http://127.0.0.1:8787' } },
  test: { environment: 'jsdom', include: ['src/**/*.test.{ts,tsx}'] },
})

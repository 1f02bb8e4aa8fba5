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

export default defineConfig({
  plugins: [macros, react(), lingui()],
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

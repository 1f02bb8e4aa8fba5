import { defineConfig } from '@lingui/cli'
import { formatter } from '@lingui/format-po'

export default defineConfig({
  sourceLocale: 'en',
  locales: ['en', 'it', 'ro'],
  catalogs: [{ path: 'src/locales/{locale}', include: ['src'] }],
  // Line numbers would change with every edit and hide real changes in reviews.
  format: formatter({ lineNumbers: false, origins: false }),
  orderBy: 'message',
})

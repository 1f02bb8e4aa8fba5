import './styles'
import { MantineProvider } from '@mantine/core'
import { I18nProvider } from '@lingui/react'
import { QueryCache, QueryClient, QueryClientProvider } from '@tanstack/react-query'
import { RouterProvider } from '@tanstack/react-router'
import { setNonce } from 'get-nonce'
import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { ApiError } from '~/api'
import { ToastProvider } from '~/ui/toast'
import { activate, i18n, initialLocale } from './i18n'
import { makeRouter } from './router'
import { theme, variables } from './theme'

const nonce = document.querySelector<HTMLMetaElement>('meta[name=csp-nonce]')?.content ?? ''
// The scroll lock of dialogs writes a style element of its own.
setNonce(nonce)

const client = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 10_000,
      refetchOnWindowFocus: false,
      // A refused request stays refused; only a server that is away or busy is worth another try.
      retry: (count, error) => count < 2 && error instanceof ApiError && (error.status === 0 || error.status >= 502),
    },
  },
  queryCache: new QueryCache({
    onError: (error, query) => {
      if (error instanceof ApiError && error.status === 401 && query.queryKey[0] !== 'session' && !window.location.pathname.startsWith('/sign-in')) {
        window.location.assign(`/sign-in?next=${encodeURIComponent(window.location.pathname + window.location.search)}`)
      }
    },
  }),
})
const router = makeRouter(client)
// Some texts are the server's: they are asked for again in the new language.
i18n.on('change', () => void client.invalidateQueries())

// Controls measure their text, so the font should be there; a slow network must not hold the page up for it.
const font = Promise.race([document.fonts.load("1em 'Inter Variable'").catch(() => undefined), new Promise((done) => setTimeout(done, 400))])
await Promise.all([activate(initialLocale()), font])
createRoot(document.getElementById('root')!).render(
  <StrictMode>
    <I18nProvider i18n={i18n}>
      <MantineProvider theme={theme} cssVariablesResolver={variables} defaultColorScheme="auto" getStyleNonce={() => nonce}>
        <QueryClientProvider client={client}>
          <ToastProvider>
            <RouterProvider router={router} />
          </ToastProvider>
        </QueryClientProvider>
      </MantineProvider>
    </I18nProvider>
  </StrictMode>,
)

import { createRootRouteWithContext, createRoute, createRouter, lazyRouteComponent, redirect } from '@tanstack/react-router'
import type { QueryClient } from '@tanstack/react-query'
import { ApiError, q } from '~/api'
import { Pending, RouteError } from './fallbacks'
import { activate, locales, type Locale } from './i18n'
import { Shell } from './shell'

type Context = { client: QueryClient }

const root = createRootRouteWithContext<Context>()({ notFoundComponent: lazyRouteComponent(() => import('./not-found')), errorComponent: RouteError })

/** Everything behind the sign-in. The session decides where a visitor goes first. */
const app = createRoute({
  getParentRoute: () => root,
  id: 'app',
  component: Shell,
  errorComponent: RouteError,
  beforeLoad: async ({ context, location }) => {
    try {
      const session = await context.client.ensureQueryData(q.session())
      const wanted = session.user.locale as Locale
      if (wanted in locales && wanted !== document.documentElement.lang && !localStorage.getItem('ciclo-locale')) await activate(wanted)
    } catch (error) {
      if (!(error instanceof ApiError) || error.status !== 401) throw error
      const { needed } = await context.client.ensureQueryData(q.setup())
      throw redirect({ to: needed ? '/setup' : '/sign-in', search: needed ? {} : { next: location.href } })
    }
  },
})

const page = (path: string, load: () => Promise<{ default: () => React.ReactNode }>) => createRoute({ getParentRoute: () => app, path, component: lazyRouteComponent(load) })

const index = createRoute({
  getParentRoute: () => app,
  path: '/',
  beforeLoad: () => {
    throw redirect({ to: '/board' })
  },
})

const tree = root.addChildren([
  createRoute({ getParentRoute: () => root, path: '/setup', component: lazyRouteComponent(() => import('~/features/start/setup')) }),
  createRoute({ getParentRoute: () => root, path: '/sign-in', component: lazyRouteComponent(() => import('~/features/start/sign-in')) }),
  app.addChildren([
    index,
    page('/board', () => import('~/features/board/board')),
    page('/flow', () => import('~/features/flow/flow')),
    page('/time-lapse', () => import('~/features/lapse/lapse')),
    page('/moves', () => import('~/features/flow/moves')),
    page('/stage-models', () => import('~/features/models/list')),
    page('/stage-models/$id', () => import('~/features/models/editor')),
    page('/kpis', () => import('~/features/kpis/kpis')),
    page('/insights', () => import('~/features/insights/list')),
    page('/insights/new', () => import('~/features/insights/new')),
    page('/insights/$id', () => import('~/features/insights/saved')),
    page('/dashboards', () => import('~/features/dashboards/list')),
    page('/dashboards/digests', () => import('~/features/digests/list')),
    page('/dashboards/$id', () => import('~/features/dashboards/dashboard')),
    page('/costs', () => import('~/features/costs/costs')),
    page('/alerts', () => import('~/features/alerts/list')),
    page('/segments', () => import('~/features/segments/list')),
    page('/segments/new', () => import('~/features/segments/new')),
    page('/segments/ready', () => import('~/features/segments/ready')),
    page('/segments/rfm', () => import('~/features/segments/rfm')),
    page('/segments/personas', () => import('~/features/segments/personas')),
    page('/segments/overlap', () => import('~/features/segments/overlap')),
    page('/segments/$id', () => import('~/features/segments/segment')),
    page('/customers', () => import('~/features/customers/list')),
    page('/customers/$id', () => import('~/features/customer/customer')),
    page('/imports', () => import('~/features/imports/list')),
    page('/imports/new', () => import('~/features/imports/wizard')),
    page('/imports/$id', () => import('~/features/imports/run')),
    page('/data/sources', () => import('~/features/data/sources')),
    page('/data/sources/$id', () => import('~/features/data/source')),
    page('/data/quarantine', () => import('~/features/data/quarantine')),
    page('/data/unknown-keys', () => import('~/features/data/unknown-keys')),
    page('/data/erasures', () => import('~/features/erasures/list')),
    page('/data/erasures/$id', () => import('~/features/erasures/one')),
    page('/data/live', () => import('~/features/data/live')),
    page('/settings/workspace', () => import('~/features/settings/workspace')),
    page('/settings/identity', () => import('~/features/settings/identity')),
    page('/settings/users', () => import('~/features/settings/users')),
    page('/settings/api-keys', () => import('~/features/settings/api-keys')),
    page('/settings/webhooks', () => import('~/features/webhooks/list')),
    page('/settings/audit', () => import('~/features/settings/audit')),
    page('/settings/account', () => import('~/features/settings/account')),
  ]),
])

export function makeRouter(client: QueryClient) {
  return createRouter({ routeTree: tree, context: { client }, defaultPreload: 'intent', defaultPendingComponent: Pending, defaultPendingMs: 150, scrollRestoration: true })
}

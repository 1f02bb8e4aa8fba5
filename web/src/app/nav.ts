import { useLingui } from '@lingui/react/macro'
import { IconAlert, IconBell, IconBoard, IconBuilding, IconCoin, IconDashboard, IconFlow, IconGauge, IconHistory, IconInsight, IconKey, IconLapse, IconMerge, IconModel, IconSegment, IconSource, IconStream, IconTrash, IconUpload, IconUser, IconUsers, IconWebhook } from '~/ui/icons'

export type NavItem = { to: string; label: string; keys: string; icon: typeof IconBoard }
export type NavGroup = { label: string; title?: string; items: NavItem[] }

/** The pages of the app, in the order of the menu. `keys` is what is typed after g. */
export function useNav(): NavGroup[] {
  const { t } = useLingui()
  return [
    {
      label: 'main',
      items: [
        { to: '/board', label: t`Board`, keys: 'b', icon: IconBoard },
        { to: '/flow', label: t`Flow`, keys: 'f', icon: IconFlow },
        { to: '/time-lapse', label: t`Time-lapse`, keys: 't', icon: IconLapse },
        { to: '/kpis', label: t`KPIs`, keys: 'k', icon: IconGauge },
        { to: '/dashboards', label: t`Dashboards`, keys: 'h', icon: IconDashboard },
        { to: '/insights', label: t`Insights`, keys: 'n', icon: IconInsight },
        { to: '/alerts', label: t`Alerts`, keys: 'o', icon: IconBell },
        { to: '/customers', label: t`Customers`, keys: 'c', icon: IconUsers },
        { to: '/segments', label: t`Segments`, keys: 'j', icon: IconSegment },
        { to: '/stage-models', label: t`Stage models`, keys: 'm', icon: IconModel },
      ],
    },
    {
      label: 'data',
      title: t`Data`,
      items: [
        { to: '/data/live', label: t`Live events`, keys: 'e', icon: IconStream },
        { to: '/data/sources', label: t`Sources`, keys: 's', icon: IconSource },
        { to: '/costs', label: t`Costs`, keys: 'y', icon: IconCoin },
        { to: '/imports', label: t`Imports`, keys: 'i', icon: IconUpload },
        { to: '/data/quarantine', label: t`Quarantine`, keys: 'q', icon: IconAlert },
        { to: '/data/unknown-keys', label: t`Unknown keys`, keys: 'u', icon: IconKey },
        { to: '/data/erasures', label: t`Erasures`, keys: 'd', icon: IconTrash },
      ],
    },
    {
      label: 'settings',
      title: t`Settings`,
      items: [
        { to: '/settings/workspace', label: t`Workspace`, keys: 'w', icon: IconBuilding },
        { to: '/settings/identity', label: t`Identity rules`, keys: 'r', icon: IconMerge },
        { to: '/settings/users', label: t`Users`, keys: 'p', icon: IconUser },
        { to: '/settings/api-keys', label: t`API keys`, keys: 'a', icon: IconKey },
        { to: '/settings/webhooks', label: t`Webhooks`, keys: 'v', icon: IconWebhook },
        { to: '/settings/audit', label: t`Audit log`, keys: 'l', icon: IconHistory },
      ],
    },
  ]
}

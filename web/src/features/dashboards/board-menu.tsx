import { ActionIcon, Group, Menu } from '@mantine/core'
import { useLingui } from '@lingui/react/macro'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { Link, useNavigate } from '@tanstack/react-router'
import { type Dashboard, dashboards } from '~/api/dashboards'
import { type Drawn, digests } from '~/api/digests'
import { useCan } from '~/app/session'
import { saveBlob } from '~/charts/csv'
import { fileName } from '~/features/digests/words'
import { IconClock, IconDots, IconDownload, IconTrash, IconUsers } from '~/ui/icons'
import { Dim } from '~/ui/page'
import { useToast } from '~/ui/toast'

/** What can be done with a whole dashboard. */
export default function BoardMenu({ dashboard, share }: { dashboard: Dashboard; share: () => void }) {
  const { t } = useLingui()
  const client = useQueryClient()
  const navigate = useNavigate()
  const toast = useToast()
  const can = useCan('insight')
  const schedule = useCan('model')
  const refresh = () => client.invalidateQueries({ queryKey: ['dashboards'] })
  const body = { name: dashboard.name, description: dashboard.description, shared_with: dashboard.shared_with, tiles: dashboard.tiles, ...(dashboard.range ? { range: dashboard.range } : {}) }
  const remove = useMutation({
    mutationFn: () => dashboards.remove(String(dashboard.id)),
    onSuccess: async () => {
      await navigate({ to: '/dashboards' })
      await refresh()
      toast.undo(t`“${dashboard.name}” deleted.`, () => void dashboards.restore(String(dashboard.id)).then(refresh, toast.error))
    },
    onError: toast.error,
  })
  const copy = useMutation({
    mutationFn: () => dashboards.create({ ...body, name: t`Copy of ${dashboard.name}` }),
    onSuccess: async (made) => {
      await refresh()
      await navigate({ to: '/dashboards/$id', params: { id: String(made.id) } })
      toast.undo(t`“${made.name}” saved.`, () => void dashboards.remove(String(made.id)).then(refresh, toast.error))
    },
    onError: toast.error,
  })
  const draw = useMutation({
    mutationFn: (format: Drawn) => digests.drawDashboard(dashboard.id, format),
    onSuccess: (file, format) => {
      saveBlob(fileName(dashboard.name, format), file)
      toast.done(t`“${dashboard.name}” is drawn and downloaded.`)
    },
    onError: toast.error,
  })
  const formats: [Drawn, string][] = [
    ['pdf', t`Download as PDF`],
    ['png', t`Download as PNG`],
    ['svg', t`Download as SVG`],
  ]
  return (
    <Group gap="xs" wrap="nowrap">
      <span role="status">{draw.isPending && <Dim>{t`The dashboard is being drawn…`}</Dim>}</span>
      <Menu position="bottom-end" withInitialFocusPlaceholder={false} portalProps={{ target: '#main' }}>
        <Menu.Target>
          <ActionIcon variant="default" size={36} loading={draw.isPending} aria-label={t`Actions`}>
            <IconDots size={18} />
          </ActionIcon>
        </Menu.Target>
        <Menu.Dropdown>
          {can && (
            <>
              <Menu.Item leftSection={<IconUsers size={16} />} onClick={share}>{t`Name and sharing`}</Menu.Item>
              <Menu.Item onClick={() => copy.mutate()}>{t`Duplicate`}</Menu.Item>
              <Menu.Divider />
            </>
          )}
          {formats.map(([format, label]) => (
            <Menu.Item key={format} leftSection={<IconDownload size={16} />} onClick={() => draw.mutate(format)}>
              {label}
            </Menu.Item>
          ))}
          {schedule && <Menu.Item leftSection={<IconClock size={16} />} component={Link} to="/dashboards/digests" search={{ new: dashboard.id } as never}>{t`Send on a schedule`}</Menu.Item>}
          {can && (
            <>
              <Menu.Divider />
              <Menu.Item c="var(--app-bad)" leftSection={<IconTrash size={16} />} onClick={() => remove.mutate()}>{t`Delete`}</Menu.Item>
            </>
          )}
        </Menu.Dropdown>
      </Menu>
    </Group>
  )
}

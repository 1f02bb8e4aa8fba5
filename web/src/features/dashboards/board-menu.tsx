import { ActionIcon, Menu } from '@mantine/core'
import { useLingui } from '@lingui/react/macro'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { type Dashboard, dashboards } from '~/api/dashboards'
import { IconDots, IconTrash, IconUsers } from '~/ui/icons'
import { useToast } from '~/ui/toast'

/** What can be done with a whole dashboard. */
export default function BoardMenu({ dashboard, share }: { dashboard: Dashboard; share: () => void }) {
  const { t } = useLingui()
  const client = useQueryClient()
  const navigate = useNavigate()
  const toast = useToast()
  const refresh = () => client.invalidateQueries({ queryKey: ['dashboards'] })
  const body = { name: dashboard.name, description: dashboard.description, shared_with: dashboard.shared_with, tiles: dashboard.tiles, ...(dashboard.range ? { range: dashboard.range } : {}) }
  const remove = useMutation({
    mutationFn: () => dashboards.remove(String(dashboard.id)),
    onSuccess: async () => {
      await navigate({ to: '/dashboards' })
      await refresh()
      toast.undo(t`“${dashboard.name}” deleted.`, () => void dashboards.create(body).then(refresh, toast.error))
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
  return (
    <Menu position="bottom-end">
      <Menu.Target>
        <ActionIcon variant="default" size={36} aria-label={t`Actions`}>
          <IconDots size={18} />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Item leftSection={<IconUsers size={16} />} onClick={share}>{t`Name and sharing`}</Menu.Item>
        <Menu.Item onClick={() => copy.mutate()}>{t`Duplicate`}</Menu.Item>
        <Menu.Divider />
        <Menu.Item c="var(--app-bad)" leftSection={<IconTrash size={16} />} onClick={() => remove.mutate()}>{t`Delete`}</Menu.Item>
      </Menu.Dropdown>
    </Menu>
  )
}

import { Button, Checkbox, Group, Modal, Stack, Textarea, TextInput } from '@mantine/core'
import { useLingui } from '@lingui/react/macro'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import type { Role } from '~/api'
import { type Dashboard, type DashboardChange, dashboards } from '~/api/dashboards'
import { fieldError, FormError } from '~/ui/errors'
import { roles, useRoleName } from '~/ui/names'
import { useToast } from '~/ui/toast'

/** Name and description of a dashboard, and which roles see it. */
export default function Share({ dashboard, close, made }: { dashboard?: Dashboard; close: () => void; made?: (d: Dashboard) => void }) {
  const { t } = useLingui()
  const roleName = useRoleName()
  const client = useQueryClient()
  const toast = useToast()
  const [name, setName] = useState(dashboard?.name ?? '')
  const [description, setDescription] = useState(dashboard?.description ?? '')
  const [shared, setShared] = useState<string[]>(dashboard?.shared_with ?? [])
  const refresh = () => client.invalidateQueries({ queryKey: ['dashboards'] })
  const save = useMutation({
    mutationFn: () => {
      const body: DashboardChange & { name: string } = { name: name.trim(), description: description.trim(), shared_with: shared as Role[] }
      return dashboard ? dashboards.change(String(dashboard.id), body) : dashboards.create(body)
    },
    onSuccess: async (fresh) => {
      await refresh()
      close()
      made?.(fresh)
      if (dashboard) {
        const { name: n, description: d, shared_with } = dashboard
        toast.undo(t`Saved.`, () => void dashboards.change(String(dashboard.id), { name: n, description: d, shared_with }).then(refresh, toast.error))
      }
    },
  })
  return (
    <Modal opened onClose={close} title={dashboard ? t`Name and sharing` : t`New dashboard`} closeButtonProps={{ 'aria-label': t`Close` }}>
      <form
        onSubmit={(e) => {
          e.preventDefault()
          if (name.trim()) save.mutate()
        }}
      >
        <Stack>
          <FormError error={save.error} />
          <TextInput label={t`Name`} required maxLength={200} data-autofocus value={name} error={fieldError(save.error, 'name')} onChange={(e) => setName(e.currentTarget.value)} />
          <Textarea label={t`Description`} autosize minRows={2} maxLength={2000} value={description} error={fieldError(save.error, 'description')} onChange={(e) => setDescription(e.currentTarget.value)} />
          <Checkbox.Group label={t`Who else sees it`} description={t`Owners, administrators and whoever made it always do.`} value={shared} onChange={setShared}>
            <Group mt="xs">
              {roles.filter((r) => r !== 'owner' && r !== 'admin').map((r) => (
                <Checkbox key={r} value={r} label={roleName(r)} />
              ))}
            </Group>
          </Checkbox.Group>
          <Group justify="flex-end">
            <Button type="submit" loading={save.isPending} disabled={!name.trim()}>{t`Save`}</Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  )
}

import { ActionIcon, Badge, Button, Group, Menu, Modal, Stack, Textarea, TextInput } from '@mantine/core'
import { useLingui } from '@lingui/react/macro'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { lazy, Suspense, useState } from 'react'
import type { Tile } from '~/api/dashboards'
import { insights, type SavedInsight, type Spec } from '~/api/insights'
import { useCan } from '~/app/session'
import { fieldError, FormError } from '~/ui/errors'
import { IconCopy, IconDashboard, IconDots, IconEdit, IconHistory, IconTrash } from '~/ui/icons'
import { useToast } from '~/ui/toast'
import { useAutoName } from './words'

const Versions = lazy(() => import('./versions'))
const AddToDashboard = lazy(() => import('~/features/dashboards/add-to'))

/** Saves, renames, duplicates and deletes an insight. */
export function SaveBar({ spec, saved, form, changed, ready, discard }: { spec: Spec; /** How a trend is drawn. */ form?: Tile['form']; saved?: SavedInsight; changed: boolean; ready: boolean; discard: () => void }) {
  const { t } = useLingui()
  const can = useCan('insight')
  const client = useQueryClient()
  const navigate = useNavigate()
  const toast = useToast()
  const autoName = useAutoName()
  const [naming, setNaming] = useState<'create' | 'rename' | 'copy'>()
  const [panel, setPanel] = useState<'versions' | 'dashboard'>()
  const refresh = () => client.invalidateQueries({ queryKey: ['insights'] })
  const open = (s: SavedInsight) => navigate({ to: '/insights/$id', params: { id: String(s.id) }, search: {} })
  const update = useMutation({
    mutationFn: (next: Spec) => insights.change(String(saved!.id), { spec: next }),
    onSuccess: async (s) => {
      const before = saved!
      await open(s)
      await refresh()
      toast.undo(t`Version ${s.version} saved.`, () => void insights.change(String(before.id), { spec: before.spec }).then(refresh, toast.error))
    },
    onError: toast.error,
  })
  const remove = useMutation({
    mutationFn: () => insights.remove(String(saved!.id)),
    onSuccess: async () => {
      const { id, name } = saved!
      await navigate({ to: '/insights' })
      await refresh()
      toast.undo(t`“${name}” deleted.`, () => void insights.restore(String(id)).then(refresh, toast.error))
    },
    onError: toast.error,
  })
  if (!can) return null
  return (
    <Group gap="xs">
      {changed && <Badge color="orange" variant="light">{t`not saved`}</Badge>}
      {changed && <Button variant="subtle" onClick={discard}>{t`Discard`}</Button>}
      {saved ? (
        <Button disabled={!changed || !ready} loading={update.isPending} onClick={() => update.mutate(spec)}>{t`Save as version ${saved.version + 1}`}</Button>
      ) : (
        <Button disabled={!ready} onClick={() => setNaming('create')}>{t`Save`}</Button>
      )}
      {saved && (
        <Menu position="bottom-end">
          <Menu.Target>
            <ActionIcon variant="default" size={36} aria-label={t`Actions`}>
              <IconDots size={18} />
            </ActionIcon>
          </Menu.Target>
          <Menu.Dropdown>
            <Menu.Item leftSection={<IconEdit size={16} />} onClick={() => setNaming('rename')}>{t`Rename`}</Menu.Item>
            <Menu.Item leftSection={<IconCopy size={16} />} onClick={() => setNaming('copy')}>{t`Duplicate`}</Menu.Item>
            <Menu.Item leftSection={<IconDashboard size={16} />} onClick={() => setPanel('dashboard')}>{t`Put on a dashboard`}</Menu.Item>
            <Menu.Item leftSection={<IconHistory size={16} />} onClick={() => setPanel('versions')}>{t`Versions`}</Menu.Item>
            <Menu.Divider />
            <Menu.Item c="var(--app-bad)" leftSection={<IconTrash size={16} />} onClick={() => remove.mutate()}>{t`Delete`}</Menu.Item>
          </Menu.Dropdown>
        </Menu>
      )}
      {naming && (
        <NameDialog
          mode={naming}
          name={saved ? (naming === 'copy' ? t`Copy of ${saved.name}` : saved.name) : autoName(spec)}
          description={saved?.description ?? ''}
          close={() => setNaming(undefined)}
          save={async (name, description) => {
            if (naming === 'rename') {
              const before = { name: saved!.name, description: saved!.description }
              await insights.change(String(saved!.id), { name, description })
              await refresh()
              toast.undo(t`Renamed.`, () => void insights.change(String(saved!.id), before).then(refresh, toast.error))
            } else {
              const made = await insights.create({ name, description, spec })
              await refresh()
              await open(made)
              toast.done(t`“${name}” saved.`)
            }
          }}
        />
      )}
      <Suspense>
        {panel === 'versions' && saved && <Versions saved={saved} close={() => setPanel(undefined)} restore={(old) => update.mutate(old)} />}
        {panel === 'dashboard' && saved && <AddToDashboard insight={saved} form={saved.kind === 'trend' ? form : undefined} close={() => setPanel(undefined)} />}
      </Suspense>
    </Group>
  )
}

function NameDialog({ mode, name: start, description: startDescription, save, close }: { mode: 'create' | 'rename' | 'copy'; name: string; description: string; save: (name: string, description: string) => Promise<void>; close: () => void }) {
  const { t } = useLingui()
  const [name, setName] = useState(start.slice(0, 120))
  const [description, setDescription] = useState(startDescription)
  const send = useMutation({ mutationFn: () => save(name.trim(), description.trim()), onSuccess: close })
  return (
    <Modal opened onClose={close} title={{ create: t`Save the insight`, rename: t`Rename the insight`, copy: t`Duplicate the insight` }[mode]} closeButtonProps={{ 'aria-label': t`Close` }}>
      <form
        onSubmit={(e) => {
          e.preventDefault()
          if (name.trim()) send.mutate()
        }}
      >
        <Stack>
          <FormError error={send.error} />
          <TextInput label={t`Name`} required data-autofocus value={name} error={fieldError(send.error, 'name')} onChange={(e) => setName(e.currentTarget.value)} onFocus={(e) => e.currentTarget.select()} />
          <Textarea label={t`Description`} description={t`What it shows, and what to do when it changes`} autosize minRows={2} value={description} error={fieldError(send.error, 'description')} onChange={(e) => setDescription(e.currentTarget.value)} />
          <Group justify="flex-end">
            <Button type="submit" loading={send.isPending} disabled={!name.trim()}>{t`Save`}</Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  )
}

import { Alert, Badge, Button, Group, Menu, Skeleton, Tabs, TextInput, ActionIcon } from '@mantine/core'
import { useDebouncedValue } from '@mantine/hooks'
import { useLingui } from '@lingui/react/macro'
import { keepPreviousData, useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useBlocker, useNavigate, useParams } from '@tanstack/react-router'
import { lazy, Suspense, useState } from 'react'
import { api, q, type Definition, type StageModel } from '~/api'
import { useCan } from '~/app/session'
import { FormError } from '~/ui/errors'
import { useFormat } from '~/ui/format'
import { IconDots, IconTrash } from '~/ui/icons'
import { Card, Loaded, Page } from '~/ui/page'
import { useToast } from '~/ui/toast'
import { draftOf, incomplete, openedStages, saved } from './draft'
import { StageList } from './stage-list'
import classes from './models.module.css'

const Effect = lazy(() => import('./effect'))
const Versions = lazy(() => import('./versions'))
// The stage list is there first; the form with its condition builder follows.
const StageForm = lazy(() => import('./stage-form'))

/** Edits a stage model: stages, conditions, then the effect of the change, then a new version. */
export default function EditorScreen() {
  const { id } = useParams({ strict: false }) as { id: string }
  const { t } = useLingui()
  const model = useQuery(q.model(id))
  return model.data ? (
    <Editor key={`${id}@${model.data.version}`} model={model.data} />
  ) : (
    <Page title={t`Stage model`}>
      <Loaded query={model}>{() => null}</Loaded>
    </Page>
  )
}

function Editor({ model }: { model: StageModel }) {
  const { t } = useLingui()
  const f = useFormat()
  const can = useCan('model')
  const client = useQueryClient()
  const toast = useToast()
  const [draft, setDraft] = useState<Definition>(() => draftOf(model))
  const [picked, setPicked] = useState(draft.stages[0]?.key)
  const [tab, setTab] = useState<string | null>('stages')
  const changed = JSON.stringify(draft) !== JSON.stringify(draftOf(model))
  const missing = incomplete(draft)
  // The counts follow the typing, but not every key of it.
  const [settled] = useDebouncedValue(draft, 600)
  const preview = useQuery({ ...q.preview(model.id, settled), enabled: incomplete(settled).length === 0 && settled.stages.length > 0, placeholderData: keepPreviousData })
  const save = useMutation({
    mutationFn: () => api.put<{ version: number }>(`/stage-models/${model.id}`, saved(draft)),
    onSuccess: async (r) => {
      toast.done(t`Version ${r.version} saved. The history is being recomputed; its progress is at the top of the page.`)
      await client.invalidateQueries({ queryKey: ['models'] })
      await client.invalidateQueries({ queryKey: ['status'] })
    },
  })
  useBlocker({ shouldBlockFn: () => changed && !save.isSuccess && !window.confirm(t`Leave without saving the changes?`), enableBeforeUnload: changed && !save.isSuccess })
  const stage = draft.stages.find((s) => s.key === picked) ?? draft.stages[0]
  const label = (key: string | undefined) => draft.stages.find((s) => s.key === key)?.label || key || ''

  return (
    <Page
      title={draft.name || t`Stage model`}
      sub={t`version ${model.version} · changed ${f.dateTime(model.updated_at)}`}
      actions={
        <Group gap="xs">
          {changed && <Badge color="orange" variant="light">{t`not saved`}</Badge>}
          {changed && <Button variant="subtle" onClick={() => setDraft(draftOf(model))}>{t`Discard`}</Button>}
          {can && tab === 'stages' && <Button disabled={!changed || missing.length > 0} onClick={() => setTab('effect')}>{t`Effect of this change`}</Button>}
          {can && tab === 'effect' && <Button disabled={!changed || missing.length > 0} loading={save.isPending} onClick={() => save.mutate()}>{t`Save as version ${model.version + 1}`}</Button>}
          {can && <ModelMenu model={model} />}
        </Group>
      }
    >
      <FormError error={save.error} fields />
      {changed && missing.length > 0 && <Alert color="orange" variant="light">{t`Still to fill in: ${missing.map(label).join(', ')}`}</Alert>}
      <Tabs value={tab} onChange={setTab} keepMounted={false}>
        <Tabs.List mb="md">
          <Tabs.Tab value="stages">{t`Stages and conditions`}</Tabs.Tab>
          <Tabs.Tab value="effect" disabled={!changed || missing.length > 0}>{t`Effect of this change`}</Tabs.Tab>
          <Tabs.Tab value="versions">{t`Versions`}</Tabs.Tab>
        </Tabs.List>
        <Tabs.Panel value="stages">
          <div className={classes.editor}>
            <Card>
              <TextInput label={t`Name of the model`} mb="md" value={draft.name} disabled={!can} onChange={(e) => setDraft({ ...draft, name: e.currentTarget.value })} />
              <StageList draft={draft} setDraft={setDraft} picked={stage?.key} pick={setPicked} preview={preview.data} loading={preview.isFetching} missing={missing} can={can} />
            </Card>
            <Suspense fallback={<Skeleton height={480} radius="lg" />}>
              {stage && <StageForm key={stage.key} stage={stage} draft={draft} model={model} refused={draft === settled ? preview.error : null} can={can} onChange={(next) => setDraft({ ...draft, stages: draft.stages.map((s) => (s.key === stage.key ? next : s)) })} onRemove={() => setDraft({ ...draft, stages: draft.stages.filter((s) => s.key !== stage.key) })} />}
            </Suspense>
          </div>
        </Tabs.Panel>
        <Tabs.Panel value="effect">
          <Loaded query={preview} height={400}>
            {(data) => (
              <Suspense>
                <Effect preview={data} draft={draft} model={model} />
              </Suspense>
            )}
          </Loaded>
        </Tabs.Panel>
        <Tabs.Panel value="versions">
          <Suspense>
            <Versions model={model} restore={can ? (stages) => (setDraft({ ...draft, stages: openedStages(stages) }), setTab('stages')) : undefined} />
          </Suspense>
        </Tabs.Panel>
      </Tabs>
    </Page>
  )
}

function ModelMenu({ model }: { model: StageModel }) {
  const { t } = useLingui()
  const client = useQueryClient()
  const navigate = useNavigate()
  const toast = useToast()
  const remove = useMutation({
    mutationFn: () => api.delete(`/stage-models/${model.id}`),
    onSuccess: async () => {
      await navigate({ to: '/stage-models' })
      await client.invalidateQueries({ queryKey: ['models'] })
      toast.undo(t`Stage model deleted.`, () => {
        void api.post('/stage-models', saved(draftOf(model))).then(() => client.invalidateQueries({ queryKey: ['models'] }), toast.error)
      })
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
        <Menu.Item c="var(--app-bad)" leftSection={<IconTrash size={16} />} disabled={model.is_default} onClick={() => remove.mutate()}>
          {model.is_default ? t`The default model cannot be deleted` : t`Delete the model`}
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  )
}

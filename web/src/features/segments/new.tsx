import { Button, Group, SegmentedControl, Stack, Textarea, TextInput } from '@mantine/core'
import { useLingui } from '@lingui/react/macro'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { Link, useBlocker, useNavigate, useSearch } from '@tanstack/react-router'
import { useState } from 'react'
import type { Cond } from '~/api/condition'
import { segments } from '~/api/segments'
import { useCan } from '~/app/session'
import { fieldError, FormError } from '~/ui/errors'
import { Card, Dim, Page } from '~/ui/page'
import { fresh } from '~/conditions/kinds'
import { Workbench } from './workbench'
import { useEditor } from './use-editor'
import classes from './segments.module.css'

type Search = { when?: Cond; name?: string; description?: string; kind?: string }

/** A new segment: by a condition, or a list kept by hand. Other pages hand a condition over in the address. */
export default function NewSegment() {
  const { t } = useLingui()
  const search = useSearch({ strict: false }) as Search
  const can = useCan('model')
  const client = useQueryClient()
  const navigate = useNavigate()
  const [kind, setKind] = useState<'dynamic' | 'static'>(search.kind === 'static' ? 'static' : 'dynamic')
  const [name, setName] = useState(search.name ?? '')
  const [description, setDescription] = useState(search.description ?? '')
  const editor = useEditor(search.when && typeof search.when === 'object' ? search.when : { all: [fresh('did')] })
  const create = useMutation({
    mutationFn: () => segments.create({ name: name.trim(), description: description.trim() || undefined, kind, ...(kind === 'dynamic' ? { when: editor.when() } : {}) }),
    onSuccess: async (made) => {
      await client.invalidateQueries({ queryKey: ['segments'] })
      await navigate({ ignoreBlocker: true, to: '/segments/$id', params: { id: String(made.id) }, search: kind === 'static' ? ({ tab: 'members' } as never) : undefined })
    },
  })
  const dirty = editor.changed || name !== (search.name ?? '')
  useBlocker({ shouldBlockFn: () => dirty && !create.isSuccess && !window.confirm(t`Leave without saving the changes?`), enableBeforeUnload: dirty && !create.isSuccess })
  const refused = editor.faults.some((f) => !f.soft)
  const able = can && name.trim() !== '' && (kind === 'static' || (!editor.incomplete && !refused))
  const why = !can ? t`Your role does not allow this.` : name.trim() === '' ? t`Give it a name first.` : kind === 'dynamic' && editor.incomplete ? t`The marked fields are still to fill in.` : undefined
  const form = (
    <Card>
      <Stack gap="sm">
        <FormError error={create.error} fields />
        <div className={classes.fields}>
          <TextInput label={t`Name`} required maxLength={100} value={name} error={fieldError(create.error, 'name')} onChange={(e) => setName(e.currentTarget.value)} placeholder={t`Regulars who went quiet`} />
          <Textarea label={t`Description`} autosize minRows={1} maxRows={4} maxLength={1000} value={description} onChange={(e) => setDescription(e.currentTarget.value)} placeholder={t`What it is for`} />
        </div>
        <Group gap="sm">
          <SegmentedControl size="xs" aria-label={t`Kind of segment`} value={kind} onChange={(v) => setKind(v as 'dynamic' | 'static')} data={[{ value: 'dynamic', label: t`By a condition` }, { value: 'static', label: t`A list by hand` }]} />
          <Dim size="xs">{kind === 'dynamic' ? t`Customers enter and leave by themselves.` : t`Customers are put on it one by one or from a file, and stay until they are taken off.`}</Dim>
        </Group>
      </Stack>
    </Card>
  )
  return (
    <Page
      title={t`New segment`}
      actions={
        <Group gap="xs">
          {why && <Dim size="xs">{why}</Dim>}
          <Button component={Link} to="/segments" variant="default">{t`Cancel`}</Button>
          <Button disabled={!able} loading={create.isPending} onClick={() => create.mutate()}>{kind === 'static' ? t`Create the list` : t`Create the segment`}</Button>
        </Group>
      }
    >
      {kind === 'dynamic' ? (
        <Workbench editor={editor} can={can}>
          {form}
        </Workbench>
      ) : (
        form
      )}
    </Page>
  )
}

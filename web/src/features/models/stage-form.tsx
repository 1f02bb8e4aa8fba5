import { Button, ColorInput, Group, MultiSelect, Stack, Switch, TagsInput, Textarea, TextInput } from '@mantine/core'
import { useLingui } from '@lingui/react/macro'
import { useQuery } from '@tanstack/react-query'
import { q, type Definition, type Stage, type StageModel } from '~/api'
import { SpanField } from '~/conditions/fields'
import { useKpiName } from '~/ui/names'
import { Card } from '~/ui/page'
import { offPalette, palette } from '~/ui/stage-colors'
import { IconTrash } from '~/ui/icons'
import { StageCondition } from './stage-condition'
import classes from './models.module.css'

/** One stage: how it looks, what makes a customer enter it, and what belongs to it. */
export default function StageForm({ stage, draft, model, refused, can, onChange, onRemove }: { stage: Stage; draft: Definition; model: StageModel; /** What the server says to the draft. */ refused: unknown; can: boolean; onChange: (next: Stage) => void; onRemove: () => void }) {
  const { t } = useLingui()
  const kpiName = useKpiName()
  const kpis = useQuery(q.kpis({ model: model.id }))
  const known = new Map((kpis.data ?? []).map((k) => [k.key, kpiName(k)]))
  for (const key of stage.kpis ?? []) if (!known.has(key)) known.set(key, kpiName({ key, name: key }))
  const set = (patch: Partial<Stage>) => onChange({ ...stage, ...patch })
  return (
    <Card title={stage.label || t`New stage`} actions={can && draft.stages.length > 1 && <Button size="compact-sm" variant="subtle" color="gray" leftSection={<IconTrash size={14} />} onClick={onRemove}>{t`Remove the stage`}</Button>}>
      <Stack>
        <div className={classes.fields}>
          <TextInput label={t`Label`} required value={stage.label} disabled={!can} onChange={(e) => set({ label: e.currentTarget.value })} />
          <ColorInput label={t`Colour`} value={stage.color} disabled={!can} format="hex" swatches={[...palette, ...offPalette]} eyeDropperButtonProps={{ 'aria-label': t`Pick a colour from the screen` }} onChange={(color) => set({ color })} />
        </div>
        <Textarea label={t`Description`} autosize minRows={1} value={stage.description ?? ''} disabled={!can} onChange={(e) => set({ description: e.currentTarget.value })} />
        <section aria-labelledby="enters">
          <h3 id="enters" style={{ margin: '4px 0 10px', fontSize: '0.94rem' }}>{t`A customer enters when`}</h3>
          <StageCondition stage={stage} draft={draft} refused={refused} can={can} onChange={(when) => set({ when })} />
        </section>
        <Switch label={t`Off the path`} description={t`For states such as dormant and lost: shown apart and not part of the order.`} checked={stage.off_path} disabled={!can} onChange={(e) => set({ off_path: e.currentTarget.checked })} />
        <div>
          <Switch label={t`Stay at least for some time`} description={t`Keeps customers from flickering between two stages.`} checked={!!stage.min_stay && stage.min_stay !== '0s'} disabled={!can} onChange={(e) => set({ min_stay: e.currentTarget.checked ? '1d' : '0s' })} />
          {stage.min_stay && stage.min_stay !== '0s' && (
            <Group gap="xs" mt="xs" ml={46}>
              <SpanField value={stage.min_stay} onChange={(min_stay) => set({ min_stay })} />
            </Group>
          )}
        </div>
        <div className={classes.fields}>
          <TagsInput label={t`Touchpoints`} description={t`Where the customer meets you in this stage`} value={stage.touchpoints ?? []} disabled={!can} onChange={(touchpoints) => set({ touchpoints })} />
          <MultiSelect label={t`KPIs`} description={t`Shown on the board under this stage`} searchable data={[...known].map(([value, label]) => ({ value, label }))} value={stage.kpis ?? []} disabled={!can} onChange={(list) => set({ kpis: list })} />
        </div>
      </Stack>
    </Card>
  )
}

import { Button, Group, SegmentedControl, Select, Stack } from '@mantine/core'
import { useLingui } from '@lingui/react/macro'
import { useQuery } from '@tanstack/react-query'
import { q, type ImportField, type ImportKind } from '~/api'
import { useFormat } from '~/ui/format'
import { Loaded, ui } from '~/ui/page'
import type { Plan } from './wizard'
import classes from './imports.module.css'

/** Which column is what. Required fields first; a preset fills the form. */
export default function MapStep({ plan, setPlan, next }: { plan: Plan; setPlan: (p: Plan) => void; next: () => void }) {
  const { t } = useLingui()
  const f = useFormat()
  const fields = useQuery(q.importFields())
  const presets = useQuery(q.importPresets())
  const { upload } = plan
  const matching = (presets.data ?? []).filter((p) => Object.values(p.map).every((c) => upload.columns.some((x) => x.name === c)))
  const columns = upload.columns.map((c) => ({ value: c.name, label: c.name }))
  return (
    <Stack>
      <p className={classes.note}>
        <strong>{upload.name}</strong> · {f.bytes(upload.bytes)} · {t`about ${f.int(upload.rows_estimate)} rows`} · {upload.encoding} · {t`delimiter`} <code>{upload.delimiter === '\t' ? '⇥' : upload.delimiter}</code>
      </p>
      <Group align="end">
        <div>
          <div className={classes.label} id="kind-label">{t`Each row is`}</div>
          <SegmentedControl aria-labelledby="kind-label" value={plan.kind} onChange={(kind) => setPlan({ ...plan, kind: kind as ImportKind, map: kind === upload.suggested.kind ? upload.suggested.map : {} })} data={[{ value: 'customers', label: t`a customer` }, { value: 'events', label: t`an event` }, { value: 'orders', label: t`an order or order line` }]} />
        </div>
        {matching.length > 0 && (
          <Select
            label={t`Preset`}
            placeholder={t`Choose a preset`}
            data={matching.map((p) => ({ value: p.id, label: p.name }))}
            onChange={(id) => {
              const preset = matching.find((p) => p.id === id)
              if (preset) setPlan({ ...plan, kind: preset.kind, map: preset.map, options: { ...plan.options, ...preset.options } })
            }}
          />
        )}
      </Group>
      <Loaded query={fields}>
        {(all) => {
          const list = [...all[plan.kind]].sort((a, b) => Number(b.required) - Number(a.required))
          const open = list.filter((x) => x.required && !plan.map[x.key])
          return (
            <>
              <div className={ui.scroll} tabIndex={0} role="group" aria-label={t`Columns`}>
                <table className={ui.table}>
                  <thead>
                    <tr>
                      <th scope="col">{t`Field`}</th>
                      <th scope="col">{t`Column of the file`}</th>
                      <th scope="col">{t`Examples`}</th>
                    </tr>
                  </thead>
                  <tbody>
                    {list.map((field) => (
                      <FieldRow key={field.key} field={field} plan={plan} setPlan={setPlan} columns={columns} />
                    ))}
                  </tbody>
                </table>
              </div>
              <p className={classes.note}>{plan.kind === 'customers' ? t`Columns without a field become traits with the name of the column.` : t`Columns without a field become properties with the name of the column.`}</p>
              <Group justify="flex-end">
                {open.length > 0 && <span className={classes.note}>{t`Still to choose: ${open.map((x) => x.label).join(', ')}`}</span>}
                <Button disabled={open.length > 0} onClick={next}>{t`Next`}</Button>
              </Group>
            </>
          )
        }}
      </Loaded>
    </Stack>
  )
}

function FieldRow({ field, plan, setPlan, columns }: { field: ImportField; plan: Plan; setPlan: (p: Plan) => void; columns: { value: string; label: string }[] }) {
  const { t } = useLingui()
  const column = plan.map[field.key]
  const samples = plan.upload.columns.find((c) => c.name === column)?.samples ?? []
  return (
    <tr>
      <th scope="row" style={{ color: 'var(--app-text)', whiteSpace: 'normal' }}>
        {field.label} {field.required && <span className={classes.required}>{t`required`}</span>}
        {field.help && <div className={classes.note}>{field.help}</div>}
      </th>
      <td>
        <Select
          size="xs"
          aria-label={t`Column for ${field.label}`}
          placeholder={t`none`}
          clearable
          clearButtonProps={{ 'aria-label': t`Clear` }}
          searchable
          data={columns}
          value={column ?? null}
          onChange={(name) => {
            const map = { ...plan.map }
            if (name) map[field.key] = name
            else delete map[field.key]
            setPlan({ ...plan, map })
          }}
        />
      </td>
      <td className={classes.samples}>{samples.slice(0, 3).join(' · ')}</td>
    </tr>
  )
}

import { useLingui } from '@lingui/react/macro'
import type { Definition, Preview, StageModel } from '~/api'
import { useFormat } from '~/ui/format'
import { Card, Empty, StageName, ui } from '~/ui/page'
import classes from './models.module.css'

/** Who would be where with the changed model: counts before and after, and the moves between them. */
export default function Effect({ preview, draft, model }: { preview: Preview; draft: Definition; model: StageModel }) {
  const { t } = useLingui()
  const f = useFormat()
  const info = new Map([...model.stages, ...draft.stages].map((s) => [s.key, s]))
  const label = (key: string) => info.get(key)?.label ?? (key ? key : t`In no stage`)
  const color = (key: string) => info.get(key)?.color
  const rows = [...preview.stages, { key: '', ...preview.none }]
  const max = Math.max(1, ...rows.flatMap((r) => [r.before, r.after]))
  const moved = preview.moves.reduce((a, m) => a + m.customers, 0)
  return (
    <div className={classes.effect}>
      <Card title={t`Customers by stage`} actions={<span className={classes.dim}>{t`${f.int(preview.evaluated)} customers checked in ${f.decimal(preview.took_ms / 1000, 1)} s`}</span>}>
        <div className={ui.scroll} tabIndex={0} role="group" aria-label={t`Customers by stage`}>
          <table className={ui.table}>
            <thead>
              <tr>
                <th scope="col">{t`Stage`}</th>
                <th scope="col" data-num>{t`Now`}</th>
                <th scope="col" data-num>{t`After`}</th>
                <th scope="col" data-num>{t`Change`}</th>
                <th scope="col" aria-hidden />
              </tr>
            </thead>
            <tbody>
              {rows.map((r) => (
                <tr key={r.key}>
                  <td>
                    <StageName color={color(r.key)} label={label(r.key)} />
                  </td>
                  <td data-num>{f.int(r.before)}</td>
                  <td data-num>
                    <strong>{f.int(r.after)}</strong>
                  </td>
                  <td data-num>{f.signed(r.after - r.before)}</td>
                  <td style={{ width: '30%' }} aria-hidden>
                    <div className={classes.bar} style={{ width: `${(100 * r.before) / max}%`, background: 'var(--app-border-strong)', marginBottom: 3 }} />
                    <div className={classes.bar} style={{ width: `${(100 * r.after) / max}%`, background: color(r.key) ?? 'var(--app-border-strong)' }} />
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      </Card>
      <Card title={t`Who would move`} actions={<span className={classes.dim}>{t`${f.int(moved)} customers move`}</span>}>
        {preview.moves.length === 0 ? <Empty title={t`Nobody moves`}>{t`Every customer stays in the same stage.`}</Empty> : <Matrix preview={preview} label={label} />}
      </Card>
    </div>
  )
}

function Matrix({ preview, label }: { preview: Preview; label: (key: string) => string }) {
  const { t } = useLingui()
  const f = useFormat()
  const from = [...new Set(preview.moves.map((m) => m.from))]
  const to = [...new Set(preview.moves.map((m) => m.to))]
  const max = Math.max(...preview.moves.map((m) => m.customers))
  return (
    <div className={ui.scroll} tabIndex={0} role="group" aria-label={t`Who would move`}>
      <table className={`${ui.table} ${classes.matrix}`}>
        <thead>
          <tr>
            <th scope="col">{t`from ↓ to →`}</th>
            {to.map((k) => (
              <th key={k} scope="col">
                {label(k)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {from.map((a) => (
            <tr key={a}>
              <th scope="row">{label(a)}</th>
              {to.map((b) => {
                const n = preview.moves.find((m) => m.from === a && m.to === b)?.customers ?? 0
                // At most 36 % of colour, so that the text keeps its contrast in both colour schemes.
                return (
                  <td key={b} style={n ? { background: `color-mix(in oklab, var(--mantine-color-indigo-5) ${Math.round(6 + (30 * n) / max)}%, transparent)` } : undefined}>
                    {n ? f.int(n) : ''}
                  </td>
                )
              })}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}

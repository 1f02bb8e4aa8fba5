import { Collapse, Anchor } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import { useLingui } from '@lingui/react/macro'
import { useQuery } from '@tanstack/react-query'
import { q, type Customer, type StageWhy } from '~/api'
import { useFormat } from '~/ui/format'
import { useCauseName } from '~/ui/names'
import { Card, StageName, ui } from '~/ui/page'
import { useStages } from '~/ui/stage-colors'
import classes from './customer.module.css'

/** The stages of one customer over time, as a strip and as a list. */
export function StageStrip({ customer, why, model }: { customer: Customer; why: StageWhy; model?: string }) {
  const { t } = useLingui()
  const f = useFormat()
  const cause = useCauseName()
  const models = useQuery(q.models())
  const stageOf = useStages(models.data?.find((m) => m.id === model || m.key === model))
  const [open, list] = useDisclosure(false)
  const history = [...why.history].sort((a, b) => a.at.localeCompare(b.at))
  if (history.length === 0) return null
  const start = new Date(history[0]!.at).getTime()
  const end = Math.max(Date.now(), new Date(customer.last_seen).getTime(), start + 1)
  const spells = history.map((h, i) => {
    const from = new Date(h.at).getTime()
    const to = history[i + 1] ? new Date(history[i + 1]!.at).getTime() : end
    return { ...h, from_: from, to_: to, share: (to - from) / (end - start) }
  })
  return (
    <Card title={t`Stage history`} actions={<Anchor component="button" type="button" size="sm" onClick={list.toggle} aria-expanded={open}>{open ? t`Hide the list` : t`Show as a list`}</Anchor>}>
      <div className={classes.strip} aria-hidden>
        {spells.map((s) => (
          <div key={s.at} style={{ flexGrow: Math.max(0.004, s.share), background: stageOf(s.to).color }} title={`${stageOf(s.to).label}: ${f.date(s.at)}, ${f.seconds((s.to_ - s.from_) / 1000)}`}>
            {s.share > 0.11 && <span>{stageOf(s.to).label}</span>}
          </div>
        ))}
      </div>
      <div className={classes.stripDates} aria-hidden>
        <span>{f.date(start)}</span>
        <span>{f.date(end)}</span>
      </div>
      <Collapse expanded={open}>
        <div className={ui.scroll} tabIndex={0} role="group" aria-label={t`Stage history`}>
          <table className={ui.table}>
            <thead>
              <tr>
                <th scope="col">{t`When`}</th>
                <th scope="col">{t`Stage`}</th>
                <th scope="col">{t`Stayed`}</th>
                <th scope="col">{t`Why`}</th>
              </tr>
            </thead>
            <tbody>
              {spells.toReversed().map((s) => (
                <tr key={s.at + s.to}>
                  <td>{f.dateTime(s.at)}</td>
                  <td>
                    <StageName color={stageOf(s.to).color} label={stageOf(s.to).label} />
                  </td>
                  <td>{f.seconds((s.to_ - s.from_) / 1000)}</td>
                  <td>
                    {s.event_name ? `“${s.event_name}”` : cause(s.cause)} <small className={classes.dim}>{s.sentence}</small>
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      </Collapse>
    </Card>
  )
}

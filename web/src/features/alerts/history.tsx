import { Drawer } from '@mantine/core'
import { useLingui } from '@lingui/react/macro'
import { useQuery } from '@tanstack/react-query'
import { type Alert, type AlertEntry, alerts } from '~/api/alerts'
import { useFormat } from '~/ui/format'
import { Dim, Empty, Loaded } from '~/ui/page'
import { StateMark } from './list'
import { useWatched } from './words'
import classes from './alerts.module.css'

/** Every change of the state of an alert, with the numbers that decided. */
export default function History({ alert, close }: { alert: Alert; close: () => void }) {
  const { t } = useLingui()
  const f = useFormat()
  const watched = useWatched()
  const list = useQuery(alerts.history(alert.id))
  const value = (n: number | null | undefined) => watched.value(alert.watched, n)
  const facts = (e: AlertEntry): string =>
    [
      t`value ${value(e.value)}`,
      e.limit === undefined ? '' : t`limit ${value(e.limit)}`,
      e.expected === undefined ? '' : t`expected ${value(e.expected)}`,
      e.low === undefined || e.high === undefined ? '' : t`usual ${value(e.low)} to ${value(e.high)}`,
      e.change === undefined ? '' : t`change ${f.percent(e.change)}`,
      e.deviation === undefined ? '' : t`${f.decimal(e.deviation, 1)} deviations`,
      e.history ? t`from ${f.int(e.history)} past values` : '',
    ].filter(Boolean).join(' · ')
  return (
    <Drawer opened onClose={close} position="right" size={460} title={t`History of ${alert.name}`} closeButtonProps={{ 'aria-label': t`Close` }}>
      <Loaded query={list} height={200}>
        {(entries) =>
          entries.length === 0 ? (
            <Empty title={t`Nothing has happened yet`}>{t`As long as the number stays within its bounds there is nothing to tell.`}</Empty>
          ) : (
            <div>
              {entries.map((e) => (
                <div key={e.n} className={classes.entry}>
                  <StateMark state={e.state} />
                  <span>{facts(e)}</span>
                  <Dim size="xs">{f.dateTimeZone(e.at / 1000)}</Dim>
                </div>
              ))}
            </div>
          )
        }
      </Loaded>
    </Drawer>
  )
}

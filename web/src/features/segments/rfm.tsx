import { Button } from '@mantine/core'
import { useLingui } from '@lingui/react/macro'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useState, type CSSProperties } from 'react'
import { type RfmRun, segments } from '~/api/segments'
import { useCan } from '~/app/session'
import { saveFile, toCsv } from '~/charts/csv'
import { mixCap } from '~/charts/heat'
import { useCustomersText, useFormat } from '~/ui/format'
import { IconDownload, IconRefresh, IconSticky } from '~/ui/icons'
import { Card, Dim, Empty, Loaded, Page, ui } from '~/ui/page'
import { useToast } from '~/ui/toast'
import { SegmentsNav } from './nav'
import { minorDigits } from '~/ui/format'
import classes from './segments.module.css'

const scores = [1, 2, 3, 4, 5]

/** How recent, how frequent, how valuable: 25 cells of customers, each the start of a segment. */
export default function RfmScreen() {
  const { t } = useLingui()
  const f = useFormat()
  const can = useCan('model')
  const client = useQueryClient()
  const toast = useToast()
  const query = useQuery(segments.rfm())
  const take = useMutation({
    mutationFn: segments.takeRfm,
    onSuccess: async () => {
      await client.invalidateQueries({ queryKey: ['segments'] })
      toast.done(t`Cut points taken. Segments by RFM scores are computed anew.`)
    },
    onError: toast.error,
  })
  const button = can && (
    <Button leftSection={<IconRefresh size={16} />} variant={query.data ? 'default' : 'filled'} loading={take.isPending} onClick={() => take.mutate()}>
      {query.data ? t`Take anew` : t`Take cut points`}
    </Button>
  )
  return (
    <Page title={t`RFM grid`} sub={query.data ? t`Cut points taken ${f.dateTime(query.data.taken_at)} by ${query.data.by}. They stay until they are taken anew, so that a score keeps its meaning.` : t`Recency, frequency and money, each from 1 to 5`} actions={query.data && button}>
      <SegmentsNav />
      <Loaded query={query} height={520}>
        {(run) =>
          run ? (
            <Grid run={run} />
          ) : (
            <Card>
              <Empty icon={<IconSticky size={22} />} title={t`No cut points yet`} action={button}>
                {t`Customers with an order are divided into fifths by when they last ordered, on how many days, and for how much. The cut points are then kept, so that “5” means the same next month.`}
              </Empty>
            </Card>
          )
        }
      </Loaded>
    </Page>
  )
}

function Grid({ run }: { run: RfmRun }) {
  const { t } = useLingui()
  const f = useFormat()
  const customersText = useCustomersText()
  const [money, setMoney] = useState(false)
  const value = (v: number) => f.moneyShort(Math.round(v * 10 ** minorDigits(f.currency)))
  const cells = run.cells.flat()
  const most = Math.max(1, ...cells.map((c) => (money ? c.money : c.customers)))
  const days = (n: number) => f.decimal(n, n < 10 ? 1 : 0)
  const recency = (s: number) => (s === 5 ? t`at most ${days(run.days[3]!)} days ago` : s === 1 ? t`${days(run.days[0]!)} days ago or more` : t`${days(run.days[s - 1]!)} to ${days(run.days[s - 2]!)} days ago`)
  const orders = (s: number) => {
    const [from, to] = [s === 1 ? 1 : run.orders[s - 2]!, s === 5 ? undefined : run.orders[s - 1]! - 1]
    return to === undefined ? t`${f.int(from)} or more` : to < from ? t`nobody` : to === from ? f.int(from) : `${f.int(from)}–${f.int(to)}`
  }
  const sums = (s: number) => (s === 1 ? t`under ${value(run.money[0]!)}` : s === 5 ? t`${value(run.money[3]!)} or more` : t`${value(run.money[s - 2]!)} to ${value(run.money[s - 1]!)}`)
  const save = () => saveFile('rfm.csv', toCsv([['recency', 'frequency', 'customers', 'money'], ...run.cells.flatMap((row, r) => row.map((c, k) => [r + 1, k + 1, c.customers, c.money]))]))
  const all = Math.max(1, run.customers)
  return (
    <div className={classes.two}>
      <Card
        title={customersText(run.customers)}
        actions={
          <span className={classes.tools}>
            <Button size="compact-sm" variant="default" aria-pressed={money} onClick={() => setMoney(!money)}>
              {money ? t`Colour by customers` : t`Colour by money`}
            </Button>
            <Button size="compact-sm" variant="default" leftSection={<IconDownload size={15} />} onClick={save}>
              CSV
            </Button>
          </span>
        }
      >
        <div className={ui.scroll} tabIndex={0} role="group" aria-label={t`Recency by frequency`}>
          <table className={classes.rfm}>
            <thead>
              <tr>
                <td />
                <th colSpan={5} scope="colgroup">{t`Frequency: on how many days they ordered`}</th>
              </tr>
              <tr>
                <th scope="row">{t`Recency: their last order`}</th>
                {scores.map((s) => (
                  <th key={s} scope="col">
                    F {s}
                    <small>{orders(s)}</small>
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {scores.toReversed().map((r) => (
                <tr key={r}>
                  <th scope="row">
                    R {r}
                    <small>{recency(r)}</small>
                  </th>
                  {scores.map((k) => {
                    const cell = run.cells[r - 1]![k - 1]!
                    const share = (money ? cell.money : cell.customers) / most
                    return (
                      <td key={k}>
                        <Link to="/segments/new" search={{ when: { rfm: { r: [r], f: [k] } }, name: t`Recency ${r}, frequency ${k}` } as never} className={classes.cell} style={{ '--mix': `${Math.round(share * mixCap)}%`, textDecoration: 'none' } as CSSProperties}>
                          <span className="sr-only">{t`New segment: recency ${r}, frequency ${k}, customers:`} </span>
                          <strong>{f.int(cell.customers)}</strong>
                          <small>{value(cell.money)}</small>
                          <small>{f.percent(cell.customers / all)}</small>
                        </Link>
                      </td>
                    )
                  })}
                </tr>
              ))}
            </tbody>
          </table>
        </div>
        <Dim size="xs">{t`A cell opens a new segment of its customers. Best customers are at the top right.`}</Dim>
      </Card>
      <div className={classes.rfmSide}>
        <Card title={t`Cut points`}>
          <table className={ui.table}>
            <thead>
              <tr>
                <th scope="col">{t`Score`}</th>
                <th scope="col">{t`Money`}</th>
                <th scope="col" data-num>{t`Customers`}</th>
              </tr>
            </thead>
            <tbody>
              {scores.toReversed().map((s) => (
                <tr key={s}>
                  <td>M {s}</td>
                  <td>{sums(s)}</td>
                  <td data-num>
                    <Link to="/segments/new" search={{ when: { rfm: { m: [s] } }, name: t`Money ${s}` } as never}>
                      <span className="sr-only">{t`New segment: money ${s}, customers:`} </span>
                      {f.int(run.by_money[s - 1]!)}
                    </Link>
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
          <p style={{ margin: '12px 0 0', fontSize: '0.8rem', color: 'var(--mantine-color-dimmed)' }}>{t`Money is the sum of “${run.property}” over all orders; frequency is the number of days with an order. Everything counts only customers with an order.`}</p>
        </Card>
      </div>
    </div>
  )
}

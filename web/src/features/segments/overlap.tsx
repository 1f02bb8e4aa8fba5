import { Button, MultiSelect } from '@mantine/core'
import { useLingui } from '@lingui/react/macro'
import { useQuery } from '@tanstack/react-query'
import { Link, useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import type { Cond } from '~/api/condition'
import { type Segment, segments } from '~/api/segments'
import { type ChartTable, ChartFrame } from '~/charts/frame'
import { useCustomersText, useFormat } from '~/ui/format'
import { IconOverlap } from '~/ui/icons'
import { Card, Dim, Empty, Loaded, Page, ui } from '~/ui/page'
import { useSearchState } from '~/ui/search-state'
import { SegmentsNav } from './nav'
import { bothOf, type Combination, combinations, sizeOf, union } from './overlap-sets'
import classes from './segments.module.css'

/** How 2 to 6 segments overlap: each combination of them with how many customers are in exactly it. */
export default function OverlapScreen() {
  const { t } = useLingui()
  const f = useFormat()
  const [search, set] = useSearchState<{ ids?: string | number }>()
  const list = useQuery(segments.list())
  const ids = String(search.ids ?? '')
    .split('.')
    .map(Number)
    .filter((n) => n > 0)
    .slice(0, 6)
  const known = list.data ? ids.filter((id) => list.data.segments.some((s) => s.id === id)) : []
  const query = useQuery({ ...segments.overlap(known), enabled: known.length >= 2 })
  const chosen = known.map((id) => list.data!.segments.find((s) => s.id === id)!)
  return (
    <Page title={t`Overlap of segments`} sub={t`Who is in several segments at once, and who in one alone`}>
      <SegmentsNav />
      <Card>
        <MultiSelect label={t`Segments to compare, 2 to 6`} searchable maxValues={6} data={(list.data?.segments ?? []).map((s) => ({ value: String(s.id), label: `${s.name} · ${f.int(s.size)}` }))} value={known.map(String)} onChange={(value) => set({ ids: value.join('.') })} placeholder={known.length < 6 ? t`Add a segment` : ''} />
      </Card>
      {known.length < 2 ? (
        <Card>
          <Empty icon={<IconOverlap size={22} />} title={t`Choose two segments or more`}>{t`You see how many customers are in exactly each combination, for example in both “Champions” and “Discount only”. A row opens those customers as a new segment.`}</Empty>
        </Card>
      ) : (
        <Loaded query={query} height={380}>
          {(overlaps) => <Result chosen={chosen} list={combinations(overlaps, known)} />}
        </Loaded>
      )}
    </Page>
  )
}

function Result({ chosen, list }: { chosen: Segment[]; list: Combination[] }) {
  const { t } = useLingui()
  const f = useFormat()
  const customersText = useCustomersText()
  const navigate = useNavigate()
  const [at, setAt] = useState<number>()
  const total = union(list)
  const most = Math.max(1, ...list.map((c) => c.customers))
  const names = (c: Combination) => chosen.filter((s) => c.ids.includes(s.id)).map((s) => s.name)
  const what = (c: Combination) => (c.ids.length === chosen.length ? t`in all of them` : c.ids.length === 1 ? t`only in ${names(c)[0] ?? ''}` : t`exactly in ${names(c).join(', ')}`)
  const open = (i: number) => {
    const c = list[i]
    if (!c) return
    const inside: Cond[] = chosen.filter((s) => c.ids.includes(s.id)).map((s) => ({ segment: { key: s.key } }))
    const outside: Cond[] = chosen.filter((s) => !c.ids.includes(s.id)).map((s) => ({ not: { segment: { key: s.key } } }))
    void navigate({ to: '/segments/new', search: { when: { all: [...inside, ...outside] } } as never })
  }
  const table: ChartTable = { head: [...chosen.map((s) => s.name), t`Customers`, t`Share`], rows: list.map((c) => [...chosen.map((s) => (c.ids.includes(s.id) ? '●' : '')), c.customers, total > 0 ? c.customers / total : 0]), formats: [...chosen.map(() => undefined), f.int, f.percent] }
  return (
    <>
      <Card title={t`${customersText(total)} in at least one of them`}>
        {list.length === 0 ? (
          <Empty title={t`Nobody is in any of them`} />
        ) : (
          <ChartFrame label={t`Combinations of segments`} file="segment-overlap" table={table} points={{ length: list.length, say: (i) => (list[i] ? `${what(list[i])}: ${customersText(list[i].customers)}, ${f.percent(total > 0 ? list[i].customers / total : 0)}` : '') }} at={at} onAt={setAt} onOpen={open} keyHelp={t`Enter makes a segment of the combination.`}>
            <div className={ui.scroll} aria-hidden>
              <table className={classes.upset} onPointerLeave={() => setAt(undefined)}>
                <thead>
                  <tr>
                    {chosen.map((s) => (
                      <th key={s.id} data-dot>
                        {s.name}
                        <div>
                          <Dim size="xs">{f.int(sizeOf(list, s.id))}</Dim>
                        </div>
                      </th>
                    ))}
                    <th>{t`Customers in exactly these`}</th>
                    <th />
                  </tr>
                </thead>
                <tbody>
                  {list.map((c, i) => (
                    <tr key={c.ids.join('.')} data-at={at === i || undefined} onPointerEnter={() => setAt(i)}>
                      {chosen.map((s) => (
                        <td key={s.id} data-dot>
                          <span className={classes.dot} data-on={c.ids.includes(s.id)} />
                        </td>
                      ))}
                      <td>
                        <span className={classes.bar}>
                          <span style={{ width: `${(65 * c.customers) / most}%` }} />
                          <b>{f.int(c.customers)}</b>
                          <Dim size="xs">{f.percent(total > 0 ? c.customers / total : 0)}</Dim>
                        </span>
                      </td>
                      <td data-num>
                        <Button size="compact-xs" variant="subtle" tabIndex={-1} onClick={() => open(i)}>{t`New segment`}</Button>
                      </td>
                    </tr>
                  ))}
                </tbody>
              </table>
            </div>
          </ChartFrame>
        )}
      </Card>
      <Card title={t`Two by two`}>
        <div className={ui.scroll} tabIndex={0} role="group" aria-label={t`Two by two`}>
          <table className={ui.table}>
            <thead>
              <tr>
                <th scope="col">{t`Of the members of`}</th>
                {chosen.map((s) => (
                  <th key={s.id} scope="col" data-num>
                    {t`also in ${s.name}`}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {chosen.map((a) => (
                <tr key={a.id}>
                  <td>
                    <Link to="/segments/$id" params={{ id: String(a.id) }}>
                      {a.name}
                    </Link>{' '}
                    <Dim size="xs">{f.int(sizeOf(list, a.id))}</Dim>
                  </td>
                  {chosen.map((b) => {
                    const both = bothOf(list, a.id, b.id)
                    const own = sizeOf(list, a.id)
                    return (
                      <td key={b.id} data-num>
                        {a.id === b.id ? '–' : own === 0 ? '–' : `${f.percent(both / own)} · ${f.int(both)}`}
                      </td>
                    )
                  })}
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      </Card>
    </>
  )
}

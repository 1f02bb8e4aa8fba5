import { Autocomplete, Button, Group, Skeleton, TextInput, VisuallyHidden } from '@mantine/core'
import { useLingui } from '@lingui/react/macro'
import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { type KeyboardEvent, lazy, Suspense, useEffect, useRef, useState } from 'react'
import { type Rate, rates } from '~/api/rates'
import { useCan, useWorkspace } from '~/app/session'
import { ErrorBox, FormError } from '~/ui/errors'
import { useFormat } from '~/ui/format'
import { IconCoin, IconUpload } from '~/ui/icons'
import { currencies } from '~/ui/lists'
import { Card, Empty } from '~/ui/page'
import { Remove } from '~/ui/remove'
import { isoDay } from '~/ui/time'
import { useToast } from '~/ui/toast'
import ui from '~/ui/ui.module.css'
import classes from './costs.module.css'

const ImportDialog = lazy(() => import('./import-dialog'))

const example = `day,currency,rate
2026-11-01,RON,0.2009
2026-11-01,USD,0.91`

/** Exchange rates by currency and day: one is added, changed in its cell, or taken away and brought back. */
export default function RatesPanel() {
  const { t } = useLingui()
  const f = useFormat()
  const can = useCan('model')
  const { currency, time_zone } = useWorkspace()
  const client = useQueryClient()
  const toast = useToast()
  const [importing, setImporting] = useState(false)
  const missing = useQuery(rates.missing())
  const list = useInfiniteQuery({
    queryKey: ['rates', 'list'],
    queryFn: ({ pageParam }) => rates.page(pageParam),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (last) => last.next_cursor,
  })
  const rows = list.data?.pages.flatMap((p) => p.rates) ?? []
  // What was computed with other rates is asked again.
  const refresh = () => client.invalidateQueries({ predicate: (x) => ['rates', 'kpis', 'board', 'run', 'customer'].includes(String(x.queryKey[0])) })
  const put = useMutation({ mutationFn: (row: Rate) => rates.put([row]), onSuccess: refresh })
  const remove = useMutation({ mutationFn: (row: Rate) => rates.remove(row), onSuccess: refresh, onError: toast.error })
  const back = (row: Rate) => put.mutate(row, { onError: toast.error })
  const change = (row: Rate, rate: string) => put.mutate({ ...row, rate }, { onSuccess: () => toast.undo(t`Saved.`, () => back(row)), onError: (error) => { toast.error(error); void refresh() } })
  const drop = (row: Rate) => remove.mutate(row, { onSuccess: () => toast.undo(t`Deleted.`, () => back(row)) })
  const day = (iso: string) => f.date(`${iso}T12:00:00Z`)
  const first = missing.data?.[0]
  const name = (missing.data ?? []).map((m) => `${m.currency} (${m.first === m.last ? day(m.first) : `${day(m.first)} – ${day(m.last)}`})`).join(', ')
  return (
    <>
      <Card
        title={t`Exchange rates`}
        actions={can && <Button variant="default" leftSection={<IconUpload size={16} />} onClick={() => setImporting(true)}>{t`Import CSV`}</Button>}
      >
        <p className={classes.note}>{t`What one unit of a currency is worth in ${currency}. A rate counts from its day on, until the next one.`}</p>
        {first && (
          <p className={classes.note} role="status" data-missing>
            {t`Left out, since no exchange rate is known: ${name}.`}
          </p>
        )}
        {can && <AddRate key={first?.currency} start={first ? { currency: first.currency, day: first.first } : { currency: '', day: isoDay(new Date(), time_zone) }} save={(row) => put.mutateAsync(row)} error={put.error} />}
      </Card>
      {list.isError && <ErrorBox error={list.error} retry={() => void list.refetch()} />}
      {list.isPending && <Skeleton height={360} radius="lg" />}
      {list.data && (
        <Card pad={false}>
          {rows.length === 0 ? (
            <Empty icon={<IconCoin size={22} />} title={t`Amounts in other currencies are counted but left out of sums until their rate is known.`} />
          ) : (
            <div className={ui.scroll} tabIndex={0} role="group" aria-label={t`Exchange rates`}>
              <table className={ui.table}>
                <thead>
                  <tr>
                    <th scope="col">{t`Currency`}</th>
                    <th scope="col">{t`Day`}</th>
                    <th scope="col" data-num>{`1 = … ${currency}`}</th>
                    <th scope="col">
                      <VisuallyHidden>{t`Actions`}</VisuallyHidden>
                    </th>
                  </tr>
                </thead>
                <tbody>
                  {rows.map((r, i) => (
                    <tr key={r.currency + r.day}>
                      <td>{r.currency}</td>
                      <td>{day(r.day)}</td>
                      <td data-num>
                        <RateCell row={i} rate={r} label={`${r.currency}, ${day(r.day)}`} readOnly={!can} save={(rate) => change(r, rate)} />
                      </td>
                      <td data-num>{can && <Remove onClick={() => drop(r)} />}</td>
                    </tr>
                  ))}
                </tbody>
              </table>
            </div>
          )}
        </Card>
      )}
      {list.hasNextPage && (
        <Button variant="default" loading={list.isFetchingNextPage} onClick={() => void list.fetchNextPage()}>
          {t`Show more`}
        </Button>
      )}
      <Suspense>{importing && <ImportDialog close={() => setImporting(false)} done={refresh} rates={example} />}</Suspense>
    </>
  )
}

/** A row to type: Enter saves it and goes on with the next. */
function AddRate({ start, save, error }: { start: { currency: string; day: string }; save: (row: Rate) => Promise<unknown>; error: unknown }) {
  const { t } = useLingui()
  const { currency: base } = useWorkspace()
  const [row, setRow] = useState<Rate>({ ...start, rate: '' })
  const rate = useRef<HTMLInputElement>(null)
  const full = /^[A-Za-z]{3}$/.test(row.currency) && row.day !== '' && row.rate.trim() !== ''
  return (
    <form
      onSubmit={(e) => {
        e.preventDefault()
        if (!full) return
        void save({ ...row, currency: row.currency.toUpperCase() }).then(
          () => {
            setRow((r) => ({ ...r, rate: '' }))
            rate.current?.focus()
          },
          () => undefined,
        )
      }}
    >
      <FormError error={error} fields />
      <Group align="end" gap="xs" mt="sm">
        <Autocomplete label={t`Currency`} w={120} maxLength={3} limit={8} data={currencies().filter((c) => c !== base)} value={row.currency} onChange={(currency) => setRow({ ...row, currency })} />
        <TextInput label={t`Day`} type="date" w={160} value={row.day} onChange={(e) => setRow({ ...row, day: e.currentTarget.value })} />
        <TextInput ref={rate} label={`1 ${row.currency.toUpperCase() || '…'} = … ${base}`} w={160} inputMode="decimal" maxLength={24} placeholder="0.2009" value={row.rate} onChange={(e) => setRow({ ...row, rate: e.currentTarget.value })} />
        <Button type="submit" disabled={!full}>{t`Add`}</Button>
      </Group>
    </form>
  )
}

/** A rate that is saved when it is left. Arrows and Enter go up and down. */
function RateCell({ rate, row, label, readOnly, save }: { rate: Rate; row: number; label: string; readOnly: boolean; save: (rate: string) => void }) {
  const [text, setText] = useState(rate.rate)
  useEffect(() => setText(rate.rate), [rate.rate])
  const leave = () => {
    if (text.trim() === '') setText(rate.rate)
    else if (text.trim() !== rate.rate) save(text.trim())
  }
  const onKey = (e: KeyboardEvent<HTMLInputElement>) => {
    const by = e.key === 'ArrowDown' || (e.key === 'Enter' && !e.shiftKey) ? 1 : e.key === 'ArrowUp' || e.key === 'Enter' ? -1 : 0
    if (e.key === 'Escape') setText(rate.rate)
    if (by === 0) return
    e.preventDefault()
    const next = e.currentTarget.closest('table')?.querySelector<HTMLInputElement>(`[data-cell="${row + by}"]`)
    if (next) next.select()
    else leave()
  }
  return <input className={classes.cell} data-cell={row} inputMode="decimal" maxLength={24} aria-label={label} readOnly={readOnly} value={text} onChange={(e) => setText(e.currentTarget.value)} onBlur={leave} onKeyDown={onKey} />
}

import { Autocomplete, Button, Drawer, Skeleton } from '@mantine/core'
import { useDebouncedValue } from '@mantine/hooks'
import { useLingui } from '@lingui/react/macro'
import { useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { lazy, Suspense, useEffect, useRef, useState } from 'react'
import { q } from '~/api'
import { type Cell, insights, type Spec } from '~/api/insights'
import { saveFile, toCsv } from '~/charts/csv'
import { useCan } from '~/app/session'
import { ErrorBox } from '~/ui/errors'
import { useCustomersText, useFormat } from '~/ui/format'
import { IconDownload, IconSearch, IconUsers } from '~/ui/icons'
import { Dim, Empty } from '~/ui/page'
import { Explain } from './explain'
import classes from './insights.module.css'

const SaveSegment = lazy(() => import('./save-segment'))

/** The most people that a file holds, and how many are asked for at once. */
const fileMost = 20_000
const filePage = 200

/** The people behind one number, and why anybody is or is not among them. */
export default function People({ spec, cell, title, close }: { spec: Spec; cell: Cell; title: string; close: () => void }) {
  const { t } = useLingui()
  const f = useFormat()
  const customersText = useCustomersText()
  const [asked, setAsked] = useState<{ id: string; name: string }>()
  const list = useInfiniteQuery({
    queryKey: ['insight-people', spec, cell],
    queryFn: ({ pageParam, signal }) => insights.people(spec, cell, pageParam, signal),
    initialPageParam: undefined as number | undefined,
    getNextPageParam: (last) => last.next || undefined,
    retry: false,
  })
  const people = list.data?.pages.flatMap((p) => p.customers) ?? []
  const head = list.data?.pages[0]
  const can = useCan('model')
  const [keeping, setKeeping] = useState(false)
  const file = useFile(spec, cell)
  return (
    <Drawer opened onClose={close} position="right" size={500} title={title} closeButtonProps={{ 'aria-label': t`Close` }}>
      <div className={classes.stack}>
        <AskAnybody ask={(id, name) => setAsked({ id, name })} />
        {asked && <Explain key={asked.id} spec={spec} cell={cell} customer={asked.id} name={asked.name} close={() => setAsked(undefined)} />}
        {list.isError && <ErrorBox error={list.error} retry={() => void list.refetch()} />}
        {list.isPending && <Skeleton height={300} radius="md" />}
        {head && (
          <>
            <div className={classes.controls} style={{ justifyContent: 'space-between' }}>
              <span role="status">
                <strong>{head.total === head.distinct ? customersText(head.distinct) : t`${f.int(head.total)} in all, from ${customersText(head.distinct)}`}</strong>
              </span>
              {people.length > 0 && (
                <div className={classes.controls}>
                  {can && (
                    <Button size="compact-sm" variant="default" leftSection={<IconUsers size={15} />} aria-expanded={keeping} onClick={() => setKeeping(!keeping)}>
                      {t`Save as segment`}
                    </Button>
                  )}
                  <Button size="compact-sm" variant="default" leftSection={<IconDownload size={15} />} onClick={() => (file.read === undefined ? void file.save() : file.stop())}>
                    {file.read === undefined ? 'CSV' : t`Stop (${f.int(file.read)} read)`}
                  </Button>
                </div>
              )}
            </div>
            {file.error !== undefined && <ErrorBox error={file.error} retry={() => void file.save()} />}
            {keeping && (
              <Suspense>
                <SaveSegment spec={spec} cell={cell} name={title} close={() => setKeeping(false)} />
              </Suspense>
            )}
            {people.length === 0 && <Empty icon={<IconUsers size={20} />} title={t`Nobody is in this number`} />}
            <ul className={classes.people} aria-label={t`People in this number`}>
              {people.map((c) => {
                const id = String(c.id)
                const name = c.name || c.email || t`Customer ${id}`
                return (
                  <li key={id} className={classes.person}>
                    <div style={{ minWidth: 0 }}>
                      <Link to="/customers/$id" params={{ id }}>
                        {name}
                      </Link>
                      <small>{[c.name ? c.email : '', c.stage?.label, (c.times ?? 1) > 1 ? t`counts ${f.int(c.times!)} times` : ''].filter(Boolean).join(' · ')}</small>
                    </div>
                    <Button size="compact-xs" variant="subtle" aria-label={t`Why is ${name} here?`} onClick={() => setAsked({ id, name })}>{t`Why?`}</Button>
                  </li>
                )
              })}
            </ul>
            {list.hasNextPage && <Button variant="default" loading={list.isFetchingNextPage} onClick={() => void list.fetchNextPage()}>{t`Show more`}</Button>}
            <Dim size="xs">{t`This list is computed like the number itself, so the two always agree.`}</Dim>
          </>
        )}
      </div>
    </Drawer>
  )
}

/** Reads all people page by page and saves them as a file. It can be stopped. */
function useFile(spec: Spec, cell: Cell) {
  const [read, setRead] = useState<number>()
  const [error, setError] = useState<unknown>()
  const stopper = useRef<AbortController>(undefined)
  useEffect(() => () => stopper.current?.abort(), [])
  const save = async () => {
    const stop = (stopper.current = new AbortController())
    setError(undefined)
    setRead(0)
    try {
      const rows: (string | number)[][] = []
      let next: number | undefined
      do {
        const page = await insights.people(spec, cell, next, stop.signal, filePage)
        for (const c of page.customers) rows.push([String(c.id), c.name ?? '', c.email ?? '', c.stage?.label ?? '', c.last_seen ?? '', c.times ?? 1])
        next = page.next || undefined
        setRead(rows.length)
      } while (next !== undefined && rows.length < fileMost)
      saveFile('people.csv', toCsv([['customer', 'name', 'email', 'stage', 'last_seen', 'times'], ...rows]))
    } catch (e) {
      if (!stop.signal.aborted) setError(e)
    } finally {
      setRead(undefined)
    }
  }
  return { read, error, save, stop: () => stopper.current?.abort() }
}

/** Finds any customer and asks why they are, or are not, in the number. */
function AskAnybody({ ask }: { ask: (id: string, name: string) => void }) {
  const { t } = useLingui()
  const [text, setText] = useState('')
  const [debounced] = useDebouncedValue(text.trim(), 200)
  const found = useQuery({ ...q.customers({ q: debounced, limit: 8 }), enabled: debounced.length > 1 })
  // Two customers may share a name, so each option carries its number.
  const options = new Map((debounced.length > 1 ? (found.data?.customers ?? []) : []).map((c) => [`${c.name || c.email || c.user_id || '–'} (${c.id})`, c]))
  return (
    <Autocomplete
      label={t`Ask about anybody`}
      description={t`Why is this customer in the number, or why not?`}
      placeholder={t`Name, e-mail or any identifier`}
      leftSection={<IconSearch size={15} />}
      data={[...options.keys()]}
      filter={({ options: all }) => all}
      value={text}
      onChange={setText}
      onOptionSubmit={(value) => {
        const c = options.get(value)
        if (c) ask(c.id, c.name || c.email || c.id)
      }}
    />
  )
}

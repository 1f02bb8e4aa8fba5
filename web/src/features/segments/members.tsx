import { Alert, Button, FileButton, Group, Skeleton, TextInput } from '@mantine/core'
import { useDebouncedValue } from '@mantine/hooks'
import { plural } from '@lingui/core/macro'
import { useLingui } from '@lingui/react/macro'
import { keepPreviousData, useInfiniteQuery, useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useState } from 'react'
import { apiPath, type CustomerRow, q, upload } from '~/api'
import { type Imported, type Segment, segments } from '~/api/segments'
import { useCan } from '~/app/session'
import { ErrorBox, FormError } from '~/ui/errors'
import { useCustomersText, useFormat } from '~/ui/format'
import { IconDownload, IconSearch, IconUpload, IconUsers } from '~/ui/icons'
import { Card, Dim, Empty, StageName, ui } from '~/ui/page'
import { SortButton } from '~/ui/sort'
import { useStages } from '~/ui/stage-colors'
import { useToast } from '~/ui/toast'
import { FindCustomer } from './find-customer'
import classes from './segments.module.css'

/** Who is in a segment; of a list by hand, to put on and to take off. */
export default function Members({ segment: s }: { segment: Segment }) {
  const { t } = useLingui()
  const customersText = useCustomersText()
  const [text, setText] = useState('')
  const [debounced] = useDebouncedValue(text.trim(), 250)
  const [sort, setSort] = useState('-last_seen')
  const list = useInfiniteQuery({
    queryKey: ['segments', String(s.id), 'members', debounced, sort],
    queryFn: ({ pageParam, signal }) => segments.members(s.id, { q: debounced, sort, limit: 100, cursor: pageParam }, signal),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (last) => last.next_cursor ?? undefined,
    placeholderData: keepPreviousData,
  })
  const rows = list.data?.pages.flatMap((p) => p.customers) ?? []
  const total = list.data?.pages[0]?.total
  const edit = useCan('edit') && s.kind === 'static'
  return (
    <div className={classes.left}>
      {edit && <Put segment={s} />}
      <Card
        pad={false}
        title={total === undefined || total === null ? t`Members` : customersText(total)}
        actions={
          <Group gap="xs">
            <TextInput size="xs" w={240} aria-label={t`Search members`} placeholder={t`Name, e-mail or any identifier`} leftSection={<IconSearch size={15} />} value={text} onChange={(e) => setText(e.currentTarget.value)} />
            <Button size="xs" variant="default" component="a" href={apiPath(`/segments/${s.id}/members.csv`)} download leftSection={<IconDownload size={15} />}>
              CSV
            </Button>
          </Group>
        }
      >
        {list.isError && <ErrorBox error={list.error} retry={() => void list.refetch()} />}
        {list.isPending && <Skeleton height={320} m="md" />}
        {list.data && rows.length === 0 && (
          <Empty icon={<IconUsers size={22} />} title={debounced ? t`No member matches` : t`Nobody is in this segment`}>
            {debounced ? t`Try another spelling, or a whole identifier.` : s.kind === 'static' ? t`Put customers on it above, one by one or from a file.` : t`Customers appear here as soon as the condition is true of them.`}
          </Empty>
        )}
        {rows.length > 0 && <MemberTable segment={s} rows={rows} sort={sort} setSort={setSort} edit={edit} />}
        {list.hasNextPage && (
          <Group justify="center" p="sm">
            <Button variant="default" size="compact-sm" loading={list.isFetchingNextPage} onClick={() => void list.fetchNextPage()}>{t`Show more`}</Button>
          </Group>
        )}
      </Card>
    </div>
  )
}

function MemberTable({ segment: s, rows, sort, setSort, edit }: { segment: Segment; rows: CustomerRow[]; sort: string; setSort: (sort: string) => void; edit: boolean }) {
  const { t } = useLingui()
  const f = useFormat()
  const client = useQueryClient()
  const toast = useToast()
  const models = useQuery(q.models())
  const stageOf = useStages(models.data?.find((m) => m.is_default))
  const refresh = () => client.invalidateQueries({ queryKey: ['segments'] })
  const take = useMutation({
    mutationFn: (c: CustomerRow) => segments.take(s.id, [c.id]),
    onSuccess: async (_, c) => {
      await refresh()
      toast.undo(t`${c.name || c.email || c.id} is off the list.`, () => void segments.put(s.id, [c.id]).then(refresh, toast.error))
    },
    onError: toast.error,
  })
  const head: [string, string, boolean][] = [
    ['name', t`Customer`, false],
    ['stage', t`Stage`, false],
    ['last_seen', t`Last seen`, false],
    ['orders', t`Orders`, true],
    ['revenue', t`Revenue`, true],
  ]
  return (
    <div className={ui.scroll} tabIndex={0} role="group" aria-label={t`Members`}>
      <table className={ui.table}>
        <thead>
          <tr>
            {head.map(([id, label, num]) => (
              <th key={id} scope="col" data-num={num || undefined} aria-sort={sort.replace('-', '') === id ? (sort.startsWith('-') ? 'descending' : 'ascending') : undefined}>
                {id === 'stage' ? label : <SortButton id={id} sort={sort} onSort={setSort}>{label}</SortButton>}
              </th>
            ))}
            <th scope="col">
              <span className="sr-only">{t`Actions`}</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {rows.map((c) => {
            const name = c.name || c.email || t`Anonymous ${c.id.slice(-6)}`
            return (
              <tr key={c.id}>
                <td>
                  <Link to="/customers/$id" params={{ id: c.id }} style={{ fontWeight: 550, textDecoration: 'none' }}>
                    {name}
                  </Link>
                  {c.email && c.name && (
                    <div>
                      <Dim size="xs">{c.email}</Dim>
                    </div>
                  )}
                </td>
                <td>{c.stage ? <StageName color={stageOf(c.stage.key).color} label={c.stage.label} /> : '–'}</td>
                <td>
                  <time dateTime={c.last_seen} title={f.dateTimeZone(c.last_seen)}>
                    {f.ago(c.last_seen)}
                  </time>
                </td>
                <td data-num>{f.int(c.orders)}</td>
                <td data-num>{f.moneyOf(c.revenue)}</td>
                <td data-num>
                  <Group gap={6} justify="flex-end" wrap="nowrap">
                    <Button size="compact-xs" variant="subtle" component={Link} to={`/segments/${s.id}`} search={{ tab: 'why', customer: c.id } as never} aria-label={t`Why is ${name} here?`}>{t`Why?`}</Button>
                    {edit && <Button size="compact-xs" variant="subtle" color="gray" c="var(--app-text)" aria-label={t`Take ${name} off the list`} onClick={() => take.mutate(c)}>{t`Take off`}</Button>}
                  </Group>
                </td>
              </tr>
            )
          })}
        </tbody>
      </table>
    </div>
  )
}

/** Puts customers on a list: by search, or from a file. */
function Put({ segment: s }: { segment: Segment }) {
  const { t } = useLingui()
  const f = useFormat()
  const client = useQueryClient()
  const toast = useToast()
  const refresh = () => client.invalidateQueries({ queryKey: ['segments'] })
  const put = useMutation({
    mutationFn: ({ id }: { id: string; name: string }) => segments.put(s.id, [id]),
    onSuccess: async ({ changed }, { id, name }) => {
      await refresh()
      if (changed === 0) toast.done(t`${name} was on the list already.`)
      else toast.undo(t`${name} is on the list.`, () => void segments.take(s.id, [id]).then(refresh, toast.error))
    },
    onError: toast.error,
  })
  const file = useMutation({ mutationFn: (x: File) => upload<Imported>(`/segments/${s.id}/import`, x, () => undefined), onSuccess: refresh })
  return (
    <Card>
      <div className={classes.picker}>
        <FindCustomer label={t`Put a customer on the list`} clear onPick={(id, name) => put.mutate({ id, name })} />
        <FileButton accept=".csv,text/csv" onChange={(x) => x && file.mutate(x)}>
          {(props) => (
            <Button {...props} variant="default" loading={file.isPending} leftSection={<IconUpload size={16} />}>
              {t`From a CSV file`}
            </Button>
          )}
        </FileButton>
      </div>
      <Dim size="xs">{t`One column, headed user_id, email, phone, anonymous_id or customer.`}</Dim>
      {file.error && (
        <div style={{ marginTop: 10 }}>
          <FormError error={file.error} fields />
        </div>
      )}
      {file.data && (
        <Alert mt="sm" variant="light" color={file.data.unknown > 0 ? 'orange' : 'teal'} withCloseButton closeButtonLabel={t`Close`} onClose={file.reset} title={t`${plural(file.data.rows, { one: '# row read', other: '# rows read' })}, ${f.int(file.data.changed)} put on the list`} role="status">
          {file.data.rows - file.data.unknown - file.data.changed > 0 && <div>{t`${plural(file.data.rows - file.data.unknown - file.data.changed, { one: '# was on it already.', other: '# were on it already.' })}`}</div>}
          {file.data.unknown > 0 && (
            <>
              <div>{t`${plural(file.data.unknown, { one: '# identifier belongs to no customer and was left out:', other: '# identifiers belong to no customer and were left out:' })}`}</div>
              <div className={ui.mono} style={{ overflowWrap: 'anywhere' }}>
                {file.data.unknown_samples.join(', ')}
                {file.data.unknown > file.data.unknown_samples.length && ' …'}
              </div>
            </>
          )}
        </Alert>
      )}
    </Card>
  )
}

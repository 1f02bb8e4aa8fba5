import { Button, Group, TextInput } from '@mantine/core'
import { useDebouncedCallback } from '@mantine/hooks'
import { useLingui } from '@lingui/react/macro'
import { keepPreviousData, useInfiniteQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { pages } from '~/api'
import { ErrorBox } from '~/ui/errors'
import { useFormat } from '~/ui/format'
import { Card, Empty, Page, ui } from '~/ui/page'
import { useSearchState } from '~/ui/search-state'

/** Who changed what, and when. */
export default function AuditScreen() {
  const { t } = useLingui()
  const f = useFormat()
  const [search, set] = useSearchState<{ actor?: string; action?: string }>()
  const [form, setForm] = useState({ actor: search.actor ?? '', action: search.action ?? '' })
  const later = useDebouncedCallback((next: typeof form) => set(next), 300)
  const change = (patch: Partial<typeof form>) => {
    const next = { ...form, ...patch }
    setForm(next)
    later(next)
  }
  const query = { actor: search.actor, action: search.action }
  const list = useInfiniteQuery({
    queryKey: ['audit', query],
    queryFn: ({ pageParam }) => pages.audit({ ...query, cursor: pageParam }),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (last) => last.next_cursor ?? undefined,
    placeholderData: keepPreviousData,
  })
  const entries = list.data?.pages.flatMap((p) => p.entries) ?? []
  return (
    <Page
      title={t`Audit log`}
      sub={t`Every change by a user or a key.`}
      actions={
        <Group gap="xs">
          <TextInput aria-label={t`Who`} placeholder={t`Who`} value={form.actor} onChange={(e) => change({ actor: e.currentTarget.value })} />
          <TextInput aria-label={t`Action`} placeholder={t`Action`} value={form.action} onChange={(e) => change({ action: e.currentTarget.value })} />
        </Group>
      }
    >
      {list.isError && <ErrorBox error={list.error} retry={() => void list.refetch()} />}
      {list.data && (
        <Card pad={false}>
          {entries.length === 0 ? (
            <Empty title={t`Nothing here`}>{t`No entry matches these filters.`}</Empty>
          ) : (
            <div className={ui.scroll} tabIndex={0} role="group" aria-label={t`Audit log`}>
              <table className={ui.table}>
                <thead>
                  <tr>
                    <th scope="col">{t`When`}</th>
                    <th scope="col">{t`Who`}</th>
                    <th scope="col">{t`Action`}</th>
                    <th scope="col">{t`Object`}</th>
                    <th scope="col">{t`Address`}</th>
                  </tr>
                </thead>
                <tbody>
                  {entries.map((e) => (
                    <tr key={e.id}>
                      <td>{f.dateTime(e.at)}</td>
                      <td>{e.actor}</td>
                      <td className={ui.mono}>{e.action}</td>
                      <td className={ui.mono}>
                        {e.target} {e.detail}
                      </td>
                      <td>{e.ip || '–'}</td>
                    </tr>
                  ))}
                </tbody>
              </table>
            </div>
          )}
        </Card>
      )}
      {list.hasNextPage && <Button variant="default" loading={list.isFetchingNextPage} onClick={() => void list.fetchNextPage()}>{t`Show more`}</Button>}
    </Page>
  )
}

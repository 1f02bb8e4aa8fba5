import { Anchor, Button } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import { useLingui } from '@lingui/react/macro'
import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { lazy, Suspense } from 'react'
import { erasures } from '~/api/erasures'
import { useCan } from '~/app/session'
import { useFormat } from '~/ui/format'
import { IconCheck, IconTrash } from '~/ui/icons'
import { Card, Empty, Loaded, Page, ui } from '~/ui/page'
import { StatusMark, useActionWord, useScopeWord } from './words'

const ManyDialog = lazy(() => import('./many'))

/** All requests to erase, with how far each is. */
export default function ErasuresScreen() {
  const { t } = useLingui()
  const f = useFormat()
  const admin = useCan('admin')
  const action = useActionWord()
  const scope = useScopeWord()
  const [many, dialog] = useDisclosure(false)
  const list = useQuery(erasures.list())
  const start = admin && <Button variant="default" leftSection={<IconTrash size={16} />} onClick={dialog.open}>{t`Erase many`}</Button>
  return (
    <Page title={t`Erasures`} sub={t`Requests to delete, anonymise or refuse, each with a receipt that proves what was done.`} actions={start}>
      <Loaded query={list}>
        {(rows) => (
          <Card pad={false}>
            {rows.length === 0 ? (
              <Empty icon={<IconCheck size={22} />} title={t`Nobody was erased yet`}>{t`Erase one customer from the customer's page, or many at once from a list.`}</Empty>
            ) : (
              <div className={ui.scroll} tabIndex={0} role="group" aria-label={t`Erasures`}>
                <table className={ui.table}>
                  <thead>
                    <tr>
                      <th scope="col">{t`Receipt`}</th>
                      <th scope="col">{t`Status`}</th>
                      <th scope="col">{t`Action`}</th>
                      <th scope="col">{t`Scope`}</th>
                      <th scope="col" data-num>{t`Asked for`}</th>
                      <th scope="col" data-num>{t`Customers found`}</th>
                      <th scope="col">{t`Requested`}</th>
                      <th scope="col">{t`Who`}</th>
                      <th scope="col">{t`Why`}</th>
                    </tr>
                  </thead>
                  <tbody>
                    {rows.map((r) => (
                      <tr key={r.id}>
                        <td style={{ whiteSpace: 'nowrap' }}>
                          <Anchor component={Link} to={`/data/erasures/${r.id}`}>{t`Receipt ${r.id}`}</Anchor>
                        </td>
                        <td>
                          <StatusMark receipt={r} />
                        </td>
                        <td>{action(r.action)}</td>
                        <td>{scope(r)}</td>
                        <td data-num>{f.int(r.requested)}</td>
                        <td data-num>{r.status === 'accepted' ? '–' : f.int(r.customers)}</td>
                        <td>{f.dateTime(r.requested_at)}</td>
                        <td>{r.by}</td>
                        <td>{r.reason || '–'}</td>
                      </tr>
                    ))}
                  </tbody>
                </table>
              </div>
            )}
          </Card>
        )}
      </Loaded>
      <Suspense>{many && <ManyDialog opened close={dialog.close} />}</Suspense>
    </Page>
  )
}

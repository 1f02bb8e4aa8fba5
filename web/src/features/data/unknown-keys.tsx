import { Button } from '@mantine/core'
import { useLingui } from '@lingui/react/macro'
import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { q } from '~/api'
import { useFormat } from '~/ui/format'
import { IconCheck } from '~/ui/icons'
import { Card, Empty, Loaded, Page, ui } from '~/ui/page'

/** Requests with a write key that nobody knows: usually a typing error or an old key. */
export default function UnknownKeysScreen() {
  const { t } = useLingui()
  const f = useFormat()
  const keys = useQuery(q.unknownKeys())
  return (
    <Page title={t`Unknown keys`} sub={t`Requests that came with a write key of no source. Their events are not stored.`} actions={<Button variant="default" component={Link} to="/data/sources">{t`To the sources`}</Button>}>
      <Loaded query={keys}>
        {(list) => (
          <Card pad={false}>
            {list.length === 0 ? (
              <Empty icon={<IconCheck size={22} />} title={t`No unknown key`}>{t`When events do not arrive, look here first: a mistyped key shows up within seconds.`}</Empty>
            ) : (
              <div className={ui.scroll} tabIndex={0} role="group" aria-label={t`Unknown keys`}>
                <table className={ui.table}>
                  <thead>
                    <tr>
                      <th scope="col">{t`Key`}</th>
                      <th scope="col" data-num>{t`Requests`}</th>
                      <th scope="col">{t`First seen`}</th>
                      <th scope="col">{t`Last seen`}</th>
                      <th scope="col">{t`Sent by`}</th>
                    </tr>
                  </thead>
                  <tbody>
                    {list.map((k) => (
                      <tr key={k.key}>
                        <td className={ui.mono}>{k.key}</td>
                        <td data-num>{f.int(k.count)}</td>
                        <td>{f.dateTime(k.first_seen)}</td>
                        <td>{f.ago(k.last_seen)}</td>
                        <td>{k.sent_by || '–'}</td>
                      </tr>
                    ))}
                  </tbody>
                </table>
              </div>
            )}
          </Card>
        )}
      </Loaded>
    </Page>
  )
}

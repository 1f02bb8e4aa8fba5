import { Button, Group, TextInput } from '@mantine/core'
import { useLingui } from '@lingui/react/macro'
import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useEffect, useRef, useState } from 'react'
import { q } from '~/api'
import { useFormat } from '~/ui/format'
import { IconLapse, IconPause, IconSearch, IconStream } from '~/ui/icons'
import { useKindName } from '~/ui/names'
import { CodeBlock } from '~/ui/copy'
import { Card, Empty, Loaded, Page, ui } from '~/ui/page'
import { useSourceName } from '~/ui/source-name'
import classes from './data.module.css'

/** Events a second between the last two answers; undefined until there are two. */
function useRate(processed: number | undefined, at: number): number | undefined {
  const last = useRef<{ processed: number; at: number }>(undefined)
  const [rate, setRate] = useState<number>()
  useEffect(() => {
    if (processed === undefined) return
    const before = last.current
    if (before && at > before.at) setRate(Math.max(0, ((processed - before.processed) * 1000) / (at - before.at)))
    last.current = { processed, at }
  }, [processed, at])
  return rate
}

/** The last 100 events as they arrive. */
export default function LiveScreen() {
  const { t } = useLingui()
  const f = useFormat()
  const kindName = useKindName()
  const sourceName = useSourceName()
  const [paused, setPaused] = useState(false)
  const [text, setText] = useState('')
  const [open, setOpen] = useState<string>()
  const status = useQuery(q.status())
  const events = useQuery(q.liveEvents(paused))
  const rate = useRate(status.data?.pipeline.processed, status.dataUpdatedAt) ?? status.data?.pipeline.events_per_second
  return (
    <Page
      title={t`Live events`}
      sub={rate === undefined ? undefined : t`${f.decimal(rate, 1)} events per second · ${f.int(status.data!.inbox.pending_events)} waiting`}
      actions={
        <Group gap="xs">
          <TextInput aria-label={t`Filter`} placeholder={t`Event name or source`} leftSection={<IconSearch size={16} />} value={text} onChange={(e) => setText(e.currentTarget.value)} />
          <Button variant="default" aria-pressed={paused} leftSection={paused ? <IconLapse size={16} /> : <IconPause size={16} />} onClick={() => setPaused(!paused)}>
            {paused ? t`Go on` : t`Pause`}
          </Button>
        </Group>
      }
    >
      <Loaded query={events} height={480}>
        {(all) => {
          const list = all.filter((e) => !text || `${e.name} ${sourceName(e.source)} ${e.kind}`.toLowerCase().includes(text.toLowerCase()))
          return (
            <Card pad={false}>
              {list.length === 0 ? (
                <Empty icon={<IconStream size={22} />} title={all.length ? t`No event matches` : t`Waiting for the first event`} action={!all.length && <Button variant="light" component={Link} to="/data/sources">{t`To the sources`}</Button>}>
                  {all.length ? t`Take away a part of the filter.` : t`Events appear here within two seconds of their arrival.`}
                </Empty>
              ) : (
                <div className={ui.scroll} tabIndex={0} role="group" aria-label={t`Live events`}>
                  <table className={ui.table}>
                    <thead>
                      <tr>
                        <th scope="col">{t`Time`}</th>
                        <th scope="col">{t`Kind`}</th>
                        <th scope="col">{t`Event`}</th>
                        <th scope="col">{t`Customer`}</th>
                        <th scope="col">{t`Source`}</th>
                        <th scope="col">
                          <span className="sr-only">{t`Details`}</span>
                        </th>
                      </tr>
                    </thead>
                    <tbody>
                      {list.map((e) => [
                        <tr key={e.id}>
                          <td className={classes.time}>{f.time(e.time)}</td>
                          <td>{kindName(e.kind)}</td>
                          <td>
                            <strong>{e.name || kindName(e.kind)}</strong>
                          </td>
                          <td>
                            {e.customer ? (
                              <Link to="/customers/$id" params={{ id: e.customer }}>
                                {e.customer_name || e.customer.slice(-8)}
                              </Link>
                            ) : (
                              '–'
                            )}
                          </td>
                          <td>{sourceName(e.source)}</td>
                          <td data-num>
                            <Button size="compact-xs" variant="subtle" aria-expanded={open === e.id} aria-label={`${t`Details`}: ${e.name || kindName(e.kind)} ${f.time(e.time)}`} onClick={() => setOpen(open === e.id ? undefined : e.id)}>
                              {open === e.id ? t`Hide` : t`Details`}
                            </Button>
                          </td>
                        </tr>,
                        open === e.id && (
                          <tr key={`${e.id}json`}>
                            <td colSpan={6}>
                              <CodeBlock code={JSON.stringify({ properties: e.properties, context: e.context }, null, 2)} label={t`Properties and context`} />
                            </td>
                          </tr>
                        ),
                      ])}
                    </tbody>
                  </table>
                </div>
              )}
            </Card>
          )
        }}
      </Loaded>
    </Page>
  )
}

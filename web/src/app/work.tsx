import { Popover, Progress, Text, UnstyledButton } from '@mantine/core'
import { useLingui } from '@lingui/react/macro'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useEffect, useRef } from 'react'
import { q } from '~/api'
import { useFormat } from '~/ui/format'
import classes from './shell.module.css'

/** Work that runs on the server (imports, recomputes, the history of the demo), with progress and time left. */
export function WorkBar() {
  const { t } = useLingui()
  const f = useFormat()
  const client = useQueryClient()
  const { data } = useQuery(q.status())
  const work = data?.work ?? []
  const before = useRef(0)
  useEffect(() => {
    // What was computed before is out of date as soon as the work is done.
    if (before.current > work.length) void client.invalidateQueries({ predicate: (query) => query.queryKey[0] !== 'status' && query.queryKey[0] !== 'session' })
    before.current = work.length
  }, [work.length, client])
  const first = work[0]
  if (!first) return null
  const share = first.total > 0 ? Math.min(1, first.done / first.total) : 0
  return (
    <Popover position="bottom-end" width={320}>
      <Popover.Target>
        <UnstyledButton className={classes.work}>
          <span>
            <span className="sr-only">{t`Running work`}: </span>
            {first.label}
          </span>
          <Progress value={share * 100} size="sm" animated aria-hidden />
          <span className={classes.workShare}>{f.percent(share, 0)}</span>
        </UnstyledButton>
      </Popover.Target>
      <Popover.Dropdown>
        {work.map((w) => (
          <div key={w.id} className={classes.workRow}>
            <Text size="sm" fw={600}>
              {w.label}
            </Text>
            <Progress value={w.total > 0 ? (100 * w.done) / w.total : 0} size="sm" aria-label={w.label} />
            <Text size="xs" c="dimmed">
              {t`${f.int(w.done)} of ${f.int(w.total)}`} · {t`${f.int(w.rate)} per second`}
              {w.eta_seconds !== null && <> · {t`${f.seconds(w.eta_seconds)} left`}</>}
            </Text>
          </div>
        ))}
      </Popover.Dropdown>
    </Popover>
  )
}

import { Button, Loader, Skeleton } from '@mantine/core'
import { useLingui } from '@lingui/react/macro'
import { Link } from '@tanstack/react-router'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { type Preview, type PreviewRow, segments } from '~/api/segments'
import { useFormat } from '~/ui/format'
import { IconAlert } from '~/ui/icons'
import { Live } from '~/ui/live'
import { Card } from '~/ui/page'
import classes from './segments.module.css'

type Props = { preview?: Preview; loading: boolean; /** The counts are those of an earlier condition. */ stale: boolean; incomplete: boolean; changed: boolean; refused?: string }

/** What a condition gives, while it is being written. */
export function PreviewPanel({ preview: p, loading, stale, incomplete, changed, refused }: Props) {
  const { t } = useLingui()
  const f = useFormat()
  return (
    <Card title={t`Preview`} actions={loading ? <Loader size={16} aria-label={t`Counting`} /> : undefined}>
      <div className={classes.preview} data-stale={stale || incomplete || !!refused} aria-busy={loading && !p ? true : undefined}>
        {!p && loading && <Skeleton height={120} radius="md" />}
        {!p && !loading && <p className={classes.foot} style={{ margin: 0 }}>{incomplete ? t`The count appears once the condition is complete.` : (refused ?? t`Add a condition to see who satisfies it.`)}</p>}
        {p && (
          <>
            <div className={classes.big} role="status" aria-live="polite">
              <strong data-testid="size">
                <Live value={p.size}>{f.int(p.size)}</Live>
              </strong>
              <span>{p.share === null ? t`no customers yet` : t`customers, ${f.percent(p.share)} of all ${f.int(p.population)}`}</span>
            </div>
            {(incomplete || refused) && <div className={classes.foot}>{t`Counted before the last change, which is not complete.`}</div>}
            <Warnings warnings={p.warnings} />
            {changed && p.enters !== null && p.leaves !== null && <Change preview={p} />}
            <People title={t`Some of them`} rows={p.sample} />
            <div className={classes.foot}>
              {p.rests_on.length > 0 && <RestsOn keys={p.rests_on} />}
              <span>{t`Counted over all history in ${f.int(Math.max(1, p.took_ms))} ms`}</span>
            </div>
          </>
        )}
      </div>
    </Card>
  )
}

function Warnings({ warnings }: { warnings: Preview['warnings'] }) {
  const { t } = useLingui()
  if (warnings.length === 0) return null
  const text = (w: Preview['warnings'][number]): string => {
    const name = w.name ?? ''
    switch (w.code) {
      case 'matches_nobody':
        return t`Nobody satisfies this now. Is a condition too narrow, or do two exclude each other?`
      case 'matches_all':
        return t`Everybody satisfies this, so it tells nobody apart.`
      case 'never_leaves':
        return t`Whoever enters stays for ever: nothing in it can become false again. Give it a window, such as “in the last 90 days”.`
      case 'unknown_event':
        return t`No event “${name}” has ever arrived. Check the spelling, capitals included.`
      case 'unknown_trait':
        return t`No customer has a trait “${name}”.`
      case 'unknown_property':
        return t`No event has a property “${name}”.`
      case 'type_mismatch':
        return t`“${name}” holds another type of value than it is compared with, so this is never true.`
    }
  }
  return (
    <ul className={classes.warnings}>
      {warnings.map((w, i) => (
        <li key={i}>
          <IconAlert size={15} aria-hidden />
          <span>{text(w)}</span>
        </li>
      ))}
    </ul>
  )
}

/** Who would enter and who would leave against the version in use. */
function Change({ preview: p }: { preview: Preview }) {
  const { t } = useLingui()
  const f = useFormat()
  const [open, setOpen] = useState<'in' | 'out'>()
  return (
    <>
      <div className={classes.change}>
        <div>
          <strong>+{f.int(p.enters ?? 0)}</strong>
          {t`would enter`}
          {p.enter_sample.length > 0 && <Button size="compact-xs" variant="subtle" justify="start" px={0} aria-expanded={open === 'in'} onClick={() => setOpen(open === 'in' ? undefined : 'in')}>{t`Who enters?`}</Button>}
        </div>
        <div>
          <strong>−{f.int(p.leaves ?? 0)}</strong>
          {t`would leave`}
          {p.leave_sample.length > 0 && <Button size="compact-xs" variant="subtle" justify="start" px={0} aria-expanded={open === 'out'} onClick={() => setOpen(open === 'out' ? undefined : 'out')}>{t`Who leaves?`}</Button>}
        </div>
      </div>
      {open === 'in' && <People title={t`Some who would enter`} rows={p.enter_sample} />}
      {open === 'out' && <People title={t`Some who would leave`} rows={p.leave_sample} />}
    </>
  )
}

function People({ title, rows }: { title: string; rows: PreviewRow[] }) {
  const { t } = useLingui()
  const f = useFormat()
  if (rows.length === 0) return null
  return (
    <div className={classes.list}>
      <h3>{title}</h3>
      <ul>
        {rows.map((c) => (
          <li key={c.id}>
            <Link to="/customers/$id" params={{ id: c.id }}>
              {c.name || c.email || t`Anonymous ${c.id.slice(-6)}`}
            </Link>
            <small>{c.last_seen ? f.ago(c.last_seen) : ''}</small>
          </li>
        ))}
      </ul>
    </div>
  )
}

function RestsOn({ keys }: { keys: string[] }) {
  const { t } = useLingui()
  const { data } = useQuery(segments.list())
  return (
    <span>
      {t`Rests on`}:{' '}
      {keys.map((key, i) => {
        const s = data?.segments.find((x) => x.key === key)
        return (
          <span key={key}>
            {i > 0 && ', '}
            {s ? (
              <Link to="/segments/$id" params={{ id: String(s.id) }}>
                {s.name}
              </Link>
            ) : (
              key
            )}
          </span>
        )
      })}
    </span>
  )
}

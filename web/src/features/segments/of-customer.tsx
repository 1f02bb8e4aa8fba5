import { Anchor } from '@mantine/core'
import { useLingui } from '@lingui/react/macro'
import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useState } from 'react'
import { type CustomerSegment, segments } from '~/api/segments'
import { useFormat } from '~/ui/format'
import { Card, Dim } from '~/ui/page'
import { useCause } from './stays'
import classes from './segments.module.css'

/** The segments of a customer: since when, and why; those of the past on demand. */
export default function SegmentsOfCustomer({ id }: { id: string }) {
  const { t } = useLingui()
  const { data } = useQuery(segments.of(id))
  const [past, setPast] = useState(false)
  const now = (data ?? []).filter((s) => s.member)
  const before = (data ?? []).filter((s) => !s.member)
  return (
    <Card title={t`Segments`}>
      {data && now.length === 0 && <Dim>{t`In no segment now.`}</Dim>}
      {now.length > 0 && <Items list={now} customer={id} />}
      {before.length > 0 && (
        <div style={{ marginTop: 10 }}>
          <Anchor component="button" type="button" size="sm" aria-expanded={past} onClick={() => setPast(!past)}>
            {past ? t`Hide those of the past` : t`Was in ${before.length} before`}
          </Anchor>
          {past && <Items list={before} customer={id} />}
        </div>
      )}
    </Card>
  )
}

function Items({ list, customer }: { list: CustomerSegment[]; customer: string }) {
  const { t } = useLingui()
  const f = useFormat()
  const cause = useCause()
  return (
    <ul className={classes.mine}>
      {list.map((s) => {
        const stay = s.stays[0]
        return (
          <li key={s.id}>
            <span>
              <Link to="/segments/$id" params={{ id: String(s.id) }} style={{ fontWeight: 550 }}>
                {s.name}
              </Link>{' '}
              <Link to="/segments/$id" params={{ id: String(s.id) }} search={{ tab: 'why', customer } as never} style={{ fontSize: '0.8rem' }} aria-label={s.member ? t`Why in ${s.name}?` : t`Why not in ${s.name}?`}>{t`Why?`}</Link>
            </span>
            {stay && (
              <small>
                {s.member ? t`since ${f.dateTime(stay.entered_at)}` : t`${f.date(stay.entered_at)} to ${f.date(stay.left_at ?? stay.entered_at)}`} {s.member ? cause(stay.entered_by) : cause(stay.left_by)}
              </small>
            )}
          </li>
        )
      })}
    </ul>
  )
}

import { Group, TextInput } from '@mantine/core'
import { useLingui } from '@lingui/react/macro'
import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useState } from 'react'
import { q } from '~/api'
import { type Explained, type Segment, segments } from '~/api/segments'
import { useWorkspace } from '~/app/session'
import { useFormat } from '~/ui/format'
import { IconCheck, IconX } from '~/ui/icons'
import { Card, Empty, Loaded } from '~/ui/page'
import { useSearchState } from '~/ui/search-state'
import { fromIsoDay, isoDay } from '~/ui/time'
import { FindCustomer } from './find-customer'
import { ReasonTree } from './reason-tree'
import { useCause } from './stays'
import classes from './segments.module.css'

/** Why a customer is in the segment or is not: now, or at the end of a past day. */
export default function Why({ segment: s }: { segment: Segment }) {
  const { t } = useLingui()
  const { time_zone: zone } = useWorkspace()
  const [search, set] = useSearchState<{ customer?: string | number; at?: string }>()
  const [name, setName] = useState<string>()
  const customer = search.customer === undefined ? undefined : String(search.customer)
  const today = isoDay(new Date(), zone)
  const past = search.at && search.at < today ? search.at : undefined
  const at = past ? new Date(fromIsoDay(past, zone, 1)!.getTime() - 1).toISOString() : undefined
  const person = useQuery({ ...q.customer(customer ?? ''), enabled: customer !== undefined })
  const query = useQuery({ ...segments.explain(s.id, customer ?? '', at), enabled: customer !== undefined })
  const shown = person.data ? person.data.name || person.data.email || t`Anonymous ${person.data.id.slice(-6)}` : (name ?? customer ?? '')
  return (
    <div className={classes.left}>
      <Card>
        <Group align="end" gap="sm">
          <div style={{ flex: '1 1 280px', maxWidth: 460 }}>
            <FindCustomer
              label={t`Ask about a customer`}
              onPick={(id, picked) => {
                setName(picked)
                set({ customer: id })
              }}
            />
          </div>
          <TextInput type="date" label={t`As of the end of`} max={today} value={past ?? today} onChange={(e) => set({ at: e.currentTarget.value && e.currentTarget.value < today ? e.currentTarget.value : undefined })} />
        </Group>
      </Card>
      {customer === undefined ? (
        <Card>
          <Empty title={t`Choose anybody`}>{t`You see each part of the condition with a tick or a cross and the value that decided it, when they entered and by what, and when time alone may change the answer.`}</Empty>
        </Card>
      ) : (
        <Loaded query={query} height={300}>
          {(e) => <Answer explained={e} name={shown} customer={customer} past={past} />}
        </Loaded>
      )}
    </div>
  )
}

function Answer({ explained: e, name, customer, past }: { explained: Explained; name: string; customer: string; past?: string }) {
  const { t } = useLingui()
  const f = useFormat()
  const cause = useCause()
  const then = past ? t`at the end of ${f.date(e.at)}` : t`now`
  return (
    <Card>
      <div className={classes.left}>
        <div className={classes.verdict} role="status" style={{ color: e.member ? 'var(--app-good)' : 'var(--app-bad)' }}>
          {e.member ? <IconCheck size={20} stroke={2.6} aria-hidden /> : <IconX size={20} stroke={2.6} aria-hidden />}
          <span>{e.member ? t`${name} is in this segment ${then}` : t`${name} is not in this segment ${then}`}</span>
          <Link to="/customers/$id" params={{ id: customer }} style={{ fontSize: '0.84rem', fontWeight: 500 }}>{t`Open the customer`}</Link>
        </div>
        <ul className={classes.facts}>
          {e.stay && (
            <li>
              {t`Entered`} <b>{f.dateTimeZone(e.stay.entered_at)}</b> {cause(e.stay.entered_by)}
              {e.stay.n > 1 && `, ${t`entered ${f.int(e.stay.n)} times so far`}`}
            </li>
          )}
          {e.stay?.left_at && (
            <li>
              {t`Left`} <b>{f.dateTimeZone(e.stay.left_at)}</b> {cause(e.stay.left_by)}
            </li>
          )}
          {!e.stay && !past && !e.member && <li>{t`Has never been in it.`}</li>}
          <li>
            {e.next ? (
              <>
                {t`If nothing happens, the answer may change at`} <b>{f.dateTimeZone(e.next)}</b>
              </>
            ) : (
              t`Time alone does not change the answer.`
            )}
          </li>
        </ul>
        <ReasonTree reason={e.why} />
      </div>
    </Card>
  )
}

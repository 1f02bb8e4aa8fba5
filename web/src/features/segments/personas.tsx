import { Badge, Button, Group } from '@mantine/core'
import { useLingui } from '@lingui/react/macro'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { lazy, Suspense, useState } from 'react'
import { type Contrast, type Persona, type Personas, personas } from '~/api/personas'
import { type Segment, segments } from '~/api/segments'
import { useCan } from '~/app/session'
import { useCustomersText, useFormat } from '~/ui/format'
import { IconRefresh, IconUsers } from '~/ui/icons'
import { Card, Dim, Empty, Loaded, Page } from '~/ui/page'
import { useToast } from '~/ui/toast'
import { SegmentsNav } from './nav'
import { telling, useClarity, useContrast } from './persona-words'
import classes from './personas.module.css'

const SavePersona = lazy(() => import('./save-persona'))

/** Groups of buyers who behave alike, found in the history itself. */
export default function PersonasScreen() {
  const { t } = useLingui()
  const f = useFormat()
  const can = useCan('model')
  const client = useQueryClient()
  const toast = useToast()
  const query = useQuery(personas.last())
  const take = useMutation({
    mutationFn: personas.find,
    onSuccess: (found) => {
      client.setQueryData(personas.last().queryKey, found)
      toast.done(t`Personas found.`)
    },
    onError: toast.error,
  })
  const button = can && (
    <Group gap="sm" wrap="nowrap">
      <span role="status">{take.isPending && <Dim>{t`All buyers are being compared…`}</Dim>}</span>
      <Button leftSection={<IconRefresh size={16} />} variant={query.data ? 'default' : 'filled'} loading={take.isPending} onClick={() => take.mutate()}>
        {query.data ? t`Take anew` : t`Find personas`}
      </Button>
    </Group>
  )
  return (
    <Page title={t`Personas`} sub={query.data ? t`Taken ${f.dateTime(query.data.taken_at)} by ${query.data.by}. They stay until they are taken anew.` : t`Groups of buyers who behave alike, found in what they did`} actions={query.data && button}>
      <SegmentsNav />
      <Loaded query={query} height={520}>
        {(found) => (found ? <Found key={found.run} found={found} can={can} /> : <Card>{<None action={button} />}</Card>)}
      </Loaded>
    </Page>
  )
}

function None({ action }: { action: React.ReactNode }) {
  const { t } = useLingui()
  return (
    <Empty
      icon={<IconUsers size={22} />}
      title={t`No personas yet`}
      action={
        <>
          <ul className={classes.looks}>
            <li>{t`how long ago they ordered, on how many days, and for how much`}</li>
            <li>{t`which categories they look at and buy`}</li>
            <li>{t`how they come: e-mail, search, advertisement`}</li>
            <li>{t`at what time of the day they are active`}</li>
            <li>{t`how many of their orders had a discount`}</li>
          </ul>
          {action}
        </>
      }
    >
      {t`Nobody has to say beforehand what the groups are: customers with an order are put beside those who behave alike, and the number of groups is the one that keeps them best apart. At least 20 customers with an order are needed. These are looked at:`}
    </Empty>
  )
}

function Found({ found, can }: { found: Personas; can: boolean }) {
  const { t } = useLingui()
  const f = useFormat()
  const clarity = useClarity()(found.silhouette)
  const client = useQueryClient()
  const toast = useToast()
  const [saving, setSaving] = useState<number>()
  const [made, setMade] = useState<Record<number, Segment>>({})
  const one = found.personas.length < 2
  const saved = async (at: number, segment: Segment) => {
    const refresh = () => client.invalidateQueries({ queryKey: ['segments'], refetchType: 'active' })
    setMade((m) => ({ ...m, [at]: segment }))
    await refresh()
    toast.undo(t`“${segment.name}” created. It fills in the background.`, () =>
      void segments.remove(segment.id).then(() => {
        setMade(({ [at]: _gone, ...rest }) => rest)
        return refresh()
      }, toast.error),
    )
  }
  return (
    <>
      <Card>
        <dl className={classes.facts}>
          <div>
            <dt>{t`Customers with an order`}</dt>
            <dd>{f.int(found.buyers)}</dd>
          </div>
          <div>
            <dt>{t`Groups`}</dt>
            <dd>{f.int(found.personas.length)}</dd>
          </div>
          {!one && (
            <div>
              <dt>{t`How clearly they differ`}</dt>
              <dd title={t`Silhouette ${f.decimal(found.silhouette)}, from −1 to 1`}>
                {clarity.word} <Dim size="xs">({f.decimal(found.silhouette)})</Dim>
              </dd>
            </div>
          )}
        </dl>
        <p className={classes.note}>
          {one ? t`No groups stand out: your buyers behave much alike.` : clarity.text} {t`Names are suggestions, from the two things in which a group differs most. Money is the sum of “${found.money}”.`} {found.sampled && t`There are many customers, so a random share of them was looked at.`}
        </p>
      </Card>
      <div className={classes.gallery}>
        {found.personas.map((p, i) => (
          <PersonaCard key={i} persona={p} segment={made[i]} save={can ? () => setSaving(i) : undefined} />
        ))}
      </div>
      <Suspense>{saving !== undefined && <SavePersona run={found.run} at={saving} persona={found.personas[saving]!} made={(s) => void saved(saving, s)} close={() => setSaving(undefined)} />}</Suspense>
    </>
  )
}

function PersonaCard({ persona: p, segment, save }: { persona: Persona; segment?: Segment; save?: () => void }) {
  const { t } = useLingui()
  const f = useFormat()
  const customersText = useCustomersText()
  return (
    <section className={classes.card} aria-label={p.name}>
      <h2>{p.name}</h2>
      <div className={classes.size}>
        <span>
          <b>{f.percent(p.share)}</b> · {customersText(p.size)}
        </span>
        <div className={classes.track} aria-hidden>
          <span style={{ width: `${p.share * 100}%` }} />
        </div>
      </div>
      <ul className={classes.list}>
        {p.contrasts.map((c) => (
          <Row key={c.feature} contrast={c} />
        ))}
      </ul>
      <div className={classes.foot}>
        {segment ? (
          <>
            <Badge variant="light" color="teal">{t`made`}</Badge>
            <Link to="/segments/$id" params={{ id: String(segment.id) }} style={{ fontSize: '0.86rem' }}>{t`Open ${segment.name}`}</Link>
          </>
        ) : (
          save && <Button size="compact-sm" variant="light" aria-label={t`Save as segment: ${p.name}`} onClick={save}>{t`Save as segment`}</Button>
        )}
      </div>
    </section>
  )
}

/** The deviations at which a bar is full. */
const full = 2

/** One thing in which the group differs: to the right of the middle more than all buyers, to the left less. */
function Row({ contrast: c }: { contrast: Contrast }) {
  const { t } = useLingui()
  const { label, value, degree } = useContrast()
  const half = (Math.min(Math.abs(c.difference), full) / full) * 50
  const low = c.difference < 0
  const [mean, overall] = [value(c.feature, c.mean), value(c.feature, c.overall)]
  return (
    <li className={classes.row} data-weak={Math.abs(c.difference) < telling}>
      <span>{label(c.feature)}</span>
      <span className={classes.bar} aria-hidden>
        <span data-low={low} style={{ width: `${half}%`, insetInlineStart: `${low ? 50 - half : 50}%` }} />
      </span>
      <small>
        {degree(c)}: {t`${mean}, all buyers ${overall}`}
      </small>
    </li>
  )
}

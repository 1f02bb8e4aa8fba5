import { Anchor, Collapse } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import { useLingui } from '@lingui/react/macro'
import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { q, type StageWhy } from '~/api'
import { useFormat } from '~/ui/format'
import { IconBolt, IconCheck, IconClock, IconMinus, IconRefresh } from '~/ui/icons'
import { useCauseName, useKindName } from '~/ui/names'
import { Card, StageName } from '~/ui/page'
import { useStages } from '~/ui/stage-colors'
import classes from './customer.module.css'

/** Why the customer is in this stage: the event or the timer, the condition, the version of the model, and what comes next. */
export function WhyPanel({ why, model }: { why: StageWhy; model?: string }) {
  const { t } = useLingui()
  const f = useFormat()
  const models = useQuery(q.models())
  const stageOf = useStages(models.data?.find((m) => m.id === model || m.key === model))
  const cause = useCauseName()
  const kindName = useKindName()
  const [open, all] = useDisclosure(false)
  const e = why.evidence
  const Icon = e?.cause === 'timer' ? IconClock : e?.cause === 'recompute' ? IconRefresh : IconBolt
  return (
    <Card title={t`Why this stage`}>
      {why.stage ? (
        <>
          <div className={classes.whyStage}>
            <StageName color={stageOf(why.stage).color} label={why.label} />
            <span>{t`since ${f.dateTimeZone(why.since)}`}</span>
          </div>
          {e && (
            <div className={classes.evidence}>
              <Icon size={18} aria-hidden />
              <div>
                <p>
                  {e.event ? t`Entered by the event “${e.event.name || kindName(e.event.kind)}”` : t`Entered ${cause(e.cause)}`} <time dateTime={e.at}>{f.dateTimeZone(e.at)}</time>
                </p>
                <blockquote>{e.sentence}</blockquote>
                <p className={classes.dim}>{t`Model version ${e.version}`}</p>
              </div>
            </div>
          )}
          {why.next?.at && <p className={classes.next}>{t`If nothing happens, the stage is checked again on ${f.dateTimeZone(why.next.at)}.`}</p>}
        </>
      ) : (
        <p className={classes.dim}>{t`In no stage: none of the conditions holds.`}</p>
      )}
      <Anchor component="button" type="button" size="sm" onClick={all.toggle} aria-expanded={open}>
        {open ? t`Hide the conditions of all stages` : t`Show the conditions of all stages`}
      </Anchor>
      <Collapse expanded={open}>
        <ul className={classes.conditions}>
          {why.stages.map((s) => (
            <li key={s.key} data-holds={s.holds}>
              {s.holds ? <IconCheck size={15} stroke={2.6} role="img" aria-label={t`holds`} /> : <IconMinus size={15} role="img" aria-label={t`does not hold`} />}
              <div>
                <strong>{s.label}</strong>
                <br />
                {s.sentence}
              </div>
            </li>
          ))}
        </ul>
        {model && (
          <Link to="/stage-models/$id" params={{ id: model }} className={classes.small}>
            {t`Open the stage model`}
          </Link>
        )}
      </Collapse>
    </Card>
  )
}

import { Tooltip } from '@mantine/core'
import { useLingui } from '@lingui/react/macro'
import { Link } from '@tanstack/react-router'
import type { ReactNode } from 'react'
import type { Board, BoardStage } from '~/api'
import { Spark } from '~/charts/spark'
import { useFormat } from '~/ui/format'
import { KpiTile } from '~/ui/kpi'
import { Live } from '~/ui/live'
import classes from './board.module.css'

/** One stage: how many, how many came and went, how many go on, how long they stay, and its KPIs. */
export function StageCard({ stage, next, model, board, wide = false }: { stage: BoardStage; next?: BoardStage; model: string; board: Board; wide?: boolean }) {
  const { t } = useLingui()
  const f = useFormat()
  const moves = { model, from: board.from, to: board.to }
  return (
    <section className={classes.stage} data-wide={wide} style={{ '--stage': stage.color } as React.CSSProperties} aria-labelledby={`stage-${stage.key}`}>
      <div className={classes.head}>
        <h3 id={`stage-${stage.key}`}>
          <i aria-hidden />
          {stage.label}
        </h3>
        <div className={classes.count}>
          <Link to="/customers" search={{ model, stage: stage.key } as never}>
            <Live value={stage.count}>{f.int(stage.count)}</Live>
            <span className="sr-only"> {t`customers`}</span>
          </Link>
          <span>{f.percent(stage.share)}</span>
        </div>
        <div className={classes.spark}>
          <Spark values={stage.spark} color={stage.color} width={180} height={34} />
        </div>
        <div className={classes.flow}>
          <Link to="/moves" search={{ ...moves, to_stage: stage.key } as never}>
            <Live value={stage.in}>{f.signed(stage.in)}</Live> <small>{t`in`}</small>
            <span className="sr-only">, {stage.label}</span>
          </Link>
          <Link to="/moves" search={{ ...moves, from_stage: stage.key } as never}>
            <Live value={stage.out}>{f.signed(-stage.out)}</Live> <small>{t`out`}</small>
            <span className="sr-only">, {stage.label}</span>
          </Link>
          <Tooltip label={t`Net flow in the period`}>
            <span className={classes.net} data-sign={Math.sign(stage.net)}>
              {f.signed(stage.net)}
            </span>
          </Tooltip>
        </div>
        <dl className={classes.facts}>
          {next && stage.converted && <Converted stage={stage} next={next} model={model} window={board.window} />}
          {stage.dwell && (
            <Fact
              label={t`Median time here`}
              hint={t`Kaplan–Meier over ${f.int(stage.dwell.n)} stays, ${f.int(stage.dwell.open)} of them still going on.` + (stage.dwell.p90_seconds === null ? '' : ` ${t`90 % have left after ${f.seconds(stage.dwell.p90_seconds)}.`}`)}
            >
              {stage.dwell.median_seconds === null ? <em>{t`not reached`}</em> : f.seconds(stage.dwell.median_seconds)}
            </Fact>
          )}
        </dl>
      </div>
      {stage.kpis.length > 0 && (
        <div className={classes.kpis}>
          {stage.kpis.map((kpi) => (
            <KpiTile key={kpi.key} kpi={kpi} color={stage.color} model={model} />
          ))}
        </div>
      )}
    </section>
  )
}

function Converted({ stage, next, model, window }: { stage: BoardStage; next: BoardStage; model: string; window: string }) {
  const { t } = useLingui()
  const f = useFormat()
  const c = stage.converted!
  const days = Number.parseInt(window)
  const parts = [
    t`${f.int(c.numerator)} of ${f.int(c.denominator)} reached ${next.label} or later within ${days} days of entering.`,
    ...(c.low !== null && c.high !== null ? [t`95 % interval: ${f.percent(c.low)} to ${f.percent(c.high)}.`] : []),
    ...(c.pending > 0 ? [t`${f.int(c.pending)} entered too recently to count.`] : []),
  ]
  return (
    <Fact label={t`To ${next.label}`} hint={parts.join(' ')}>
      {c.rate === null ? (
        '–'
      ) : (
        <Link to="/moves" search={{ model, from_stage: stage.key, to_stage: next.key } as never}>
          {f.percent(c.rate)}
        </Link>
      )}
    </Fact>
  )
}

function Fact({ label, hint, children }: { label: string; hint: string; children: ReactNode }) {
  return (
    <div>
      <dt>{label}</dt>
      <dd>
        <Tooltip label={hint} multiline w={280} events={{ hover: true, focus: true, touch: true }}>
          <span className={classes.fact}>{children}</span>
        </Tooltip>
      </dd>
    </div>
  )
}

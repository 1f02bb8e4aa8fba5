import { ActionIcon, Button, SegmentedControl, Slider, Tooltip } from '@mantine/core'
import { useReducedMotion } from '@mantine/hooks'
import { useLingui } from '@lingui/react/macro'
import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useMemo, useState } from 'react'
import { q, type StageModel, type Timelapse } from '~/api'
import { useFormat } from '~/ui/format'
import { IconLapse, IconPause } from '~/ui/icons'
import { Card, Empty, Loaded, Page } from '~/ui/page'
import { ModelPicker, PeriodPicker, useModel, usePeriod } from '~/ui/pickers'
import { useStages } from '~/ui/stage-colors'
import { LapseArea } from './area'
import { DotColumn, dotSize } from './dots'
import { usePlayer } from './player'
import classes from './lapse.module.css'

/** Plays the base through time, day by day. */
export default function LapseScreen() {
  const { t } = useLingui()
  const { model } = useModel()
  const period = usePeriod('365d')
  const lapse = useQuery({ ...q.timelapse(model?.id ?? '', { from: period.from, to: period.to, step: 'day' }), enabled: !!model })
  return (
    <Page
      title={t`Time-lapse`}
      sub={t`The whole base, day by day, as it was known at the end of each day.`}
      actions={
        <div className={classes.controls}>
          <ModelPicker />
          <PeriodPicker fallback="365d" />
        </div>
      }
    >
      <Loaded query={lapse} height={560}>
        {(data) =>
          data.times.length < 2 ? (
            <Card>
              <Empty title={t`Not enough history yet`} action={<Button component={Link} to="/imports/new">{t`Import past orders`}</Button>}>
                {t`The time-lapse needs at least two days of history. Choose a longer period, or import past events.`}
              </Empty>
            </Card>
          ) : (
            <Player key={data.times[0]! + data.times.length} lapse={data} model={model!} />
          )
        }
      </Loaded>
    </Page>
  )
}

const speeds = [4, 12, 30, 60]

function Player({ lapse, model }: { lapse: Timelapse; model: StageModel }) {
  const { t } = useLingui()
  const f = useFormat()
  const reduced = useReducedMotion()
  const [speed, setSpeed] = useState(12)
  const player = usePlayer(lapse.times.length, speed, reduced)
  const at = player.at
  const stageOf = useStages(model)
  const max = useMemo(() => Math.max(1, ...lapse.counts.flat()), [lapse])
  const per = dotSize(max)
  const counts = lapse.counts[at]!
  const total = counts.reduce((a, n) => a + n, 0)
  const playLabel = player.playing ? t`Pause` : t`Play`
  return (
    // The keys of the player work anywhere on it; every control inside also has its own.
    // eslint-disable-next-line jsx-a11y/no-static-element-interactions
    <div className={classes.player} onKeyDown={player.onKey}>
      <Card>
        <div className={classes.top}>
          <div>
            <div className={classes.date} aria-live={player.playing ? 'off' : 'polite'}>
              {f.longDate(lapse.times[at]!)}
            </div>
            <div className={classes.zone}>
              {f.timeZone} · {t`${f.int(total)} customers`} · {per === 1 ? t`one dot is one customer` : t`one dot is ${per} customers`}
            </div>
          </div>
          <div className={classes.controls}>
            <Tooltip label={`${playLabel} (${t`Space`})`}>
              <ActionIcon size={40} radius="xl" variant="filled" onClick={player.toggle} aria-label={playLabel}>
                {player.playing ? <IconPause size={20} /> : <IconLapse size={20} />}
              </ActionIcon>
            </Tooltip>
            <SegmentedControl aria-label={t`Days per second`} value={String(speed)} onChange={(v) => setSpeed(Number(v))} data={speeds.map((s) => ({ value: String(s), label: t`${s} d/s` }))} />
          </div>
        </div>
        <div className={classes.stages}>
          {lapse.stages.map((key, i) => {
            const s = stageOf(key)
            return (
              <section key={key} className={classes.stage} data-off={s.off} aria-label={s.label}>
                <DotColumn count={counts[i] ?? 0} max={max} per={per} color={s.color} still={reduced} />
                <h2>
                  <i style={{ background: s.color }} aria-hidden />
                  {s.label}
                </h2>
                <div className={classes.count}>{f.int(counts[i] ?? 0)}</div>
                <div className={classes.inout}>
                  +{f.int(lapse.in[at]?.[i] ?? 0)} / −{f.int(lapse.out[at]?.[i] ?? 0)}
                </div>
              </section>
            )
          })}
        </div>
        <Slider
          className={classes.slider}
          min={0}
          max={lapse.times.length - 1}
          value={at}
          onChange={player.seek}
          label={(i) => f.date(lapse.times[i]!)}
          thumbLabel={t`Day`}
          thumbProps={{ 'aria-valuetext': f.longDate(lapse.times[at]!) } as object}
        />
      </Card>
      <Card title={t`All days`}>
        <LapseArea lapse={lapse} stageOf={stageOf} at={at} seek={player.seek} />
      </Card>
    </div>
  )
}

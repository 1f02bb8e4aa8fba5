import { useLingui } from '@lingui/react/macro'
import { type ReactNode, useState } from 'react'
import { useFormat } from '~/ui/format'
import { Swatch } from './bars'
import { type ChartTable, ChartFrame } from './frame'
import { Legend } from './legend'
import { look } from './palette'
import { type FunnelView, stepFacts } from './steps'
import { Tip } from './tip'
import classes from './charts.module.css'

export type FunnelOutcome = 'reached' | 'dropped' | 'pending'
type Props = { label: string; file: string; names: string[]; groups: FunnelView[]; /** Pieces of timelines rather than customers are counted. */ pieces?: boolean; height?: number; compact?: boolean; extra?: ReactNode; onOpen?: (group: number, step: number, outcome: FunnelOutcome) => void; onExcluded?: (group: number) => void }

const outcomes: FunnelOutcome[] = ['reached', 'dropped', 'pending']
const shownBars = 6

/** Steps as columns. What left and what still has time are told apart: a window that runs is not a loss. */
export function FunnelChart({ label, file, names, groups, height = 190, compact, extra, onOpen, onExcluded, pieces }: Props) {
  const { t } = useLingui()
  const f = useFormat()
  const [at, setAt] = useState<number>()
  const [point, setPoint] = useState<{ x: number; y: number; width: number; group: number; step: number }>()
  const bars = groups.slice(0, shownBars)
  const main = groups[0]
  const facts = groups.map((g) => stepFacts(g))
  const n = names.length
  const ratio = (v: number | null | undefined) => (v === null || v === undefined ? '–' : f.percent(v))
  const time = (micros: number | null) => (micros === null ? '–' : f.seconds(micros / 1e6))
  const count = (g: number, s: number, o: FunnelOutcome): number => (o === 'reached' ? groups[g]!.steps[s]!.reached : o === 'dropped' ? (facts[g]![s]!.dropped ?? 0) : facts[g]![s]!.pending)
  // Rows of the keyboard: reached, left and waiting, once for each drawn group.
  const cell = (i: number) => ({ group: Math.floor(i / (n * 3)), outcome: outcomes[Math.floor((i % (n * 3)) / n)]!, step: i % n })
  const index = (group: number, outcome: FunnelOutcome, step: number) => group * n * 3 + outcomes.indexOf(outcome) * n + step
  const say = (i: number) => {
    const c = cell(i)
    const g = groups[c.group]
    if (!g) return ''
    const value = f.int(count(c.group, c.step, c.outcome))
    const step = `${c.step + 1}. ${names[c.step]}${groups.length > 1 ? `, ${g.label}` : ''}`
    if (c.outcome === 'dropped') return t`${step}: ${value} left before this step, their time is over`
    if (c.outcome === 'pending') return t`${step}: ${value} stand here and still have time`
    return t`${step}: ${value} reached it, ${ratio(facts[c.group]![c.step]!.share)} of those who entered, ${ratio(facts[c.group]![c.step]!.fromBefore)} of the step before, half of them within ${time(g.steps[c.step]!.median)}`
  }
  const open = (i: number) => {
    const c = cell(i)
    if (count(c.group, c.step, c.outcome) > 0) onOpen?.(c.group, c.step, c.outcome)
  }
  const table: ChartTable = {
    head: [...(groups.length > 1 ? [t`Value`] : []), t`Step`, t`Reached`, t`Of those who entered`, t`Of the step before`, t`Median time since the step before`, t`Left before it`, t`Waiting here`],
    formats: [...(groups.length > 1 ? [undefined] : []), undefined, f.int, (v) => f.percent(v), (v) => f.percent(v), (v) => f.seconds(v), f.int, f.int],
    rows: groups.flatMap((g, k) => g.steps.map((s, i) => [...(groups.length > 1 ? [g.label] : []), `${i + 1}. ${names[i]}`, s.reached, facts[k]![i]!.share, facts[k]![i]!.fromBefore, s.median === null ? null : s.median / 1e6, facts[k]![i]!.dropped, s.pending])),
  }
  const greatest = Math.max(1, ...bars.map((g) => g.entered))
  // With values side by side their shares are compared; alone the count is.
  const scale = (g: FunnelView) => (bars.length > 1 ? Math.max(1, g.entered) : greatest)
  const fact = (step: number, outcome: FunnelOutcome, children: ReactNode) => {
    const i = index(0, outcome, step)
    const can = !!onOpen && count(0, step, outcome) > 0
    // The keyboard reaches the numbers through the frame.
    // eslint-disable-next-line jsx-a11y/click-events-have-key-events, jsx-a11y/no-static-element-interactions
    return <span className={classes.fact} data-open={can} data-at={at === i} onClick={() => can && open(i)}>{children}</span>
  }
  return (
    <ChartFrame label={label} file={file} table={table} points={{ length: bars.length * n * 3, say }} across={n} at={at} onAt={setAt} onOpen={open} keyHelp={t`Up and down change between reached, left and waiting.`} compact={compact} extra={extra}>
      <div className={classes.funnel} aria-hidden style={{ position: 'relative' }} onPointerLeave={() => setPoint(undefined)}>
        {names.map((name, s) => (
          <div key={s} className={classes.step}>
            <div className={classes.stepName}>
              <i className={classes.stepNumber} style={{ fontStyle: 'normal' }}>{s + 1}</i>
              <span>
                {name}
                {main?.steps[s]?.optional && <small style={{ color: 'var(--mantine-color-dimmed)', fontWeight: 500 }}> {t`optional`}</small>}
              </span>
            </div>
            <div className={classes.bars} data-several={bars.length > 1 || undefined} style={{ height }}>
              {bars.map((g, k) => {
                const own = facts[k]![s]!
                const full = (100 * g.steps[s]!.reached) / scale(g)
                const coming = (100 * own.coming) / scale(g)
                const hover = (e: React.PointerEvent) => {
                  const box = e.currentTarget.closest(`.${classes.funnel}`)!.getBoundingClientRect()
                  setPoint({ x: e.clientX - box.left, y: 30, width: box.width, group: k, step: s })
                }
                return (
                  <div key={g.key} className={classes.barBox} onPointerMove={hover}>
                    {/* Bars and values carry the same number, so that the colour is not needed. */}
                    {bars.length > 1 && <span className={classes.barNumber}>{k + 1}</span>}
                    {coming > 0 && <button type="button" tabIndex={-1} className={classes.pend} style={{ height: `${coming}%` }} onClick={() => open(index(k, 'pending', s - 1))} />}
                    <button type="button" tabIndex={-1} className={classes.bar} data-at={at === index(k, 'reached', s)} style={{ height: `${full}%`, background: look(g.slot).color }} onClick={() => open(index(k, 'reached', s))} />
                  </div>
                )
              })}
            </div>
            {main && bars.length === 1 && (
              <div className={classes.stepFacts}>
                {fact(s, 'reached', <><strong>{f.int(main.steps[s]!.reached)}</strong> {ratio(facts[0]![s]!.share)}</>)}
                {s > 0 && !compact && <span className={classes.fact}>{t`${ratio(facts[0]![s]!.fromBefore)} of the step before`}</span>}
                {s > 0 && !compact && <span className={classes.fact}>{t`half within ${time(main.steps[s]!.median)}`}</span>}
                {facts[0]![s]!.dropped !== null && !compact && fact(s, 'dropped', t`${f.int(facts[0]![s]!.dropped!)} left before`)}
                {main.steps[s]!.pending > 0 && !compact && fact(s, 'pending', t`${f.int(main.steps[s]!.pending)} still have time`)}
              </div>
            )}
            {bars.length > 1 && (
              <div className={classes.stepFacts}>
                {bars.map((g, k) => (
                  <span key={g.key} className={classes.fact} style={{ display: 'flex', gap: 6, alignItems: 'center' }}>
                    <Swatch slot={g.slot} /> {k + 1}. {ratio(facts[k]![s]!.share)}
                  </span>
                ))}
              </div>
            )}
          </div>
        ))}
        {point && groups[point.group] && (
          <Tip
            x={point.x}
            y={point.y}
            width={point.width}
            title={`${point.step + 1}. ${names[point.step]}${groups.length > 1 ? ` · ${groups[point.group]!.label}` : ''}`}
            rows={[
              { label: t`Reached`, value: `${f.int(groups[point.group]!.steps[point.step]!.reached)} · ${ratio(facts[point.group]![point.step]!.share)}`, strong: true },
              ...(point.step > 0 ? [{ label: t`Of the step before`, value: ratio(facts[point.group]![point.step]!.fromBefore) }, { label: t`Median time since the step before`, value: time(groups[point.group]!.steps[point.step]!.median) }] : []),
              ...(facts[point.group]![point.step]!.dropped !== null ? [{ label: t`Left before it`, value: f.int(facts[point.group]![point.step]!.dropped!) }] : []),
              ...(facts[point.group]![point.step]!.coming > 0 ? [{ label: t`May still come`, value: f.int(facts[point.group]![point.step]!.coming) }] : []),
            ]}
          />
        )}
      </div>
      {groups.length > 1 && !compact && <Legend label={t`Values`} items={groups.map((g, k) => ({ key: g.key, label: k < shownBars ? `${k + 1}. ${g.label}` : g.label, glyph: k < shownBars ? <Swatch slot={g.slot} /> : null, value: `${f.int(g.converted)} / ${f.int(g.entered)}` }))} />}
      {main && !compact && (
        <div className={classes.tools} style={{ fontSize: '0.84rem' }}>
          <Fate label={pieces ? t`Conversions` : t`Converted`} value={`${f.int(sum(groups, 'converted'))} (${ratio(sum(groups, 'entered') ? sum(groups, 'converted') / sum(groups, 'entered') : null)})`} />
          <Fate label={t`Still have time`} value={f.int(sum(groups, 'pending'))} />
          <Fate label={t`Excluded`} value={f.int(sum(groups, 'excluded'))} onOpen={groups.length === 1 && main.excluded > 0 && onExcluded ? () => onExcluded(0) : undefined} />
        </div>
      )}
    </ChartFrame>
  )
}

const sum = (groups: FunnelView[], key: 'entered' | 'converted' | 'pending' | 'excluded') => groups.reduce((a, g) => a + g[key], 0)

function Fate({ label, value, onOpen }: { label: string; value: string; onOpen?: () => void }) {
  const { t } = useLingui()
  return onOpen ? (
    <button type="button" className={classes.key} aria-label={t`Who is behind this? ${label}, ${value}`} onClick={onOpen}>
      <span>{label}</span> <b>{value}</b>
    </button>
  ) : (
    <span className={classes.key}>
      <span>{label}</span> <b>{value}</b>
    </span>
  )
}

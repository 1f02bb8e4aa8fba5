import { useLingui } from '@lingui/react/macro'
import { useFormat } from '~/ui/format'
import { Spark } from './spark'
import classes from './charts.module.css'

/** One number, and how it stands against the period before. Whether more is better is not known, so the change has no colour. */
export function BigNumber({ value, before, format, label, spark, onOpen }: { value: number | null; before?: number | null; format: (n: number) => string; label: string; spark?: (number | null)[]; onOpen?: () => void }) {
  const { t } = useLingui()
  const f = useFormat()
  const text = value === null ? '–' : format(value)
  const change = value !== null && before !== undefined && before !== null && before !== 0 ? (value - before) / Math.abs(before) : undefined
  return (
    <div className={classes.big}>
      {onOpen && value !== null ? (
        <button type="button" className={classes.bigValue} onClick={onOpen} aria-label={t`Who is behind this? ${label}, ${text}`}>
          {text}
        </button>
      ) : (
        <div className={classes.bigValue}>{text}</div>
      )}
      <div className={classes.bigSub}>
        {label}
        {before !== undefined && before !== null && (
          <>
            {' · '}
            {change === undefined ? '' : `${change > 0 ? '↑' : change < 0 ? '↓' : '='} ${f.percent(Math.abs(change))} `}
            {t`before: ${format(before)}`}
          </>
        )}
      </div>
      {spark && spark.length > 1 && <Spark values={spark} height={34} color="var(--chart-1)" />}
    </div>
  )
}

import { sparkPaths } from './scale'

/** A line without axes. It is decoration beside a number, so it is hidden from screen readers. */
export function Spark({ values, color = 'var(--mantine-color-indigo-5)', width = 96, height = 28, area = true }: { values: (number | null)[]; color?: string; width?: number; height?: number; area?: boolean }) {
  const runs = sparkPaths(values, width, height)
  if (runs.length === 0) return null
  return (
    <svg viewBox={`0 0 ${width} ${height}`} width="100%" height={height} preserveAspectRatio="none" aria-hidden>
      {runs.map((r) => (
        <g key={r.line}>
          {area && <path d={r.area} fill={color} opacity={0.13} />}
          <path d={r.line} fill="none" stroke={color} strokeWidth={1.6} vectorEffect="non-scaling-stroke" strokeLinejoin="round" strokeLinecap="round" />
        </g>
      ))}
    </svg>
  )
}

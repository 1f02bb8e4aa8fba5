import { Tooltip } from '@mantine/core'
import { useElementSize } from '@mantine/hooks'
import { useLingui } from '@lingui/react/macro'
import { useId } from 'react'
import type { BoardStage } from '~/api'
import { bandPath, ribbonBlocks } from '~/charts/scale'
import { useFormat } from '~/ui/format'
import classes from './board.module.css'

const height = 118
const gap = 46

/**
 * The stock of every stage as one band, and the conversion to the next stage on each joint. The heights are in
 * proportion to the counts. All of it stands as text in the cards below, so the drawing itself is hidden from readers.
 */
export function Ribbon({ stages, window }: { stages: BoardStage[]; window: string }) {
  const { ref, width } = useElementSize()
  const { t } = useLingui()
  const f = useFormat()
  const id = useId()
  const blocks = ribbonBlocks(stages.map((s) => s.count), width, gap, height)
  const days = Number.parseInt(window)
  return (
    <div ref={ref} className={classes.ribbon} aria-hidden>
      {width > 0 && (
        <svg width={width} height={height} viewBox={`0 0 ${width} ${height}`}>
          <defs>
            {stages.slice(0, -1).map((s, i) => (
              <linearGradient key={s.key} id={`${id}${i}`}>
                <stop offset="0" stopColor={s.color} />
                <stop offset="1" stopColor={stages[i + 1]!.color} />
              </linearGradient>
            ))}
          </defs>
          {blocks.slice(0, -1).map((b, i) => (
            <path key={stages[i]!.key} d={bandPath(b, blocks[i + 1]!)} fill={`url(#${id}${i})`} opacity={0.42} />
          ))}
          {blocks.map((b, i) => (
            <rect key={stages[i]!.key} className={classes.block} x={b.x} y={b.y} width={b.width} height={b.height} rx={Math.min(6, b.height / 2)} fill={stages[i]!.color} />
          ))}
        </svg>
      )}
      {stages.slice(0, -1).map((s, i) => {
        const b = blocks[i]
        if (!b || !s.converted || s.converted.rate === null) return null
        return (
          <Tooltip key={s.key} label={t`${f.percent(s.converted.rate)} reach ${stages[i + 1]!.label} within ${days} days`}>
            <span className={classes.joint} style={{ insetInlineStart: b.x + b.width + gap / 2 }}>
              {f.percent(s.converted.rate, 0)}
            </span>
          </Tooltip>
        )
      })}
    </div>
  )
}

import { symbol, symbolCircle, symbolCross, symbolDiamond, symbolSquare, symbolStar, symbolTriangle, symbolWye } from 'd3-shape'
import { look, type Shape } from './palette'

const kinds = { circle: symbolCircle, square: symbolSquare, triangle: symbolTriangle, diamond: symbolDiamond, cross: symbolCross, star: symbolStar, wye: symbolWye, ring: symbolCircle }
const paths = new Map<string, string>()

function pathOf(shape: Shape, size: number): string {
  const key = `${shape}${size}`
  let path = paths.get(key)
  if (path === undefined) paths.set(key, (path = symbol(kinds[shape], size)() ?? ''))
  return path
}

/** The shape of a series. Hollow marks what is not complete. */
export function Marker({ slot, x, y, size = 42, hollow = false }: { slot: number; x: number; y: number; size?: number; hollow?: boolean }) {
  const { color, shape } = look(slot)
  const empty = hollow || shape === 'ring'
  return <path d={pathOf(shape, size)} transform={`translate(${x},${y})`} fill={empty ? 'var(--app-surface)' : color} stroke={color} strokeWidth={empty ? 1.8 : 1} />
}

/** The line and the shape of a series, as it is drawn in the chart. */
export function Glyph({ slot, before = false }: { slot: number; before?: boolean }) {
  const { color, dash } = look(slot)
  return (
    <svg width={28} height={12} viewBox="0 0 28 12" aria-hidden style={{ flex: 'none' }}>
      <line x1={1} x2={27} y1={6} y2={6} stroke={color} strokeWidth={before ? 1.4 : 2.2} strokeDasharray={before ? '2 3' : dash} opacity={before ? 0.75 : 1} />
      {!before && <Marker slot={slot} x={14} y={6} size={38} />}
    </svg>
  )
}

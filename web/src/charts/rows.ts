// Lengths of lying bars and the places of their marks.

/** A linear scale from 0, or a logarithmic one around 1, where twice and half lie equally far from the middle. */
export type Scale = { kind: 'linear'; max: number } | { kind: 'ratio'; max: number }

/** Where a value lies between 0 and 1. What is beyond the scale lies at its end. */
export function placeOn(scale: Scale, value: number): number {
  const clamp = (x: number) => (Number.isNaN(x) ? 0 : Math.max(0, Math.min(1, x)))
  if (scale.kind === 'linear') return scale.max > 0 ? clamp(value / scale.max) : 0
  const half = Math.log(Math.max(scale.max, 1.01))
  return clamp(0.5 + (0.5 * Math.log(value)) / half)
}

/** The scale of ratios that holds all values, the same to both sides, and at most 32 times. */
export function ratioScale(values: number[]): Scale {
  const far = values.filter((v) => v > 0 && Number.isFinite(v)).map((v) => Math.max(v, 1 / v))
  const most = Math.max(2, ...far)
  return { kind: 'ratio', max: [2, 4, 8, 16, 32].find((s) => s >= most) ?? 32 }
}

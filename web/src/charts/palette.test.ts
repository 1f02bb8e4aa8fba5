import { describe, expect, it } from 'vitest'
import { contrast, linearRgb, look, seriesColors, slots } from './palette'

const surfaces = { light: ['#ffffff', '#f1f3f6'], dark: ['#171a20', '#1e222a'] }

// Machado, Oliveira and Fernandes (2009), severity 1, on linear RGB.
const blindness = {
  protan: [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
  deutan: [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.01182, 0.04294, 0.968881]],
}

/** OKLab of linear RGB (Ottosson 2020). */
function oklab([r, g, b]: number[]) {
  const l = Math.cbrt(0.4122214708 * r! + 0.5363325363 * g! + 0.0514459929 * b!)
  const m = Math.cbrt(0.2119034982 * r! + 0.6806995451 * g! + 0.1073969566 * b!)
  const s = Math.cbrt(0.0883024619 * r! + 0.2817188376 * g! + 0.6299787005 * b!)
  return [0.2104542553 * l + 0.793617785 * m - 0.0040720468 * s, 1.9779984951 * l - 2.428592205 * m + 0.4505937099 * s, 0.0259040371 * l + 0.7827717662 * m - 0.808675766 * s]
}
const distance = (a: number[], b: number[]) => Math.hypot(...a.map((v, i) => v - b[i]!))
const seen = (hex: string, m: number[][]) => oklab(m.map((row) => Math.max(0, row.reduce((sum, k, i) => sum + k * linearRgb(hex)[i]!, 0))))

describe.each(['light', 'dark'] as const)('series colours, %s', (scheme) => {
  it('stand out from the surface', () => {
    for (const color of seriesColors[scheme]) for (const surface of surfaces[scheme]) expect(contrast(color, surface), color).toBeGreaterThanOrEqual(3)
  })
  it.each(Object.entries(blindness))('keeps the first five apart with %s vision', (_, m) => {
    const first = seriesColors[scheme].slice(0, 5)
    first.forEach((a, i) => first.slice(i + 1).forEach((b) => expect(distance(seen(a, m), seen(b, m)), `${a} ${b}`).toBeGreaterThan(0.06)))
  })
})

it('never tells two series apart by colour alone', () => {
  const looks = Array.from({ length: slots }, (_, i) => look(i))
  expect(new Set(looks.map((l) => l.dash)).size).toBe(slots)
  expect(new Set(looks.map((l) => l.shape)).size).toBe(slots)
})

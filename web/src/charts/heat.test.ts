import { expect, it } from 'vitest'
import { contrast, seriesColors } from './palette'
import { mixCap, mixOf } from './heat'

it('caps the colour, and gives none to what is not known', () => {
  expect([mixOf(1), mixOf(5), mixOf(0), mixOf(null), mixOf(0.5)]).toEqual([mixCap, mixCap, 0, 0, mixCap / 2])
})

// The mix in sRGB stands for that of OKLab: at 36 % they differ by less than the margin here.
const mixed = (color: string, surface: string, share: number) =>
  `#${[1, 3, 5].map((i) => Math.round(Number.parseInt(color.slice(i, i + 2), 16) * share + Number.parseInt(surface.slice(i, i + 2), 16) * (1 - share)).toString(16).padStart(2, '0')).join('')}`

it('keeps the text readable on the fullest cell of both schemes', () => {
  expect(contrast('#1b1f27', mixed(seriesColors.light[0]!, '#ffffff', mixCap / 100))).toBeGreaterThan(4.5)
  expect(contrast('#e7eaf0', mixed(seriesColors.dark[0]!, '#171a20', mixCap / 100))).toBeGreaterThan(4.5)
})

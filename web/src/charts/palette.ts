// Colours, dashes and shapes of series. A series is told apart by all three, so that no meaning hangs on a colour.

/** Series colours on a light and on a dark surface: at least 3:1 against it, and apart for colour-blind readers. */
export const seriesColors = {
  light: ['#2f5fd0', '#ce451e', '#0f766e', '#6c0c4a', '#9381a0', '#8d7a10', '#c0487f', '#2c2398'],
  dark: ['#7ea6ff', '#f0824f', '#4fe0cf', '#e8d44d', '#b06fc4', '#c7ccd6', '#6fbf73', '#ff9fc0'],
}

const dashes = ['', '7 4', '2 3.5', '11 3 2 3', '4 2', '1.5 5', '14 4', '6 2 2 2 2 2']
export const shapes = ['circle', 'square', 'triangle', 'diamond', 'cross', 'star', 'wye', 'ring'] as const
export type Shape = (typeof shapes)[number]

/** How many series a chart tells apart; more than these are off until they are chosen. */
export const slots = seriesColors.light.length

export type Look = { color: string; dash: string; shape: Shape }

/** The look of the n-th series. The theme gives the variables their colours per scheme. */
export function look(n: number): Look {
  const i = n % slots
  return { color: `var(--chart-${i + 1})`, dash: dashes[i]!, shape: shapes[i]! }
}

const channel = (v: number) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)

/** Linear red, green and blue of #rrggbb. */
export function linearRgb(hex: string): [number, number, number] {
  return [1, 3, 5].map((i) => channel(Number.parseInt(hex.slice(i, i + 2), 16) / 255)) as [number, number, number]
}

const luminance = (hex: string) => {
  const [r, g, b] = linearRgb(hex)
  return 0.2126 * r + 0.7152 * g + 0.0722 * b
}

/** Contrast ratio of WCAG 2.2. */
export function contrast(a: string, b: string): number {
  const [x, y] = [luminance(a), luminance(b)]
  return (Math.max(x, y) + 0.05) / (Math.min(x, y) + 0.05)
}

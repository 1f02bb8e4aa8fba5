import { describe, expect, it } from 'vitest'
import { fromIsoDay, isoDay, midnight, periodOf } from './time'

describe('midnight', () => {
  it('knows summer and winter', () => {
    expect(midnight(2026, 1, 15, 'Europe/Rome').toISOString()).toBe('2026-01-14T23:00:00.000Z')
    expect(midnight(2026, 7, 15, 'Europe/Rome').toISOString()).toBe('2026-07-14T22:00:00.000Z')
  })
  it('is right on the days when the clock changes', () => {
    expect(midnight(2026, 3, 29, 'Europe/Rome').toISOString()).toBe('2026-03-28T23:00:00.000Z')
    expect(midnight(2026, 3, 30, 'Europe/Rome').toISOString()).toBe('2026-03-29T22:00:00.000Z')
    expect(midnight(2026, 10, 25, 'Europe/Rome').toISOString()).toBe('2026-10-24T22:00:00.000Z')
    expect(midnight(2026, 10, 26, 'Europe/Rome').toISOString()).toBe('2026-10-25T23:00:00.000Z')
  })
  it('works west of Greenwich, at odd offsets and over the end of a month', () => {
    expect(midnight(2026, 1, 1, 'America/New_York').toISOString()).toBe('2026-01-01T05:00:00.000Z')
    expect(midnight(2026, 1, 1, 'Asia/Kolkata').toISOString()).toBe('2025-12-31T18:30:00.000Z')
    expect(midnight(2026, 1, 32, 'UTC').toISOString()).toBe('2026-02-01T00:00:00.000Z')
  })
})

it('goes from a day to its text and back', () => {
  const day = fromIsoDay('2026-10-25', 'Europe/Bucharest')!
  expect(isoDay(day, 'Europe/Bucharest')).toBe('2026-10-25')
  expect(fromIsoDay('25.10.2026', 'UTC')).toBeUndefined()
  expect(fromIsoDay(undefined, 'UTC')).toBeUndefined()
})

describe('periodOf', () => {
  const now = new Date('2026-11-22T06:30:00Z')
  it('ends with the day of now and is stable for that day', () => {
    const a = periodOf({}, 'Europe/Rome', now)
    const b = periodOf({}, 'Europe/Rome', new Date('2026-11-22T21:00:00Z'))
    expect(a).toEqual({ from: '2026-10-23T22:00:00.000Z', to: '2026-11-22T23:00:00.000Z', preset: '30d' })
    expect(b).toEqual(a)
  })
  it('has 7 whole days in the last 7 days', () => {
    const { from, to } = periodOf({ period: '7d' }, 'UTC', now)
    expect((Date.parse(to) - Date.parse(from)) / 86_400_000).toBe(7)
  })
  it('takes own dates, the last one included', () => {
    expect(periodOf({ from: '2026-01-01', to: '2026-01-31' }, 'UTC', now)).toEqual({ from: '2026-01-01T00:00:00.000Z', to: '2026-02-01T00:00:00.000Z', preset: 'custom' })
  })
  it('falls back when the address makes no sense', () => {
    expect(periodOf({ from: '2026-02-01', to: '2026-01-01' }, 'UTC', now).preset).toBe('30d')
    expect(periodOf({ period: 'never' }, 'UTC', now, '365d').preset).toBe('365d')
  })
  it('knows calendar months', () => {
    expect(periodOf({ period: 'last-month' }, 'UTC', now)).toEqual({ from: '2026-10-01T00:00:00.000Z', to: '2026-11-01T00:00:00.000Z', preset: 'last-month' })
    expect(periodOf({ period: 'last-month' }, 'UTC', new Date('2026-01-05T00:00:00Z')).from).toBe('2025-12-01T00:00:00.000Z')
  })
})

import { describe, expect, it } from 'vitest'
import { edgeAt, edgeOf, momentOf, momentText, sameEdge } from './moments'

const rome = 'Europe/Rome'

describe('what a comparison compares with', () => {
  it('is read in all forms that the server takes', () => {
    expect(momentOf('2026-03-05', rome)).toEqual({ day: '2026-03-05', time: '' })
    expect(momentOf('2026-03-05T10:30:00', rome)).toEqual({ day: '2026-03-05', time: '10:30' })
    expect(momentOf('2026-03-05 10:30:07', rome)).toEqual({ day: '2026-03-05', time: '10:30:07' })
    expect(momentOf('2026-03-05T23:30:00Z', rome)).toEqual({ day: '2026-03-06', time: '00:30' })
    expect(momentOf('2026-07-05T10:30:00.5+02:00', rome)).toEqual({ day: '2026-07-05', time: '10:30' })
    expect(momentOf(1772706600, rome)).toEqual(momentOf(1772706600000, rome))
    expect(momentOf(1772706600, 'UTC')).toEqual({ day: '2026-03-05', time: '10:30' })
  })
  it('is not read of what is no date', () => {
    for (const v of ['', undefined, 'soon', 7, '2026-03', '2026-03-05T10:30', '2026-13-45T10:30:00Z']) expect(momentOf(v, rome)).toBeUndefined()
  })
  it('is written as the server takes it', () => {
    expect(momentText({ day: '2026-03-05', time: '' })).toBe('2026-03-05')
    expect(momentText({ day: '2026-03-05', time: '10:30' })).toBe('2026-03-05T10:30:00')
    expect(momentText({ day: '2026-03-05', time: '10:30:07' })).toBe('2026-03-05T10:30:07')
    expect(momentText({ day: '', time: '10:30' })).toBe('')
  })
})

describe('the edges of a window', () => {
  it('are days where they are midnights, the last one included', () => {
    expect(edgeOf('2026-03-04T23:00:00.000Z', rome, false)).toEqual({ day: '2026-03-05', time: '' })
    expect(edgeOf('2026-03-04T23:00:00.000Z', rome, true)).toEqual({ day: '2026-03-04', time: '' })
    expect(edgeOf('2026-03-05T09:30:00Z', rome, true)).toEqual({ day: '2026-03-05', time: '10:30' })
    expect(edgeOf(undefined, rome, true)).toEqual({ day: '', time: '' })
  })
  it('are written by the clock of the zone', () => {
    expect(edgeAt({ day: '2026-03-05', time: '10:30' }, rome, false)).toBe('2026-03-05T10:30:00+01:00')
    expect(edgeAt({ day: '2026-07-05', time: '' }, rome, true)).toBe('2026-07-06T00:00:00+02:00')
    expect(edgeAt({ day: '2026-07-05', time: '' }, 'America/St_Johns', false)).toBe('2026-07-05T00:00:00-02:30')
  })
  it('come back as they were', () => {
    for (const at of ['2026-03-04T23:00:00.000Z', '2026-03-05T09:30:00.000Z', '2026-03-29T00:30:00.000Z', '2026-10-25T12:00:09.000Z']) {
      for (const until of [false, true]) expect(sameEdge(edgeAt(edgeOf(at, rome, until), rome, until), at)).toBe(true)
    }
    expect(edgeAt({ day: '', time: '10:30' }, rome, false)).toBeUndefined()
    expect(sameEdge(undefined, '2026-03-04T23:00:00Z')).toBe(false)
  })
})

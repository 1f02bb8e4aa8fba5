import { describe, expect, it } from 'vitest'
import { columnKey, columnsOf, daysOf, monthBy, parseAmount, parsePaste, pasteAt } from './sheet'

describe('parseAmount', () => {
  const read = (text: string) => parseAmount(text, 2)
  it('reads amounts as people write them', () => {
    expect(['12', '12,5', '12.50', '1.234,56', '1,234.56', '€ 1 234,56', '12 €', "1'234.50", '1.234', '1,234', '1.234.567', '0'].map(read)).toEqual([1200, 1250, 1250, 123456, 123456, 123456, 1200, 123450, 123400, 123400, 123456700, 0])
  })
  it('tells nothing from nonsense', () => {
    expect(['', '  ', '–'].map(read)).toEqual([null, null, null])
    expect(['abc', '1.2.3', '12a3', '-5', '1,23,4', '1.234,56,7', '1.23.456,7'].map(read)).toEqual([undefined, undefined, undefined, undefined, undefined, undefined, undefined])
  })
  it('knows currencies without and with three minor digits', () => {
    expect([parseAmount('1.234', 0), parseAmount('1.234', 3)]).toEqual([1234, 1234])
  })
})

it('lays a block on the sheet, leaves out what goes over the edge and counts what is no amount', () => {
  const { changes, refused } = pasteAt(parsePaste('10\t20\t30\r\n\tx\n'), ['d1', 'd2'], ['a', 'b'], 0, 0, 2)
  expect(changes).toEqual([{ day: 'd1', column: 'a', amount: 1000 }, { day: 'd1', column: 'b', amount: 2000 }, { day: 'd2', column: 'a', amount: null }])
  expect(refused).toBe(1)
  expect(pasteAt([['1', '2']], ['d1'], ['a'], 5, 0, 2).changes).toEqual([])
})

it('has one column for each channel and campaign', () => {
  const cost = (channel: string, campaign?: string) => ({ day: '2026-01-01', channel, campaign, amount: 1, currency: 'EUR' })
  expect(columnsOf([cost('b'), cost('a', 'x'), cost('a'), cost('b')]).map((c) => c.key)).toEqual([columnKey('a'), columnKey('a', 'x'), columnKey('b')])
})

it('knows the days of a month and goes over the end of a year', () => {
  expect([daysOf('2028-02').length, daysOf('2026-02').at(-1), monthBy('2026-12', 1), monthBy('2026-01', -1)]).toEqual([29, '2026-02-28', '2027-01', '2025-12'])
})

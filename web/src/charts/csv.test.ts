import { expect, it } from 'vitest'
import { toCsv } from './csv'

it('quotes what needs quotes', () => {
  expect(toCsv([['a', 'b,c', 'say "x"', 'two\nlines', null, 3]])).toBe('a,"b,c","say ""x""","two\nlines",,3')
})

it('does not let a spreadsheet run a name as a formula', () => {
  expect(toCsv([['=1+1', '@x', '-5', '+4']])).toBe("'=1+1,'@x,'-5,'+4")
  expect(toCsv([[-5]])).toBe('-5')
})

import { expect, test } from 'vitest'
import { readIdentifiers } from './erasures'

test('identifiers are read from lines, with and without a type', () => {
  const text = 'type,value\nann@x.io\r\n+39 333 123 4567\nu-17\nanonymous_id,dev 1\n"email","b@x.io"\n\nann@x.io\n'
  expect(readIdentifiers(text, 'auto')).toEqual([
    { type: 'email', value: 'ann@x.io' },
    { type: 'phone', value: '+39 333 123 4567' },
    { type: 'user_id', value: 'u-17' },
    { type: 'anonymous_id', value: 'dev 1' },
    { type: 'email', value: 'b@x.io' },
  ])
})

test('a chosen type holds for lines that name none, and customers are numbers', () => {
  expect(readIdentifiers('12\nx\nemail;c@x.io', 'customer')).toEqual([
    { type: 'customer', value: '12' },
    { type: 'email', value: 'c@x.io' },
  ])
})

// The range of keys that a prefix stands for.

import { expect, test } from 'vitest'
import { prefixRange } from '../../src/store/ranges.ts'
import '../helpers/indexed-db.ts'

test.each([
  ['a', 'a', true],
  ['a', 'a\uffff\uffff', true],
  ['a', 'b', false],
  ['a', 'A', false],
  ['a\uffff', 'a\uffff', true],
  ['a\uffff', 'a\uffffz', true],
  ['a\uffff', 'b', false],
  ['\uffff', '\uffff\uffff', true],
  ['', '', true],
  ['', '\uffff', true],
])('prefix %j, key %j: %s', (prefix, key, isIn) => {
  expect(prefixRange(prefix).includes(key)).toBe(isIn)
})

test('a hostile prefix is read in linear time', () => {
  const since = performance.now()
  prefixRange(`${'\uffff'.repeat(200_000)}a`)
  expect(performance.now() - since).toBeLessThan(2_000)
})

import { expect, test } from 'vitest'
import { createRecent } from '../src/recent.ts'

test('tells what came after a count, and of what it has forgotten that it may have been anything', () => {
  const recent = createRecent<string>(2)
  for (const item of ['a', 'b', 'c', 'd']) recent.add(item)
  expect(recent.count()).toBe(4)
  expect(recent.has(0, (item) => item === 'a')).toBe(true)
  expect(recent.has(1, (item) => item === 'a')).toBe(false)
  recent.add('e')
  expect(recent.count()).toBe(5)
  expect(recent.has(1, () => false)).toBe(true)
  expect(recent.has(2, () => false)).toBe(false)
  expect(recent.has(2, (item) => item === 'c')).toBe(true)
  recent.forget()
  expect(recent.count()).toBe(5)
  expect(recent.has(4, () => false)).toBe(true)
  expect(recent.has(5, () => true)).toBe(false)
})

// Bad arguments to a memory cache: the right class and form of text, thrown before anything changes.

import { describe, expect, it } from 'vitest'
import { createMemoryCache } from '../../src/memory/memory-cache.ts'
import { HOUR } from '../helpers/clock.ts'
import { expectRefusal } from '../helpers/errors.ts'
import { fill, testCache, type TestCache } from '../helpers/memory.ts'

type Call = (cache: TestCache<number>['cache'], bad: never) => unknown

/** Runs a bad call on a cache in use and sees that it throws and leaves no trace. */
function expectNoTrace(call: Call, bad: unknown, Kind: typeof TypeError | typeof RangeError, name: string): void {
  const { cache, removals } = testCache({ maxEntries: 2, weigh: () => 3 })
  fill(cache, 'ab', HOUR)
  const before = { stats: cache.stats(), entries: [...cache], expiresAt: cache.expiresAt('a') }
  expectRefusal(() => call(cache, bad as never), Kind, name, bad)
  expect({ stats: cache.stats(), entries: [...cache], expiresAt: cache.expiresAt('a') }).toEqual(before)
  expect(removals()).toEqual([])
}

it('the text names the task, the argument, its rule and what came', () => {
  const { cache } = testCache()
  expect(() => cache.set('a', 1, { ttl: -1 })).toThrow(new RangeError('Cannot set entry: ttl must be >= 0 ms: received -1'))
})

describe('a key that is not a string', () => {
  const CALLS: [method: string, call: Call][] = [
    ['get', (cache, key) => cache.get(key)],
    ['peek', (cache, key) => cache.peek(key)],
    ['has', (cache, key) => cache.has(key)],
    ['expiresAt', (cache, key) => cache.expiresAt(key)],
    ['set', (cache, key) => cache.set(key, 1)],
    ['delete', (cache, key) => cache.delete(key)],
    ['touch', (cache, key) => cache.touch(key, HOUR)],
  ]

  it.each(CALLS)('is refused by %s', (_method, call) => {
    for (const key of [undefined, null, 1, 0, NaN, true, 1n, Symbol('a'), ['a'], new String('a'), () => 'a']) expectNoTrace(call, key, TypeError, 'key')
  })
})

describe('a ttl', () => {
  const CALLS: [method: string, call: Call][] = [
    ['set of a key that is there', (cache, ttl) => cache.set('a', 9, { ttl })],
    ['set of a new key', (cache, ttl) => cache.set('new', 9, { ttl })],
    ['touch', (cache, ttl) => cache.touch('a', ttl)],
    ['touch of a missing key', (cache, ttl) => cache.touch('missing', ttl)],
  ]

  it.each(CALLS)('out of range is refused by %s', (_method, call) => {
    for (const ttl of [-1, -0.5, -Infinity, -Number.MIN_VALUE, NaN]) expectNoTrace(call, ttl, RangeError, 'ttl')
  })

  it.each(CALLS)('that is no number is refused by %s', (_method, call) => {
    for (const ttl of ['1000', '', null, true, 10n, new Date(), [5]]) expectNoTrace(call, ttl, TypeError, 'ttl')
  })

  it('is required by touch', () => {
    expectNoTrace((cache, ttl) => cache.touch('a', ttl), undefined, TypeError, 'ttl')
  })
})

describe('set', () => {
  it('refuses undefined, for new keys and old ones', () => {
    expectNoTrace((cache, value) => cache.set('a', value), undefined, TypeError, 'value')
    expectNoTrace((cache, value) => cache.set('new', value), undefined, TypeError, 'value')
  })

  it.each([5, 0, '1h', false, true, 5n])('refuses %s as options', (options) => {
    expectNoTrace((cache, bad) => cache.set('a', 9, bad), options, TypeError, 'options')
  })
})

describe('a clock that gives NaN', () => {
  const LOOKS: [name: string, look: (cache: TestCache<number>['cache']) => unknown][] = [
    ['size', (cache) => cache.size],
    ['sweep', (cache) => cache.sweep()],
    ['stats', (cache) => cache.stats()],
    ['set', (cache) => cache.set('b', 1)],
    ['clear', (cache) => cache.clear()],
  ]

  it.each(LOOKS)('does not hang %s', (_name, look) => {
    let now = 1000
    const cache = createMemoryCache<number>({ clock: { now: () => now } })
    cache.set('a', 1, { ttl: 10 })
    expect(cache.size).toBe(1)
    now = NaN
    try {
      look(cache)
    } catch (error) {
      expect(error).toBeInstanceOf(RangeError)
    }
  })
})

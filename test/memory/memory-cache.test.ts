// createMemoryCache in plain words: values and keys, the exact bound and its recency, removal, size, stats.
// Expiry, weights, onRemove, iteration, arguments and released references have files of their own.

import { describe, expect, it } from 'vitest'
import { createMemoryCache } from '../../src/memory/memory-cache.ts'
import { HOUR, SECOND } from '../helpers/clock.ts'
import { EMPTY, look, slotsMade } from '../helpers/inside.ts'
import { fill, testCache } from '../helpers/memory.ts'

describe('values and keys', () => {
  it('get() returns what set() stored, the same reference', () => {
    const { cache } = testCache<object>()
    const value = { answer: [42] }
    cache.set('a', value)
    expect(cache.get('a')).toBe(value)
    expect(cache.peek('a')).toBe(value)
  })

  it('a missing key is undefined, false, and not there', () => {
    const { cache } = testCache()
    expect(cache.get('a')).toBeUndefined()
    expect(cache.peek('a')).toBeUndefined()
    expect(cache.has('a')).toBe(false)
    expect(cache.expiresAt('a')).toBeUndefined()
    expect(cache.touch('a', SECOND)).toBe(false)
    expect(cache.delete('a')).toBe(false)
    expect(cache.size).toBe(0)
    expect(look(cache)).toEqual(EMPTY)
  })

  it.each([null, 0, -0, NaN, '', false, 0n, Symbol.iterator])('%s is a value like any other', (value) => {
    const { cache } = testCache<unknown>()
    cache.set('a', value)
    expect(cache.get('a')).toBe(value)
    expect(cache.peek('a')).toBe(value)
    expect(cache.has('a')).toBe(true)
    expect([...cache.values()]).toEqual([value])
    expect(cache.stats()).toMatchObject({ hits: 1, misses: 0, size: 1 })
    expect(cache.delete('a')).toBe(true)
    expect(cache.has('a')).toBe(false)
  })

  it('a function is a value, not called', () => {
    const { cache } = testCache<() => never>()
    const value = (): never => expect.fail('called')
    cache.set('a', value)
    expect(cache.get('a')).toBe(value)
  })

  const ODD_KEYS = ['', '__proto__', 'constructor', 'toString', 'hasOwnProperty', '0', '-1', ' ', '\0', '\ud800', '\udc00', '\ufffd', 'é', 'e\u0301']

  it('any string is a key, none of them is there before it was set', () => {
    const { cache } = testCache()
    for (const key of ODD_KEYS) expect(cache.has(key), JSON.stringify(key)).toBe(false)
    for (const key of ODD_KEYS) expect(cache.get(key), JSON.stringify(key)).toBeUndefined()
  })

  it('any string is a key of its own: lone surrogates and unnormalised text are told apart', () => {
    const { cache } = testCache()
    fill(cache, ODD_KEYS)
    expect(cache.size).toBe(ODD_KEYS.length)
    ODD_KEYS.forEach((key, value) => expect(cache.get(key), JSON.stringify(key)).toBe(value))
    expect([...cache.keys()].reverse()).toEqual(ODD_KEYS)
    for (const key of ODD_KEYS) expect(cache.delete(key), JSON.stringify(key)).toBe(true)
    expect(look(cache)).toEqual(EMPTY)
  })

  it('a key of a megabyte works', () => {
    const { cache } = testCache()
    const key = 'k'.repeat(1 << 20)
    cache.set(key, 1)
    expect(cache.get(`${key.slice(1)}k`)).toBe(1)
  })

  it('two caches share nothing', () => {
    const one = testCache().cache
    const two = testCache().cache
    one.set('a', 1)
    expect(two.has('a')).toBe(false)
    expect(two.stats().sets).toBe(0)
  })

  it('set() returns undefined and overwrites', () => {
    const { cache } = testCache()
    expect(cache.set('a', 1)).toBeUndefined()
    cache.set('a', 2)
    expect(cache.get('a')).toBe(2)
    expect(cache.size).toBe(1)
  })
})

describe('the bound and its order', () => {
  it('holds at once and exactly, whatever is set', () => {
    const { cache } = testCache({ maxEntries: 2 })
    for (let i = 0; i < 10; i++) {
      cache.set(`k${i}`, i)
      expect(cache.size).toBe(Math.min(i + 1, 2))
    }
    expect([...cache.keys()]).toEqual(['k9', 'k8'])
  })

  it('a cache of one entry holds the last one set', () => {
    const { cache, removals } = testCache({ maxEntries: 1 })
    fill(cache, 'abc')
    expect([...cache.entries()]).toEqual([['c', 2]])
    expect(removals()).toEqual(['a 0 evicted', 'b 1 evicted'])
  })

  it('is 1000 entries unless said otherwise', () => {
    const { cache } = testCache()
    for (let i = 0; i < 1001; i++) cache.set(`k${i}`, i)
    expect(cache.size).toBe(1000)
    expect(cache.has('k0')).toBe(false)
    expect(cache.has('k1')).toBe(true)
  })

  it('Infinity is no bound', () => {
    const { cache } = testCache({ maxEntries: Infinity })
    for (let i = 0; i < 5000; i++) cache.set(`k${i}`, i)
    expect(cache.size).toBe(5000)
    expect(cache.stats().evictions).toBe(0)
  })

  it('overwriting a key of a full cache evicts nothing', () => {
    const { cache, removals } = testCache({ maxEntries: 2 })
    fill(cache, 'aba')
    expect([...cache.keys()]).toEqual(['a', 'b'])
    expect(removals()).toEqual(['a 0 replaced'])
  })

  const USES: [name: string, used: boolean, use: (cache: ReturnType<typeof testCache>['cache']) => unknown][] = [
    ['get', true, (cache) => cache.get('a')],
    ['set', true, (cache) => cache.set('a', 9)],
    ['peek', false, (cache) => cache.peek('a')],
    ['has', false, (cache) => cache.has('a')],
    ['touch', false, (cache) => cache.touch('a', HOUR)],
    ['expiresAt', false, (cache) => cache.expiresAt('a')],
    ['size', false, (cache) => cache.size],
    ['keys', false, (cache) => [...cache.keys()]],
    ['values', false, (cache) => [...cache.values()]],
    ['entries', false, (cache) => [...cache.entries()]],
    ['stats', false, (cache) => cache.stats()],
    ['sweep', false, (cache) => cache.sweep()],
    ['a delete of another key', false, (cache) => cache.delete('z')],
  ]

  it.each(USES)('%s counts as use: %s', (_name, used, use) => {
    const { cache } = testCache({ maxEntries: 3 })
    fill(cache, 'abc')
    use(cache)
    expect([...cache.keys()]).toEqual(used ? ['a', 'c', 'b'] : ['c', 'b', 'a'])
    cache.set('d', 3)
    expect(cache.has('a')).toBe(used)
    expect(cache.has('b')).toBe(!used)
  })

  it('get() of the middle, the last and the first keeps the others in order', () => {
    const { cache } = testCache()
    fill(cache, 'abcd')
    cache.get('c')
    expect([...cache.keys()].join('')).toBe('cdba')
    cache.get('a')
    expect([...cache.keys()].join('')).toBe('acdb')
    cache.get('a')
    expect([...cache.keys()].join('')).toBe('acdb')
  })

  it('delete() of the middle, the last and the first keeps the others in order', () => {
    const { cache } = testCache()
    fill(cache, 'abcde')
    cache.delete('c')
    expect([...cache.keys()].join('')).toBe('edba')
    cache.delete('a')
    cache.delete('e')
    expect([...cache.keys()].join('')).toBe('db')
  })

  it('a key set again after it was evicted is the most recent one', () => {
    const { cache } = testCache({ maxEntries: 2 })
    fill(cache, 'abca')
    expect([...cache.entries()]).toEqual([['a', 3], ['c', 2]])
  })

  it('a failed get leaves the order alone', () => {
    const { cache } = testCache({ maxEntries: 2 })
    fill(cache, 'ab')
    for (let i = 0; i < 100; i++) cache.get(`missing ${i}`)
    expect([...cache.keys()].join('')).toBe('ba')
    expect(look(cache)).toMatchObject({ keys: 2, recent: 2 })
  })
})

describe('delete, clear, size', () => {
  it('delete() removes from every structure at once and is true once', () => {
    const { cache } = testCache({ weigh: () => 3 })
    cache.set('a', 1, { ttl: HOUR })
    expect(look(cache)).toEqual({ keys: 1, recent: 1, filed: 1, values: 1, weight: 3, untold: 0 })
    expect(cache.delete('a')).toBe(true)
    expect(look(cache)).toEqual(EMPTY)
    expect(cache.delete('a')).toBe(false)
    expect(cache.get('a')).toBeUndefined()
  })

  it('clear() removes everything, and the cache goes on', () => {
    const { cache } = testCache({ maxEntries: 50, weigh: () => 1 })
    fill(cache, 'abc')
    fill(cache, 'def', HOUR)
    expect(cache.clear()).toBeUndefined()
    expect(cache.size).toBe(0)
    expect([...cache]).toEqual([])
    expect(look(cache)).toEqual(EMPTY)
    for (let i = 0; i < 100; i++) cache.set(`k${i}`, i, { ttl: HOUR })
    expect(cache.size).toBe(50)
    expect([...cache.keys()].at(-1)).toBe('k50')
  })

  it('clear() of an empty cache is fine', () => {
    const { cache, removals } = testCache()
    cache.clear()
    expect(removals()).toEqual([])
    expect(look(cache)).toEqual(EMPTY)
  })

  it('freed places are used again before new ones', () => {
    const { cache } = testCache({ maxEntries: Infinity })
    for (let round = 0; round < 1000; round++) {
      cache.set(`k${round}`, round, { ttl: HOUR })
      cache.set(`l${round}`, round)
      cache.delete(`k${round}`)
      cache.delete(`l${round}`)
    }
    expect(slotsMade(cache)).toBeLessThanOrEqual(2)
  })

  it('a full cache makes no more places than its bound and the one coming in', () => {
    const { cache } = testCache({ maxEntries: 100 })
    for (let i = 0; i < 1000; i++) cache.set(`k${i}`, i)
    expect(slotsMade(cache)).toBeLessThanOrEqual(101)
  })

  it('what is left of a burst keeps its order, values, expiry and weights', () => {
    const { cache, clock } = testCache({ maxEntries: Infinity, weigh: (value) => value })
    for (let i = 0; i < 5000; i++) cache.set(`k${i}`, i, { ttl: i % 2 ? HOUR : Infinity })
    for (let i = 0; i < 4900; i++) cache.delete(`k${i}`)
    expect([...cache.values()]).toEqual(Array.from({ length: 100 }, (_, i) => 4999 - i))
    expect(cache.expiresAt('k4999')).toBe(clock.time + HOUR)
    expect(cache.expiresAt('k4998')).toBe(Infinity)
    expect(cache.stats()).toMatchObject({ size: 100, weight: 494_950 })
    clock.advance(HOUR)
    expect(cache.sweep()).toBe(50)
    cache.clear()
    expect(look(cache)).toEqual(EMPTY)
  })

  it('a cache that is emptied keeps no places from its best days', () => {
    const { cache } = testCache({ maxEntries: Infinity })
    for (let i = 0; i < 1000; i++) cache.set(`k${i}`, i)
    for (let i = 0; i < 1000; i++) cache.delete(`k${i}`)
    expect(slotsMade(cache)).toBeLessThan(100)
  })
})

describe('stats', () => {
  it('counts hits, misses, sets, evictions and expirations', () => {
    const { cache, clock } = testCache({ maxEntries: 2, ttl: SECOND, weigh: (value) => value })
    expect(cache.stats()).toEqual({ hits: 0, misses: 0, sets: 0, evictions: 0, expirations: 0, size: 0, weight: 0 })
    fill(cache, 'abcd')
    cache.get('d')
    cache.get('a')
    expect(cache.stats()).toEqual({ hits: 1, misses: 1, sets: 4, evictions: 2, expirations: 0, size: 2, weight: 5 })
    clock.advance(SECOND)
    cache.get('c')
    cache.get('d')
    expect(cache.stats()).toEqual({ hits: 1, misses: 3, sets: 4, evictions: 2, expirations: 2, size: 0, weight: 0 })
  })

  it('peek, has, touch, expiresAt, delete and iteration are neither hits nor misses', () => {
    const { cache } = testCache()
    cache.set('a', 1)
    for (const key of ['a', 'b']) {
      cache.peek(key)
      cache.has(key)
      cache.expiresAt(key)
      cache.touch(key, HOUR)
      cache.delete(key)
    }
    Array.from(cache)
    expect(cache.stats()).toMatchObject({ hits: 0, misses: 0, sets: 1, evictions: 0, expirations: 0 })
  })

  it('are a snapshot, and survive clear()', () => {
    const { cache } = testCache()
    cache.set('a', 1)
    cache.get('a')
    const before = cache.stats()
    cache.clear()
    expect(before).toMatchObject({ hits: 1, size: 1 })
    expect(cache.stats()).toMatchObject({ hits: 1, sets: 1, size: 0 })
  })

  it('deletes and overwrites are no evictions', () => {
    const { cache } = testCache()
    fill(cache, 'aab')
    cache.delete('a')
    cache.clear()
    expect(cache.stats()).toMatchObject({ sets: 3, evictions: 0, expirations: 0 })
  })
})

it('the package names createMemoryCache', () => {
  expect(createMemoryCache().size).toBe(0)
})

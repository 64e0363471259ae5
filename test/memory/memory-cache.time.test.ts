// createMemoryCache and time: expiry, touch, ttl of any size, late looks and clock steps, how often the clock is read.
// The liveness rule under test: expired means expiresAt <= now.

import { afterEach, describe, expect, it, vi } from 'vitest'
import { createMemoryCache } from '../../src/memory/memory-cache.ts'
import { DAY, HOUR, MINUTE, SECOND } from '../helpers/clock.ts'
import { EMPTY, look } from '../helpers/inside.ts'
import { fill, testCache } from '../helpers/memory.ts'

const LAST_DATE = 8.64e15

describe('expiry', () => {
  it('an entry is served up to the last ms before expiresAt, and not at it', () => {
    const { cache, clock } = testCache()
    cache.set('a', 1, { ttl: 1000 })
    expect(cache.expiresAt('a')).toBe(clock.time + 1000)
    clock.advance(999)
    expect([cache.get('a'), cache.peek('a'), cache.has('a'), cache.size, [...cache.keys()]]).toEqual([1, 1, true, 1, ['a']])
    clock.advance(1)
    expect(cache.size).toBe(0)
    expect([...cache]).toEqual([])
    expect([...cache.keys()]).toEqual([])
    expect([...cache.values()]).toEqual([])
    expect(look(cache).keys).toBe(1)
    expect(cache.peek('a')).toBeUndefined()
  })

  const READS: [name: string, read: (cache: ReturnType<typeof testCache>['cache']) => unknown, missing: unknown][] = [
    ['get', (cache) => cache.get('a'), undefined],
    ['peek', (cache) => cache.peek('a'), undefined],
    ['has', (cache) => cache.has('a'), false],
    ['expiresAt', (cache) => cache.expiresAt('a'), undefined],
    ['touch', (cache) => cache.touch('a', HOUR), false],
    ['delete', (cache) => cache.delete('a'), false],
  ]

  it.each(READS)('%s() of an expired entry finds nothing and frees it', (_name, read, missing) => {
    const { cache, clock, removals } = testCache()
    cache.set('a', 1, { ttl: SECOND })
    clock.advance(SECOND)
    expect(read(cache)).toBe(missing)
    expect(look(cache)).toEqual(EMPTY)
    expect(removals()).toEqual(['a 1 expired'])
    expect(cache.stats()).toMatchObject({ expirations: 1, evictions: 0 })
  })

  it.each(READS)('%s() of a live entry does not end it', (_name, read, missing) => {
    const { cache, clock } = testCache()
    cache.set('a', 1, { ttl: SECOND })
    clock.advance(SECOND - 1)
    expect(read(cache)).not.toBe(missing)
  })

  it('nothing brings an expired entry back, even while it is still held', () => {
    const { cache, clock } = testCache()
    fill(cache, 'ab', SECOND)
    clock.advance(SECOND)
    expect(look(cache).keys).toBe(2)
    expect(cache.touch('a', HOUR)).toBe(false)
    expect(cache.get('a')).toBeUndefined()
    expect([...cache.keys()]).toEqual([])
    expect(cache.sweep()).toBe(1)
  })

  it('a set after expiry is a new entry with its own time', () => {
    const { cache, clock, removals } = testCache()
    cache.set('a', 1, { ttl: SECOND })
    clock.advance(SECOND)
    cache.set('a', 2, { ttl: MINUTE })
    expect(cache.get('a')).toBe(2)
    expect(cache.expiresAt('a')).toBe(clock.time + MINUTE)
    expect(removals()).toEqual(['a 1 expired'])
  })

  it('the ttl of the cache holds where set() gives none', () => {
    const { cache, clock } = testCache({ ttl: MINUTE })
    cache.set('a', 1)
    cache.set('b', 2, {})
    cache.set('c', 3, { ttl: HOUR })
    cache.set('d', 4, { ttl: Infinity })
    cache.set('e', 5, { ttl: undefined as never })
    expect([...'abcde'].map((key) => cache.expiresAt(key)! - clock.time)).toEqual([MINUTE, MINUTE, HOUR, Infinity, MINUTE])
    clock.advance(MINUTE)
    expect([...cache.keys()].join('')).toBe('dc')
  })

  it('without any ttl an entry never expires', () => {
    const { cache, clock } = testCache()
    cache.set('a', 1)
    expect(cache.expiresAt('a')).toBe(Infinity)
    clock.advance(LAST_DATE - clock.time)
    expect(cache.get('a')).toBe(1)
    expect(cache.sweep()).toBe(0)
  })

  it('reading does not prolong: the ttl counts from the write', () => {
    const { cache, clock } = testCache({ ttl: SECOND })
    cache.set('a', 1)
    clock.advance(900)
    expect(cache.get('a')).toBe(1)
    clock.advance(100)
    expect(cache.get('a')).toBeUndefined()
  })

  it('an overwrite gives the new time, be it longer, shorter or never', () => {
    const { cache, clock } = testCache()
    for (const ttl of [MINUTE, HOUR, SECOND, Infinity, MINUTE, 40 * DAY, 1]) {
      cache.set('a', 1, { ttl })
      expect(cache.expiresAt('a')).toBe(clock.time + ttl)
    }
    clock.advance(1)
    expect(cache.size).toBe(0)
  })
})

describe('ttl 0', () => {
  it('set() keeps nothing of it, evicts nothing, and counts as a set', () => {
    const { cache, removals } = testCache({ maxEntries: 2 })
    fill(cache, 'ab')
    cache.set('c', 2, { ttl: 0 })
    expect([...cache.keys()]).toEqual(['b', 'a'])
    expect(removals()).toEqual([])
    expect(cache.stats()).toMatchObject({ sets: 3, size: 2 })
  })

  it('set() removes the older value', () => {
    const { cache, removals } = testCache()
    cache.set('a', 1)
    cache.set('a', 2, { ttl: 0 })
    expect(cache.get('a')).toBeUndefined()
    expect(look(cache)).toEqual(EMPTY)
    expect(removals()).toEqual(['a 1 deleted'])
  })

  it.each([-0, 1e-5, Number.MIN_VALUE])('%d, which does not move the clock, is 0', (ttl) => {
    const { cache, removals } = testCache({ maxEntries: 2 })
    fill(cache, 'ab')
    cache.set('c', 1, { ttl })
    expect(removals()).toEqual([])
    cache.set('a', 1, { ttl })
    expect(removals()).toEqual(['a 0 deleted'])
    expect([...cache.keys()]).toEqual(['b'])
  })

  it('touch() ends the entry at once, and is true', () => {
    const { cache, removals } = testCache()
    cache.set('a', 1)
    expect(cache.touch('a', 0)).toBe(true)
    expect([cache.has('a'), cache.size, [...cache]]).toEqual([false, 0, []])
    expect(cache.touch('a', HOUR)).toBe(false)
    expect(removals()).toEqual(['a 1 expired'])
    expect(look(cache)).toEqual(EMPTY)
  })

  it('as the default of a cache, only entries with a ttl of their own are kept', () => {
    const { cache } = testCache({ ttl: 0 })
    cache.set('a', 1)
    cache.set('b', 2, { ttl: 1 })
    expect([...cache.keys()]).toEqual(['b'])
  })
})

describe('touch', () => {
  it('counts the new ttl from now, shorter or longer than before', () => {
    const { cache, clock } = testCache()
    cache.set('a', 1, { ttl: MINUTE })
    clock.advance(10 * SECOND)
    expect(cache.touch('a', HOUR)).toBe(true)
    expect(cache.expiresAt('a')).toBe(clock.time + HOUR)
    expect(cache.touch('a', SECOND)).toBe(true)
    expect(cache.expiresAt('a')).toBe(clock.time + SECOND)
    clock.advance(SECOND)
    expect(cache.get('a')).toBeUndefined()
  })

  it('prolongs past the former end', () => {
    const { cache, clock } = testCache()
    cache.set('a', 1, { ttl: SECOND })
    clock.advance(SECOND - 1)
    cache.touch('a', SECOND)
    clock.advance(SECOND - 1)
    expect(cache.get('a')).toBe(1)
    expect(cache.sweep()).toBe(0)
    clock.advance(1)
    expect(cache.sweep()).toBe(1)
  })

  it('Infinity makes an entry everlasting, and a later touch mortal again', () => {
    const { cache, clock } = testCache()
    cache.set('a', 1, { ttl: SECOND })
    expect(cache.touch('a', Infinity)).toBe(true)
    expect(cache.expiresAt('a')).toBe(Infinity)
    expect(look(cache).filed).toBe(0)
    clock.advance(1000 * DAY)
    expect(cache.touch('a', SECOND)).toBe(true)
    clock.advance(SECOND)
    expect(cache.sweep()).toBe(1)
  })

  it('keeps value and order, and tells no listener', () => {
    const { cache, removals } = testCache()
    fill(cache, 'abc')
    expect(cache.touch('a', HOUR)).toBe(true)
    expect([...cache.entries()]).toEqual([['c', 2], ['b', 1], ['a', 0]])
    expect(removals()).toEqual([])
  })
})

describe('ttl of any size', () => {
  it.each([2 ** 30, 2 ** 31 - 1, 2 ** 31, 2 ** 32, 2 ** 40, 400 * 365 * DAY])('%d ms is kept to the ms', (ttl) => {
    const { cache, clock } = testCache()
    cache.set('a', 1, { ttl })
    cache.set('b', 1, { ttl: SECOND })
    expect(cache.expiresAt('a')).toBe(clock.time + ttl)
    clock.advance(SECOND)
    expect(cache.sweep()).toBe(1)
    clock.advance(ttl - SECOND - 1)
    expect(cache.sweep()).toBe(0)
    expect(cache.get('a')).toBe(1)
    clock.advance(1)
    expect(cache.size).toBe(0)
    expect(cache.sweep()).toBe(1)
  })

  it('what would expire later than any Date never does', () => {
    const { cache, clock } = testCache()
    cache.set('in time', 1, { ttl: LAST_DATE - clock.time })
    cache.set('later', 2, { ttl: LAST_DATE - clock.time + 1 })
    cache.set('far', 3, { ttl: 8.65e15 })
    cache.set('farthest', 4, { ttl: Number.MAX_VALUE })
    expect(cache.expiresAt('in time')).toBe(LAST_DATE)
    expect(['later', 'far', 'farthest'].map((key) => cache.expiresAt(key))).toEqual([Infinity, Infinity, Infinity])
    expect(cache.touch('in time', 8.65e15)).toBe(true)
    expect(cache.expiresAt('in time')).toBe(Infinity)
    expect(look(cache).filed).toBe(0)
  })

  it('a fraction of a ms is rounded up, never down', () => {
    const { cache, clock } = testCache()
    cache.set('a', 1, { ttl: 1.5 })
    cache.set('b', 1, { ttl: 0.25 })
    expect(cache.expiresAt('a')).toBe(clock.time + 2)
    expect(cache.expiresAt('b')).toBe(clock.time + 1)
    clock.advance(1)
    expect([...cache.keys()]).toEqual(['a'])
    clock.advance(1)
    expect(cache.sweep()).toBe(2)
  })

  it('a clock with fractions works', () => {
    const { cache, clock } = testCache()
    clock.advance(0.25)
    cache.set('a', 1, { ttl: 10 })
    expect(cache.expiresAt('a')).toBe(clock.time + 10.75)
    clock.advance(10.5)
    expect(cache.get('a')).toBe(1)
    clock.advance(0.25)
    expect(cache.size).toBe(0)
    expect(cache.sweep()).toBe(1)
  })

  it('a ttl too small to move the clock removes, as 0 does', () => {
    const { cache } = testCache()
    cache.set('a', 1)
    cache.set('a', 2, { ttl: Number.MIN_VALUE })
    expect([cache.size, [...cache], cache.get('a')]).toEqual([0, [], undefined])
    expect(look(cache)).toEqual(EMPTY)
  })

  it('ttl 0 is already expired under a clock with fractions, too', () => {
    const { cache, clock } = testCache()
    clock.advance(0.25)
    cache.set('a', 1)
    expect(cache.touch('a', 0)).toBe(true)
    expect(cache.has('a')).toBe(false)
  })

  it.each([0, -5 * HOUR, 1, 2 ** 30 - 1])('a clock that starts at %d works', (start) => {
    const { cache, clock } = testCache()
    clock.advance(start - clock.time)
    fill(cache, 'ab', HOUR)
    cache.set('c', 3)
    clock.advance(HOUR - 1)
    expect(cache.size).toBe(3)
    clock.advance(1)
    expect(cache.sweep()).toBe(2)
    expect([...cache.keys()]).toEqual(['c'])
  })
})

describe('sweep', () => {
  it('frees everything that expired, however late, and returns how many', () => {
    const { cache, clock } = testCache({ maxEntries: Infinity, weigh: () => 1 })
    for (let i = 0; i < 1000; i++) cache.set(`k${i}`, i, { ttl: (i % 100) * MINUTE + 1 })
    cache.set('never', 0)
    clock.advance(50 * MINUTE)
    expect(cache.size).toBe(501)
    expect(cache.sweep()).toBe(500)
    expect(cache.sweep()).toBe(0)
    expect(look(cache)).toEqual({ keys: 501, recent: 501, filed: 500, values: 501, weight: 501, untold: 0 })
    clock.advance(400 * DAY)
    expect(cache.sweep()).toBe(500)
    expect(look(cache)).toEqual({ keys: 1, recent: 1, filed: 0, values: 1, weight: 1, untold: 0 })
  })

  it('is 0 when nothing can expire', () => {
    const { cache, clock } = testCache()
    fill(cache, 'abc')
    clock.advance(1000 * DAY)
    expect(cache.sweep()).toBe(0)
    expect(cache.size).toBe(3)
  })

  it('has no effect on those that were prolonged meanwhile', () => {
    const { cache, clock } = testCache()
    fill(cache, 'abcd', SECOND)
    cache.touch('a', MINUTE)
    cache.set('b', 9, { ttl: Infinity })
    cache.delete('c')
    clock.advance(SECOND)
    expect(cache.sweep()).toBe(1)
    expect([...cache.keys()].sort()).toEqual(['a', 'b'])
  })
})

describe('expired entries make room before live ones', () => {
  it('a full cache gives up an expired entry, however recently used', () => {
    const { cache, clock, removals } = testCache({ maxEntries: 3 })
    cache.set('old', 1)
    cache.set('older use', 2)
    cache.set('short', 3, { ttl: SECOND })
    clock.advance(SECOND)
    cache.set('new', 4)
    expect([...cache.keys()]).toEqual(['new', 'older use', 'old'])
    expect(removals()).toEqual(['short 3 expired'])
    expect(cache.stats()).toMatchObject({ evictions: 0, expirations: 1 })
  })

  it('writes free expired entries faster than they come, without any sweep', () => {
    const { cache, clock } = testCache({ maxEntries: Infinity })
    for (let i = 0; i < 1000; i++) cache.set(`old${i}`, i, { ttl: SECOND })
    clock.advance(SECOND)
    for (let i = 0; i < 500; i++) cache.set(`new${i}`, i, { ttl: HOUR })
    expect(look(cache).keys).toBe(500)
  })

  it('a miss of one key does not pay for all that expired', () => {
    const { cache, clock } = testCache()
    for (let i = 0; i < 500; i++) cache.set(`k${i}`, i, { ttl: SECOND })
    clock.advance(SECOND)
    cache.get('k7')
    expect(look(cache).keys).toBe(499)
  })
})

describe('clock steps', () => {
  it('an hour forward expires what is due, at once and completely', () => {
    const { cache, clock } = testCache()
    fill(cache, 'abc', 10 * MINUTE)
    cache.set('d', 4, { ttl: 2 * HOUR })
    clock.advance(HOUR)
    expect(cache.size).toBe(1)
    expect(cache.sweep()).toBe(3)
    expect(cache.get('d')).toBe(4)
  })

  it('an hour back makes nothing immortal and loses nothing', () => {
    const { cache, clock } = testCache()
    fill(cache, 'abc', 10 * MINUTE)
    clock.advance(5 * MINUTE)
    expect(cache.sweep()).toBe(0)
    clock.advance(-HOUR)
    expect([...cache.keys()].join('')).toBe('cba')
    fill(cache, 'de', 10 * MINUTE)
    clock.advance(10 * MINUTE)
    expect(cache.size).toBe(3)
    expect(cache.sweep()).toBe(2)
    clock.advance(HOUR - 15 * MINUTE + 10 * MINUTE)
    expect(cache.sweep()).toBe(3)
    expect(look(cache)).toEqual(EMPTY)
  })

  it('back and forth by an hour, many times, expiry stays exact', () => {
    const { cache, clock } = testCache()
    for (let round = 0; round < 50; round++) {
      clock.advance(round % 2 ? HOUR : -HOUR)
      cache.set('a', round, { ttl: MINUTE })
      clock.advance(MINUTE - 1)
      expect(cache.get('a')).toBe(round)
      clock.advance(1)
      expect(cache.get('a')).toBeUndefined()
    }
    expect(look(cache)).toEqual(EMPTY)
  })

  it('what expired and was freed stays gone when the clock steps back', () => {
    const { cache, clock } = testCache()
    cache.set('a', 1, { ttl: MINUTE })
    clock.advance(MINUTE)
    expect(cache.get('a')).toBeUndefined()
    clock.advance(-MINUTE)
    expect(cache.get('a')).toBeUndefined()
  })

  it('a look, a step back by 1 ms, a touch, and the same ms again: all goes on', () => {
    const { cache, clock } = testCache()
    cache.set('long', 0, { ttl: HOUR })
    cache.set('c', 1, { ttl: 3 })
    fill(cache, 'ab', 2)
    clock.advance(2)
    expect(cache.size).toBe(2)
    clock.advance(-1)
    expect(cache.touch('a', 50)).toBe(true)
    clock.advance(1)
    expect([...cache.keys()].join()).toBe('a,c,long')
    expect(cache.size).toBe(3)
    expect(cache.sweep()).toBe(1)
  })

  it('clear() after a step back leaves a cache that works', () => {
    const { cache, clock } = testCache()
    cache.set('a', 1, { ttl: HOUR })
    clock.advance(HOUR - 1)
    cache.sweep()
    clock.advance(-HOUR)
    cache.clear()
    cache.set('b', 2, { ttl: SECOND })
    clock.advance(SECOND)
    expect(cache.sweep()).toBe(1)
    expect(look(cache)).toEqual(EMPTY)
  })
})

describe('the injected clock', () => {
  const OPERATIONS: [name: string, operation: (cache: ReturnType<typeof testCache>['cache'], key: string) => unknown][] = [
    ['get', (cache, key) => cache.get(key)],
    ['peek', (cache, key) => cache.peek(key)],
    ['has', (cache, key) => cache.has(key)],
    ['set', (cache, key) => cache.set(key, 1)],
    ['set with ttl', (cache, key) => cache.set(key, 1, { ttl: SECOND })],
    ['set with ttl 0', (cache, key) => cache.set(key, 1, { ttl: 0 })],
    ['touch', (cache, key) => cache.touch(key, SECOND)],
    ['touch with 0', (cache, key) => cache.touch(key, 0)],
    ['delete', (cache, key) => cache.delete(key)],
    ['expiresAt', (cache, key) => cache.expiresAt(key)],
    ['size', (cache) => cache.size],
    ['clear', (cache) => cache.clear()],
    ['sweep', (cache) => cache.sweep()],
    ['stats', (cache) => cache.stats()],
  ]

  // An iteration may take long: it reads the clock at each step.
  it.each(OPERATIONS)('is read exactly once by %s, whether the key is live, missing or expired', (_name, operation) => {
    const { cache, clock } = testCache({ maxEntries: 4 })
    for (const key of ['live', 'missing', 'expired']) {
      fill(cache, ['live', 'more'], HOUR)
      fill(cache, ['expired', 'gone'], SECOND)
      clock.advance(SECOND)
      const before = clock.reads
      operation(cache, key)
      expect(clock.reads - before, key).toBe(1)
    }
  })

  it('is not read when the cache is created', () => {
    expect(testCache().clock.reads).toBe(0)
  })

  it('keeps its this', () => {
    class Elsewhere {
      #time = 5
      now(): number {
        return this.#time
      }
    }
    const cache = createMemoryCache({ clock: new Elsewhere() })
    cache.set('a', 1, { ttl: 1 })
    expect(cache.expiresAt('a')).toBe(6)
  })
})

describe('the default clock', () => {
  afterEach(() => vi.restoreAllMocks())

  it('is Date.now, read once in a turn however many operations there are', async () => {
    const read = vi.spyOn(Date, 'now').mockReturnValue(5_000_000)
    const cache = createMemoryCache({ ttl: 1000 })
    for (let i = 0; i < 100; i++) {
      cache.set(`k${i}`, i)
      cache.get(`k${i}`)
    }
    expect(read).toHaveBeenCalledTimes(1)
    expect(cache.expiresAt('k0')).toBe(5_001_000)
    read.mockReturnValue(5_001_000)
    expect(cache.size, 'time stands still within a turn').toBe(100)
    await Promise.resolve()
    expect(cache.size, 'and goes on after it').toBe(0)
    expect(read).toHaveBeenCalledTimes(2)
  })
})

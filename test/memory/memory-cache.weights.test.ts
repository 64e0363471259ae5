// createMemoryCache with weights: both bounds at once, entries too heavy to keep, sums that add up and return to 0.
// Values are their own weights here unless a test says otherwise.

import { describe, expect, it, vi } from 'vitest'
import { HOUR, SECOND } from '../helpers/clock.ts'
import { expectRefusal } from '../helpers/errors.ts'
import { EMPTY, look } from '../helpers/inside.ts'
import { testCache, type TestCache } from '../helpers/memory.ts'

function weighted(maxWeight: number, maxEntries = 100): TestCache<number> {
  return testCache({ maxWeight, maxEntries, weigh: (value) => value })
}

function weightOf({ cache }: TestCache<number>): number {
  return cache.stats().weight
}

describe('the weight bound', () => {
  it('evicts the least recently used until the rest fits', () => {
    const made = weighted(10)
    for (const [key, weight] of [['a', 4], ['b', 3], ['c', 3]] as const) made.cache.set(key, weight)
    expect(weightOf(made)).toBe(10)
    made.cache.get('a')
    made.cache.set('d', 5)
    expect([...made.cache.keys()].join('')).toBe('da')
    expect(weightOf(made)).toBe(9)
    expect(made.removals()).toEqual(['b 3 evicted', 'c 3 evicted'])
  })

  it('is inclusive: a sum of exactly maxWeight stays', () => {
    const made = weighted(10)
    made.cache.set('a', 4)
    made.cache.set('b', 6)
    expect(made.cache.size).toBe(2)
    made.cache.set('c', 10)
    expect([...made.cache.keys()]).toEqual(['c'])
  })

  it('holds together with maxEntries, whichever is reached first', () => {
    const made = weighted(10, 3)
    for (const key of 'abcd') made.cache.set(key, 1)
    expect([...made.cache.keys()].join('')).toBe('dcb')
    made.cache.set('e', 9)
    expect([...made.cache.keys()].join('')).toBe('ed')
    expect(weightOf(made)).toBe(10)
  })

  it('entries of weight 0 are bounded by maxEntries alone', () => {
    const made = weighted(1, 3)
    for (const key of 'abcd') made.cache.set(key, 0)
    expect([...made.cache.keys()].join('')).toBe('dcb')
    expect(weightOf(made)).toBe(0)
  })

  it('takes expired entries before live ones', () => {
    const made = weighted(10)
    made.cache.set('old', 4)
    made.cache.set('short', 4, { ttl: SECOND })
    made.clock.advance(SECOND)
    made.cache.set('new', 6)
    expect([...made.cache.keys()]).toEqual(['new', 'old'])
    expect(made.removals()).toEqual(['short 4 expired'])
  })

  it('takes all that expired before a live one, however many that are', () => {
    const made = weighted(10)
    made.cache.set('old', 4)
    for (const key of ['s1', 's2', 's3', 's4', 's5', 's6']) made.cache.set(key, 1, { ttl: SECOND })
    made.clock.advance(SECOND)
    made.cache.set('new', 6)
    expect([...made.cache.keys()]).toEqual(['new', 'old'])
    expect(made.cache.stats()).toMatchObject({ evictions: 0, expirations: 6, weight: 10 })
  })

  it('an overwrite counts the difference', () => {
    const made = weighted(10)
    made.cache.set('a', 4)
    made.cache.set('b', 4)
    made.cache.set('a', 2)
    expect(weightOf(made)).toBe(6)
    made.cache.set('b', 8)
    expect(weightOf(made)).toBe(10)
    expect(made.cache.size).toBe(2)
  })

  it('an overwrite that grows evicts others, never itself', () => {
    const made = weighted(10)
    for (const [key, weight] of [['a', 3], ['b', 3], ['c', 3]] as const) made.cache.set(key, weight)
    made.cache.set('a', 9)
    expect([...made.cache.entries()]).toEqual([['a', 9]])
    expect(made.removals()).toEqual(['a 3 replaced', 'b 3 evicted', 'c 3 evicted'])
  })

  it('Infinity is no bound', () => {
    const made = weighted(Infinity)
    made.cache.set('a', 1e300)
    made.cache.set('b', 1e300)
    expect(made.cache.size).toBe(2)
  })
})

describe('an entry heavier than maxWeight', () => {
  it('is not kept and evicts nothing', () => {
    const made = weighted(10, 2)
    made.cache.set('a', 1)
    made.cache.set('b', 1)
    made.cache.set('c', 11)
    expect([...made.cache.keys()].join('')).toBe('ba')
    expect(made.removals()).toEqual([])
    expect(made.cache.stats()).toMatchObject({ sets: 3, evictions: 0, weight: 2 })
  })

  it('takes the older value of its key with it', () => {
    const made = weighted(10)
    made.cache.set('a', 1)
    made.cache.set('a', 11)
    expect(made.cache.get('a')).toBeUndefined()
    expect(made.removals()).toEqual(['a 1 replaced'])
    expect(look(made.cache)).toEqual(EMPTY)
  })

  it('of weight Infinity is not kept', () => {
    const made = weighted(10)
    made.cache.set('a', 1)
    made.cache.set('b', Infinity)
    expect([...made.cache.keys()]).toEqual(['a'])
    expect(weightOf(made)).toBe(1)
  })
})

describe('the sum', () => {
  it('returns to 0 by delete, expiry, eviction, replacement, clear and ttl 0', () => {
    const made = weighted(100, 2)
    const { cache, clock } = made
    cache.set('a', 5)
    cache.delete('a')
    expect(weightOf(made)).toBe(0)
    cache.set('a', 5, { ttl: SECOND })
    clock.advance(SECOND)
    cache.get('a')
    expect(weightOf(made)).toBe(0)
    cache.set('a', 5, { ttl: SECOND })
    clock.advance(SECOND)
    cache.sweep()
    expect(weightOf(made)).toBe(0)
    for (const key of 'abc') cache.set(key, 7)
    expect(weightOf(made)).toBe(14)
    cache.set('b', 1)
    expect(weightOf(made)).toBe(8)
    cache.clear()
    expect(weightOf(made)).toBe(0)
    cache.set('a', 5)
    cache.set('a', 5, { ttl: 0 })
    expect(weightOf(made)).toBe(0)
    cache.set('a', 5)
    cache.touch('a', 0)
    cache.sweep()
    expect(weightOf(made)).toBe(0)
  })

  it('is not changed by touch, get, peek or has', () => {
    const made = weighted(100)
    made.cache.set('a', 5)
    made.cache.touch('a', HOUR)
    made.cache.get('a')
    made.cache.peek('a')
    made.cache.has('a')
    expect(weightOf(made)).toBe(5)
  })

  it('counts without a bound too', () => {
    const { cache } = testCache<string>({ weigh: (value, key) => value.length + key.length })
    cache.set('ab', 'xyz')
    cache.set('c', '')
    expect(cache.stats().weight).toBe(6)
  })

  it('is 0 without weigh', () => {
    const { cache } = testCache()
    cache.set('a', 1)
    expect(cache.stats().weight).toBe(0)
  })

  it('of fractions returns to 0 when the cache is empty', () => {
    const made = weighted(1)
    made.cache.set('a', 0.1)
    made.cache.set('b', 0.2)
    made.cache.delete('a')
    made.cache.delete('b')
    expect(weightOf(made)).toBe(0)
  })

  it('of fractions lets an entry of exactly maxWeight in', () => {
    const made = weighted(0.3)
    made.cache.set('a', 0.2)
    made.cache.set('b', 0.1)
    made.cache.delete('a')
    made.cache.delete('b')
    made.cache.set('c', 0.3)
    expect(made.cache.get('c')).toBe(0.3)
  })

  it('stays a number when an entry of weight Infinity comes and goes', () => {
    const made = weighted(Infinity)
    made.cache.set('a', 1)
    made.cache.set('b', Infinity)
    made.cache.delete('b')
    expect(weightOf(made)).toBe(1)
  })

  it('of fractions lets an entry of exactly maxWeight take the place of a lighter one', () => {
    const made = weighted(0.3)
    made.cache.set('a', 0.1)
    made.cache.set('b', 0.3)
    expect(made.cache.get('b')).toBe(0.3)
    expect(weightOf(made)).toBeCloseTo(0.3, 12)
  })
})

describe('weigh', () => {
  it('is called once per write with value and key, and by nothing else', () => {
    const weigh = vi.fn(() => 1)
    const { cache, clock } = testCache<string>({ weigh })
    cache.set('a', 'x', { ttl: SECOND })
    expect(weigh.mock.calls).toEqual([['x', 'a']])
    cache.get('a')
    cache.touch('a', SECOND)
    cache.set('a', 'y')
    expect(weigh).toHaveBeenCalledTimes(2)
    clock.advance(HOUR)
    cache.sweep()
    cache.delete('a')
    expect(weigh).toHaveBeenCalledTimes(2)
  })

  it.each([-1, NaN, -Infinity, '5', {}, 1n, true])('that gives %s makes set() throw and change nothing', (weight) => {
    let next: unknown = 2
    const { cache, removals } = testCache<string>({ weigh: () => next as number })
    cache.set('a', 'x')
    next = weight
    const Kind = typeof weight === 'number' ? RangeError : TypeError
    expectRefusal(() => cache.set('a', 'y'), Kind, 'weight', weight)
    expectRefusal(() => cache.set('b', 'y'), Kind, 'weight', weight)
    expect([...cache.entries()]).toEqual([['a', 'x']])
    expect(cache.stats()).toMatchObject({ sets: 1, weight: 2 })
    expect(removals()).toEqual([])
  })

  it.each([undefined, null])('that gives %s, as one that forgot to return, makes set() throw', (weight) => {
    const { cache } = testCache<string>({ weigh: () => weight as never })
    expectRefusal(() => cache.set('a', 'y'), TypeError, 'weight', weight)
  })

  it('that throws makes set() throw the same error and change nothing', () => {
    const error = new Error('no scales')
    let broken = false
    const { cache } = testCache<string>({
      weigh: () => {
        if (broken) throw error
        return 1
      },
    })
    cache.set('a', 'x')
    broken = true
    expect(() => cache.set('a', 'y')).toThrow(error)
    expect(cache.get('a')).toBe('x')
    expect(cache.stats()).toMatchObject({ sets: 1, weight: 1 })
  })

  it('may use the cache', () => {
    const { cache } = testCache<number>({ maxEntries: 2, weigh: (value, key): number => (key === 'a' ? (cache.set('inner', 1), value) : value) })
    cache.set('a', 3)
    expect([...cache.keys()]).toEqual(['a', 'inner'])
    expect(cache.stats().weight).toBe(4)
  })
})

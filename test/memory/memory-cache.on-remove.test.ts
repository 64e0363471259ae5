// onRemove of createMemoryCache: which cause, in what order, when; listeners that throw and listeners that use the cache.
// After every test the helper looks whether bound, order and structures still agree.

import { afterEach, describe, expect, it, vi } from 'vitest'
import { createMemoryCache, type MemoryCache } from '../../src/memory/memory-cache.ts'
import { HOUR, ManualClock, SECOND } from '../helpers/clock.ts'
import { EMPTY, look } from '../helpers/inside.ts'
import { fill, testCache } from '../helpers/memory.ts'

afterEach(() => {
  vi.unstubAllGlobals()
  vi.restoreAllMocks()
})

describe('causes', () => {
  it('each way to leave has its own', () => {
    const { cache, clock, removals } = testCache({ maxEntries: 2 })
    fill(cache, 'ab')
    expect(removals(), 'nothing left yet').toEqual([])
    cache.set('c', 2)
    expect(removals()).toEqual(['a 0 evicted'])
    cache.set('b', 9)
    expect(removals()).toEqual(['b 1 replaced'])
    cache.delete('b')
    expect(removals()).toEqual(['b 9 deleted'])
    cache.set('d', 3, { ttl: SECOND })
    clock.advance(SECOND)
    cache.sweep()
    expect(removals()).toEqual(['d 3 expired'])
    cache.clear()
    expect(removals()).toEqual(['c 2 deleted'])
  })

  it('an overwrite by the same value is replaced, too', () => {
    const { cache, removals } = testCache()
    cache.set('a', 1)
    cache.set('a', 1)
    expect(removals()).toEqual(['a 1 replaced'])
  })

  it('an overwrite of an expired value is an expiration', () => {
    const { cache, clock, removals } = testCache()
    for (const key of 'abcdefgh') cache.set(key, 1, { ttl: SECOND })
    clock.advance(SECOND)
    cache.set('h', 2)
    expect(removals()).toContain('h 1 expired')
    expect(removals().join()).not.toContain('replaced')
  })

  it('touch, get, peek and has of a live entry tell nothing', () => {
    const { cache, removals } = testCache()
    cache.set('a', 1)
    cache.touch('a', HOUR)
    cache.get('a')
    cache.peek('a')
    cache.has('a')
    expect(removals()).toEqual([])
  })

  it('clear tells what had expired as expired, the others as deleted', () => {
    const { cache, clock, removals } = testCache()
    cache.set('a', 1)
    cache.set('b', 2, { ttl: SECOND })
    cache.set('c', 3, { ttl: HOUR })
    clock.advance(SECOND)
    cache.clear()
    expect(removals().sort()).toEqual(['a 1 deleted', 'b 2 expired', 'c 3 deleted'])
    expect(cache.stats().expirations).toBe(1)
  })

  it('one set tells the replaced first, then what expired, then what it evicted', () => {
    const { cache, clock, removals } = testCache({ maxWeight: 10, weigh: (value) => value })
    cache.set('expired', 2, { ttl: SECOND })
    cache.set('evicted', 5)
    cache.set('replaced', 3)
    clock.advance(SECOND)
    cache.set('replaced', 6)
    expect(removals()).toEqual(['replaced 3 replaced', 'expired 2 expired', 'evicted 5 evicted'])
  })

  it('an eviction per entry over the bound, least recently used first', () => {
    const { cache, removals } = testCache({ maxWeight: 4, weigh: (value) => (value === 99 ? 4 : 1) })
    fill(cache, 'abcd')
    cache.get('a')
    cache.set('z', 99)
    expect(removals()).toEqual(['b 1 evicted', 'c 2 evicted', 'd 3 evicted', 'a 0 evicted'])
    expect(cache.stats().evictions).toBe(4)
  })

  it('null, 0 and other falsy values are told', () => {
    const onRemove = vi.fn()
    const { cache } = testCache<unknown>({ onRemove })
    for (const value of [null, 0, '', false]) cache.set('a', value)
    cache.delete('a')
    expect(onRemove.mock.calls).toEqual([['a', null, 'replaced'], ['a', 0, 'replaced'], ['a', '', 'replaced'], ['a', false, 'deleted']])
  })

  it('every value that came in leaves once', () => {
    const { cache, clock, removals } = testCache({ maxEntries: 7 })
    for (let i = 0; i < 500; i++) {
      cache.set(`k${i % 11}`, i, { ttl: ((i * 7) % 13) * SECOND + SECOND })
      if (i % 5 === 0) clock.advance(SECOND)
      if (i % 17 === 0) cache.delete(`k${i % 3}`)
      if (i % 101 === 0) cache.clear()
    }
    cache.clear()
    const values = removals().map((line) => Number(line.split(' ')[1]))
    expect(values.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 500 }, (_, i) => i))
  })
})

describe('when a listener runs, the change is complete', () => {
  it('it sees the new value, not the old one', () => {
    const seen: unknown[] = []
    const { cache } = testCache({ onRemove: (key) => seen.push(cache.peek(key), cache.size, [...cache.keys()]) })
    cache.set('a', 1)
    cache.set('a', 2)
    expect(seen).toEqual([2, 1, ['a']])
  })

  it('it sees the entry that the victim made room for', () => {
    const seen: unknown[] = []
    const { cache } = testCache({ maxEntries: 2, onRemove: () => seen.push([...cache.keys()].join('')) })
    fill(cache, 'abc')
    expect(seen).toEqual(['cb'])
  })

  it('clear is empty and a sweep is done before the first is told', () => {
    const sizes: number[] = []
    const { cache, clock } = testCache({ onRemove: () => sizes.push(look(cache).keys) })
    fill(cache, 'abc')
    cache.clear()
    expect(sizes).toEqual([0, 0, 0])
    fill(cache, 'ab', SECOND)
    clock.advance(SECOND)
    cache.sweep()
    expect(sizes.slice(3)).toEqual([0, 0])
  })

  it('a set is done before it tells of what it freed', () => {
    const seen: string[] = []
    const { cache, clock } = testCache({ onRemove: () => seen.push([...cache.keys()].join('')) })
    cache.set('a', 1, { ttl: SECOND })
    clock.advance(SECOND)
    cache.set('b', 2)
    expect(seen).toEqual(['b'])
  })

  it('clear is done before it tells of what had expired', () => {
    const sizes: number[] = []
    const { cache, clock } = testCache({ onRemove: () => sizes.push(look(cache).keys) })
    cache.set('a', 1, { ttl: SECOND })
    cache.set('b', 2)
    clock.advance(SECOND)
    cache.clear()
    expect(sizes).toEqual([0, 0])
  })

  it('it runs before the operation returns', () => {
    const { cache, removals } = testCache()
    cache.set('a', 1)
    cache.delete('a')
    expect(removals()).toHaveLength(1)
  })
})

describe('a listener that throws', () => {
  const error = new Error('bad listener')

  it('changes nothing, keeps no other removal from being told, and is reported later', async () => {
    const report = vi.fn()
    vi.stubGlobal('reportError', report)
    const told: string[] = []
    const { cache, clock } = testCache({
      maxEntries: 2,
      onRemove: (key) => {
        told.push(key)
        throw error
      },
    })
    fill(cache, 'abc')
    cache.set('b', 9)
    expect(cache.delete('b')).toBe(true)
    cache.touch('c', SECOND)
    clock.advance(SECOND)
    expect(cache.get('c')).toBeUndefined()
    fill(cache, 'de', SECOND)
    clock.advance(SECOND)
    expect(cache.sweep()).toBe(2)
    fill(cache, 'fg')
    cache.clear()
    expect([...told].sort().join('')).toBe('abbcdefg')
    expect(look(cache)).toEqual(EMPTY)
    expect(report, 'not inside the operations').not.toHaveBeenCalled()
    await Promise.resolve()
    expect(report.mock.calls).toEqual(Array(8).fill([error]))
  })

  it('goes to the console where there is no reportError', async () => {
    vi.stubGlobal('reportError', undefined)
    const print = vi.spyOn(console, 'error').mockImplementation(() => {})
    const { cache } = testCache({
      onRemove: () => {
        throw error
      },
    })
    cache.set('a', 1)
    cache.delete('a')
    expect(print).not.toHaveBeenCalled()
    await Promise.resolve()
    expect(print.mock.calls).toEqual([[error]])
  })

  it('may throw anything', async () => {
    const report = vi.fn()
    vi.stubGlobal('reportError', report)
    const { cache } = testCache({
      onRemove: () => {
        throw undefined
      },
    })
    cache.set('a', 1)
    expect(cache.delete('a')).toBe(true)
    await Promise.resolve()
    expect(report.mock.calls).toEqual([[undefined]])
  })
})

describe('a listener that uses the cache', () => {
  type Listener = (cache: MemoryCache<number>, key: string, cause: string) => void

  /** What went wrong inside a listener, where a failed expectation would only be reported. */
  let failures: unknown[] = []

  afterEach(() => {
    const [failure] = failures
    failures = []
    if (failure !== undefined) throw failure
  })

  /** A cache whose listener is given the cache; checks the structures and the bound inside every call. */
  function reentrant(maxEntries: number, listener: Listener): { cache: MemoryCache<number>; clock: ManualClock } {
    const { cache, clock } = testCache<number>({
      maxEntries,
      onRemove: (key, _value, cause) => {
        try {
          listener(cache, key, cause)
          expect(look(cache).keys).toBeLessThanOrEqual(maxEntries)
        } catch (failure) {
          failures.push(failure)
        }
      },
    })
    return { cache, clock }
  }

  it('set: what it puts in is the most recent, the bound holds', () => {
    let left = 3
    const { cache } = reentrant(2, (inner, key) => {
      if (left-- > 0) inner.set(`${key}'`, 0)
    })
    fill(cache, 'abc')
    expect([...cache.keys()]).toEqual(["c'", "b'"])
  })

  it('set of the very key that was deleted: it is there afterwards', () => {
    let again = true
    const { cache } = reentrant(2, (inner, key, cause) => {
      if (cause === 'deleted' && again) inner.set(key, 7)
      again = false
    })
    cache.set('a', 1)
    expect(cache.delete('a')).toBe(true)
    expect(cache.get('a')).toBe(7)
  })

  it('get of an expired key that its listener sets again is still a miss', () => {
    const { cache, clock } = reentrant(2, (inner, key, cause) => {
      if (cause === 'expired') inner.set(key, 7)
    })
    cache.set('a', 1, { ttl: SECOND })
    clock.advance(SECOND)
    expect(cache.get('a')).toBeUndefined()
    expect(cache.get('a')).toBe(7)
  })

  it('delete: a sweep goes on and counts what expired', () => {
    const { cache, clock } = reentrant(10, (inner) => inner.delete('live'))
    fill(cache, 'abc', SECOND)
    cache.set('live', 1)
    clock.advance(SECOND)
    expect(cache.sweep()).toBe(3)
    expect(look(cache)).toEqual(EMPTY)
  })

  it('clear: nothing comes back', () => {
    const { cache } = reentrant(3, (inner, _key, cause) => {
      if (cause === 'evicted') inner.clear()
    })
    fill(cache, 'abcd')
    expect(look(cache)).toEqual(EMPTY)
    fill(cache, 'ef')
    expect([...cache.keys()].join('')).toBe('fe')
  })

  it('clear and set inside clear: what was set after is there', () => {
    let first = true
    const { cache } = reentrant(3, (inner) => {
      if (first) {
        first = false
        inner.clear()
        inner.set('last', 1)
      }
    })
    fill(cache, 'abc')
    cache.clear()
    expect([...cache.keys()]).toEqual(['last'])
  })

  it('sweep inside a sweep finds nothing left', () => {
    const counts: number[] = []
    const { cache, clock } = reentrant(10, (inner) => counts.push(inner.sweep()))
    fill(cache, 'abc', SECOND)
    clock.advance(SECOND)
    expect(cache.sweep()).toBe(3)
    expect(counts).toEqual([0, 0, 0])
  })

  it('touch and get of others', () => {
    const { cache, clock } = reentrant(3, (inner) => {
      inner.get('b')
      inner.touch('c', SECOND)
    })
    fill(cache, 'abcd')
    expect([...cache.keys()].join('')).toBe('bdc')
    clock.advance(SECOND)
    expect([...cache.keys()].join('')).toBe('bd')
  })

  it('thousands of entries may be freed while listeners put new ones in', async () => {
    const report = vi.fn()
    vi.stubGlobal('reportError', report)
    const { cache, clock } = testCache<number>({
      maxEntries: 10_000,
      onRemove: (key, value, cause) => {
        if (cause === 'expired') cache.set(`${key}'`, value)
      },
    })
    for (let i = 0; i < 10_000; i++) cache.set(`k${i}`, i, { ttl: SECOND })
    clock.advance(SECOND)
    expect(cache.sweep()).toBe(10_000)
    expect(cache.size).toBe(10_000)
    expect(cache.get("k7'")).toBe(7)
    await Promise.resolve()
    expect(report).not.toHaveBeenCalled()
  })

  it('the cost of telling a removal does not grow with their number', () => {
    const timed = (count: number): number => {
      let told = 0
      const { cache } = testCache<number>({ maxEntries: Infinity, onRemove: () => told++ })
      for (let i = 0; i < count; i++) cache.set(`k${i}`, i)
      const began = performance.now()
      cache.clear()
      expect(told).toBe(count)
      return performance.now() - began
    }
    const few = Math.min(...[1, 2, 3].map(() => timed(10_000)))
    const many = timed(100_000)
    // A quadratic cost takes seconds; a pause of the collector does not.
    expect(many, `${few.toFixed(1)} ms for 10,000, ${many.toFixed(1)} ms for 100,000`).toBeLessThan(Math.max(30 * few, 500))
  })

  it('removals are told in the order they happened, those that a listener causes included', () => {
    const told: string[] = []
    const cache = createMemoryCache<number>({
      onRemove: (key, value) => {
        told.push(`${key}${value}`)
        if (told.length > 1) return
        const other = key === 'a' ? 'b' : 'a'
        cache.set(other, 2)
        cache.delete(other)
      },
    })
    cache.set('a', 1)
    cache.set('b', 1)
    cache.clear()
    const [, second] = told
    expect(told.slice(1)).toEqual([second, second?.replace('1', '2')])
  })
})

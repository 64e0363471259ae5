// Iterating a memory cache: order, what a change during the iteration does, and what counts as use (nothing).

import { describe, expect, it } from 'vitest'
import { SECOND } from '../helpers/clock.ts'
import { fill, testCache } from '../helpers/memory.ts'

describe('iteration', () => {
  it('goes from the most to the least recently used, in all four forms', () => {
    const { cache } = testCache()
    fill(cache, 'abc')
    cache.get('a')
    expect([...cache.keys()]).toEqual(['a', 'c', 'b'])
    expect([...cache.values()]).toEqual([0, 2, 1])
    expect([...cache.entries()]).toEqual([['a', 0], ['c', 2], ['b', 1]])
    expect([...cache]).toEqual([['a', 0], ['c', 2], ['b', 1]])
    expect(new Map(cache).get('c')).toBe(2)
  })

  it('of an empty cache ends at once', () => {
    const { cache } = testCache()
    for (const iterator of [cache.keys(), cache.values(), cache.entries(), cache[Symbol.iterator]()]) {
      expect(iterator.next()).toEqual({ done: true, value: undefined })
    }
  })

  it('gives iterators that are iterable and end for good', () => {
    const { cache } = testCache()
    fill(cache, 'ab')
    const keys = cache.keys()
    expect(keys[Symbol.iterator]()).toBe(keys)
    expect([...keys]).toEqual(['b', 'a'])
    expect([...keys]).toEqual([])
  })

  it('can be left early', () => {
    const { cache } = testCache()
    fill(cache, 'abc')
    const seen: string[] = []
    for (const [key] of cache) {
      seen.push(key)
      if (key === 'b') break
    }
    expect(seen).toEqual(['c', 'b'])
  })

  it('does not give what expired on the way, whether or not somebody has looked', () => {
    for (const looks of [false, true]) {
      const { cache, clock } = testCache()
      fill(cache, 'abc', SECOND)
      cache.set('d', 3)
      for (const iterator of [cache.keys(), cache.values(), cache.entries(), cache[Symbol.iterator]()]) {
        fill(cache, 'abc', SECOND)
        expect(iterator.next().done).toBe(false)
        clock.advance(SECOND)
        if (looks) cache.has('b')
        expect([...iterator]).toHaveLength(1)
      }
    }
  })

  it('skips expired entries that are still held', () => {
    const { cache, clock } = testCache()
    cache.set('a', 1)
    cache.set('b', 2, { ttl: SECOND })
    cache.set('c', 3)
    clock.advance(SECOND)
    expect([...cache]).toEqual([['c', 3], ['a', 1]])
  })

  it('skips what was deleted meanwhile', () => {
    const { cache } = testCache()
    fill(cache, 'abcd')
    const seen: string[] = []
    for (const key of cache.keys()) {
      seen.push(key)
      cache.delete('c')
      cache.delete(key)
    }
    expect(seen.join('')).toBe('dba')
    expect(cache.size).toBe(0)
  })

  it('ends after clear()', () => {
    const { cache } = testCache()
    fill(cache, 'abc')
    let count = 0
    for (const _ of cache) {
      count++
      cache.clear()
    }
    expect(count).toBe(1)
  })

  it('does not see what was added meanwhile, so it ends', () => {
    const { cache } = testCache()
    fill(cache, 'ab')
    const seen: string[] = []
    for (const key of cache.keys()) {
      seen.push(key)
      cache.set(`${key}+`, 1)
    }
    expect(seen).toEqual(['b', 'a'])
    expect(cache.size).toBe(4)
  })

  it('gives each key once although its uses change the order, with the newest value', () => {
    const { cache } = testCache()
    fill(cache, 'abc')
    const seen: string[] = []
    for (const [key, value] of cache) {
      seen.push(`${key}${value}`)
      cache.get('a')
      cache.set('b', 7)
    }
    expect(seen).toEqual(['c2', 'b7', 'a0'])
  })

  it('survives evictions caused on the way', () => {
    const { cache } = testCache({ maxEntries: 3 })
    fill(cache, 'abc')
    const seen: string[] = []
    for (const key of cache.keys()) {
      seen.push(key)
      cache.set(`${key}+`, 1)
    }
    expect(seen.join('')).toBe('cb')
    expect([...cache.keys()]).toEqual(['b+', 'c+', 'c'])
  })

  it('is not misled when another key takes the place of a deleted one', () => {
    const { cache } = testCache()
    fill(cache, 'abc')
    const seen: string[] = []
    for (const [key] of cache) {
      seen.push(key)
      if (key !== 'c') continue
      cache.delete('b')
      cache.set('z', 9)
    }
    expect(seen).toEqual(['c', 'a'])
  })

  it('of a thousand entries gives each of them', () => {
    const { cache } = testCache({ maxEntries: 1000 })
    for (let i = 0; i < 3000; i++) cache.set(`k${i}`, i)
    expect([...cache.values()]).toEqual(Array.from({ length: 1000 }, (_, i) => 2999 - i))
  })
})

// The behaviours of GoFrame's gcache that a memory cache has to have, and those it has to correct. The numbers are those of
// gcache's unit tests, as listed in section 7 of the parity document (8 is what its tests never looked at).
// Where gcache takes 0 for "never" this is Infinity here; where it takes a negative duration it is 0, and a RangeError.

import { describe, expect, it } from 'vitest'
import { createMemoryCache } from '../../src/memory/memory-cache.ts'
import { DAY, HOUR, SECOND } from '../helpers/clock.ts'
import { EMPTY, look } from '../helpers/inside.ts'
import { fill, testCache } from '../helpers/memory.ts'

describe('gcache unit tests (7)', () => {
  it('7.1 what is set for ever is there', () => {
    const { cache, clock } = testCache()
    cache.set('1', 11, { ttl: Infinity })
    clock.advance(1000 * DAY)
    expect(cache.get('1')).toBe(11)
    expect(cache.has('1')).toBe(true)
  })

  it('7.2 what is set for 100 ms is gone after 200 ms, and size is 0', () => {
    const { cache, clock } = testCache()
    cache.set('1', 11, { ttl: 100 })
    expect(cache.get('1')).toBe(11)
    clock.advance(200)
    expect(cache.get('1')).toBeUndefined()
    clock.advance(3 * SECOND)
    expect(cache.size).toBe(0)
    expect(look(cache)).toEqual(EMPTY)
  })

  it('7.4 a new duration replaces the old one: 3 s become 10 s', () => {
    const { cache, clock } = testCache()
    cache.set('1', 11, { ttl: 3 * SECOND })
    expect(cache.expiresAt('1')! - clock.time).toBe(3 * SECOND)
    expect(cache.touch('1', 10 * SECOND)).toBe(true)
    expect(cache.expiresAt('1')! - clock.time).toBe(10 * SECOND)
  })

  it('7.5 ten keys have ten keys and ten values', () => {
    const { cache } = testCache()
    for (let i = 0; i < 10; i++) cache.set(`${i}`, i * 10)
    expect([...cache.keys()]).toHaveLength(10)
    expect([...cache.keys()]).toContain('0')
    expect([...cache.values()]).toHaveLength(10)
    expect([...cache.values()]).toContain(90)
  })

  it('7.6 the bound of an LRU of 2 holds immediately after ten sets', () => {
    const { cache } = testCache({ maxEntries: 2 })
    for (let i = 0; i < 10; i++) cache.set(`${i}`, i)
    expect(cache.size).toBe(2)
    expect(cache.get('6')).toBeUndefined()
    expect(cache.get('9')).toBe(9)
  })

  it('7.7 a null counts as an entry, and expires as one', () => {
    const { cache, clock } = testCache<null>({ maxEntries: 2 })
    cache.set('1', null, { ttl: 50 })
    expect(cache.size).toBe(1)
    expect(cache.get('1')).toBeNull()
    clock.advance(100)
    expect(cache.size).toBe(0)
  })

  it('7.11 several keys set are several keys found', () => {
    const { cache } = testCache()
    for (const [key, value] of [['1', 11], ['2', 22]] as const) cache.set(key, value)
    expect([cache.get('1'), cache.get('2')]).toEqual([11, 22])
  })

  it('7.15 clear leaves size 0', () => {
    const { cache } = testCache()
    fill(cache, 'ab')
    cache.clear()
    expect(cache.size).toBe(0)
  })

  it('7.17 basics: contents, then one removal after the other', () => {
    const { cache, removals } = testCache()
    cache.set('1', 11)
    cache.set('2', 22)
    expect(cache.has('1')).toBe(true)
    expect(cache.get('1')).toBe(11)
    expect(Object.fromEntries(cache)).toEqual({ 1: 11, 2: 22 })
    expect(Object.fromEntries(cache)).not.toHaveProperty('3')
    expect(cache.size).toBe(2)
    expect(new Set(cache.keys())).toEqual(new Set(['1', '2']))
    expect(new Set(cache.values())).toEqual(new Set([11, 22]))
    cache.delete('1')
    expect(removals()).toEqual(['1 11 deleted'])
    expect(cache.size).toBe(1)
    cache.delete('2')
    expect(cache.size).toBe(0)
  })

  it('7.18 removing some leaves the others', () => {
    const { cache } = testCache()
    for (const key of ['1', '2', '3']) cache.set(key, Number(key))
    for (const key of ['2', '3']) cache.delete(key)
    expect([cache.get('1'), cache.get('2'), cache.get('3')]).toEqual([1, undefined, undefined])
  })

  it('7.19 nothing throws for what is not there', () => {
    const { cache } = testCache()
    expect([cache.get('x'), cache.peek('x'), cache.has('x'), cache.expiresAt('x'), cache.touch('x', 1), cache.delete('x')]).toEqual([
      undefined,
      undefined,
      false,
      undefined,
      false,
      false,
    ])
  })

  it('7.20 a cache is created', () => {
    expect(createMemoryCache()).toBeTypeOf('object')
  })

  it('examples: values may be lists and maps, and contents after clear are {}', () => {
    const { cache } = testCache<unknown>()
    cache.set('list', [1, 2])
    cache.set('map', new Map([['a', 1]]))
    expect(cache.get('list')).toEqual([1, 2])
    expect(cache.get('map')).toEqual(new Map([['a', 1]]))
    cache.clear()
    expect(Object.fromEntries(cache)).toEqual({})
  })

  it('examples: removing 3 of 4 leaves k4', () => {
    const { cache } = testCache()
    fill(cache, ['k1', 'k2', 'k3', 'k4'])
    for (const key of ['k1', 'k2', 'k3']) cache.delete(key)
    expect([...cache.keys()]).toEqual(['k4'])
  })
})

describe('what gcache never tested (8)', () => {
  it('8 missing, never and remaining time differ by value, not by sign', () => {
    const { cache, clock } = testCache()
    cache.set('never', 1)
    cache.set('soon', 2, { ttl: SECOND })
    expect([cache.expiresAt('missing'), cache.expiresAt('never'), cache.expiresAt('soon')]).toEqual([undefined, Infinity, clock.time + SECOND])
    clock.advance(SECOND)
    expect(cache.expiresAt('soon')).toBeUndefined()
  })

  it('8 a negative duration is refused and deletes nothing', () => {
    const { cache } = testCache()
    cache.set('a', 1)
    expect(() => cache.set('a', 2, { ttl: -1 })).toThrow(RangeError)
    expect(() => cache.touch('a', -1)).toThrow(RangeError)
    expect(cache.get('a')).toBe(1)
  })

  it('8 get promotes', () => {
    const { cache } = testCache({ maxEntries: 2 })
    fill(cache, 'ab')
    cache.get('a')
    cache.set('c', 3)
    expect([...cache.keys()].join('')).toBe('ca')
  })

  it('8 nothing is left after clear', () => {
    const { cache } = testCache()
    fill(cache, 'abc', HOUR)
    cache.clear()
    expect(look(cache)).toEqual(EMPTY)
  })

  it('8 a late look and a step of the clock cost delay, not memory', () => {
    const { cache, clock } = testCache()
    fill(cache, 'abc', SECOND)
    clock.advance(10 * DAY)
    expect(cache.sweep()).toBe(3)
    fill(cache, 'abc', SECOND)
    clock.advance(-HOUR)
    clock.advance(HOUR + SECOND)
    expect(cache.sweep()).toBe(3)
    expect(look(cache)).toEqual(EMPTY)
  })
})

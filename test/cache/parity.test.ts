// The behaviours of GoFrame's gcache that createCache has to have, and those it has to correct. The numbers are those of
// gcache's unit tests, as listed in section 7 of the parity document; its Redis tests, and what no test of it looked at, have a
// file of their own. Where gcache takes 0 for "never" this is Infinity here; a negative duration is 0, and a RangeError.

import { beforeEach, describe, expect, it, vi } from 'vitest'
import { createCache, type Cache } from '../../src/index.ts'
import { collected, expectEmpty, keysOf, MEMORY_ALONE, PLAIN_STORE, placeOf, TWO_TIERS, type Place } from '../helpers/caches.ts'
import { DAY, SECOND, type ManualClock } from '../helpers/clock.ts'

describe.each([TWO_TIERS, MEMORY_ALONE, PLAIN_STORE])('$title', (arrangement) => {
  const persistent = arrangement.second !== 'nothing'
  let place: Place
  let clock: ManualClock
  let cache: Cache<unknown>

  beforeEach(() => {
    place = placeOf(arrangement)
    clock = place.clock
    cache = place.open()
  })

  const timeLeft = async (key: string): Promise<number> => (await cache.expiresAt(key))! - clock.time
  const contents = async (): Promise<object> => Object.fromEntries(await collected(cache.entries()))

  describe('gcache unit tests (7)', () => {
    it('7.1 what is set for ever is there', async () => {
      await cache.set('1', 11, { ttl: Infinity })
      clock.advance(1000 * DAY)
      expect(await cache.get('1')).toBe(11)
      expect(await cache.has('1')).toBe(true)
    })

    it('7.2 what is set for 100 ms is gone after 200 ms; after 3 s nothing is left, and close gives no error', async () => {
      await cache.set('1', 11, { ttl: 100 })
      expect(await cache.get('1')).toBe(11)
      clock.advance(200)
      expect(await cache.get('1')).toBeUndefined()
      clock.advance(3 * SECOND)
      expect(await cache.size()).toBe(0)
      await cache.sweep()
      await expectEmpty(cache, place)
      expect(await cache.close()).toBeUndefined()
    })

    it('7.3 update gives the old value and keeps the 3 s', async () => {
      await cache.set('1', 11, { ttl: 3 * SECOND })
      clock.advance(SECOND)
      expect(await cache.update('1', 12)).toBe(11)
      expect(await cache.get('1')).toBe(12)
      expect(await timeLeft('1')).toBe(2 * SECOND)
    })

    it('7.4 a new duration replaces the old one: 3 s become 10 s', async () => {
      await cache.set('1', 11, { ttl: 3 * SECOND })
      expect(await timeLeft('1')).toBe(3 * SECOND)
      expect(await cache.touch('1', 10 * SECOND)).toBe(true)
      expect(await timeLeft('1')).toBe(10 * SECOND)
    })

    it('7.5 ten keys have ten keys and ten values', async () => {
      for (let i = 0; i < 10; i++) await cache.set(`${i}`, i * 10)
      expect(await keysOf(cache as Cache<never>)).toEqual([...'0123456789'])
      const values = await collected(cache.values())
      expect(values).toHaveLength(10)
      expect(values).toContain(0)
      expect(values).toContain(90)
    })

    it('7.6 the bound of an LRU of 2 holds immediately after ten sets', async () => {
      cache = await place.reload(cache, { maxEntries: 2 })
      for (let i = 0; i < 10; i++) await cache.set(`${i}`, i)
      expect(cache.stats().memory.size).toBe(2)
      expect(cache.peek('6')).toBeUndefined()
      expect(await cache.get('6')).toBe(persistent ? 6 : undefined)
      expect(await cache.get('9')).toBe(9)
      expect(await cache.size()).toBe(persistent ? 10 : 2)
    })

    it('7.7 a null counts as an entry, and expires as one', async () => {
      await cache.set('1', null, { ttl: 50 })
      expect(await cache.size()).toBe(1)
      expect(await cache.get('1')).toBeNull()
      clock.advance(100)
      expect(await cache.size()).toBe(0)
    })

    it('7.8 add is true where nothing was, and false and changes nothing where something is', async () => {
      expect(await cache.add('1', 11, { ttl: Infinity })).toBe(true)
      expect(await cache.get('1')).toBe(11)
      expect(await cache.add('1', 22, { ttl: SECOND })).toBe(false)
      expect(await cache.get('1')).toBe(11)
      expect(await cache.expiresAt('1')).toBe(Infinity)
      expect(await cache.add('2', 22)).toBe(true)
      await cache.delete('1')
      expect(await cache.add('1', 33)).toBe(true)
      expect(await cache.get('1')).toBe(33)
    })

    it.each(['7.9', '7.10'])('%s a value that has to be made first is made, then added: the second one is not used', async () => {
      const add = async (make: () => Promise<number>): Promise<boolean> => cache.add('1', await make())
      expect(await add(async () => 11)).toBe(true)
      expect(await add(async () => 22)).toBe(false)
      expect(await cache.get('1')).toBe(11)
    })

    it('7.11 several keys set are several keys found', async () => {
      await cache.setMany([['1', 11], ['2', 22]])
      expect([await cache.get('1'), await cache.get('2')]).toEqual([11, 22])
    })

    it.each(['7.12', '7.13', '7.14'])('%s what is missing is loaded and stored; what is there is given, and no loader is called', async () => {
      const second = vi.fn(() => 111)
      expect(await cache.getOrLoad('1', () => 11)).toBe(11)
      expect(await cache.getOrLoad('1', second)).toBe(11)
      expect(await cache.get('1')).toBe(11)
      expect(second).not.toHaveBeenCalled()
    })

    it('7.15 clear leaves size 0', async () => {
      await cache.setMany([['1', 11], ['2', 22]])
      await cache.clear()
      await expectEmpty(cache, place)
    })

    it('7.16 four workers that add one key with the shortest of lives, then null, for 4 s', async () => {
      let [lives, nulls] = [0, 0]
      const worker = async (): Promise<void> => {
        for (let round = 0; round < 50; round++) {
          if (await cache.add('1', 1, { ttl: 0.00001 })) lives++
          if (round % 5 === 0) clock.advance(20)
          if (await cache.add('1', null)) nulls++
        }
      }
      await Promise.all([1, 2, 3, 4].map(worker))
      expect(lives).toBeGreaterThan(0)
      expect(nulls).toBe(1)
      expect(await cache.get('1')).toBeNull()
    })

    it('7.17 basics: contents, then one removal after the other', async () => {
      await cache.setMany([['1', 11], ['2', 22]])
      expect(await cache.has('1')).toBe(true)
      expect(await cache.get('1')).toBe(11)
      expect(await contents()).toEqual({ 1: 11, 2: 22 })
      expect(await cache.getMany(['1', '3'])).toEqual(new Map([['1', 11]]))
      expect(await cache.size()).toBe(2)
      expect(await keysOf(cache as Cache<never>)).toEqual(['1', '2'])
      expect(new Set(await collected(cache.values()))).toEqual(new Set([11, 22]))
      expect(await cache.take('1')).toBe(11)
      expect(await cache.size()).toBe(1)
      expect(await cache.delete('2')).toBe(true)
      await expectEmpty(cache, place)
    })

    it('7.18 removing some leaves the others', async () => {
      await cache.setMany([['1', 11], ['2', 22], ['3', 33]])
      expect(await cache.deleteMany(['2', '3'])).toBe(2)
      expect(await contents()).toEqual({ 1: 11 })
    })

    it('7.19 plain values, without a panic for what is not there', async () => {
      await cache.setMany([['1', 1], ['2', 2], ['3', 3], ['4', 4]], { ttl: 3 * SECOND })
      expect(await timeLeft('1')).toBeGreaterThanOrEqual(0)
      expect(await cache.size()).toBe(4)
      for (const list of [cache.keys(), cache.values(), cache.entries()]) expect(await collected<unknown>(list)).toHaveLength(4)
      expect(await Promise.all([cache.get('x'), cache.expiresAt('x'), cache.update('x', 1), cache.take('x')])).toEqual([undefined, undefined, undefined, undefined])
      expect(await Promise.all([cache.has('x'), cache.touch('x', 1), cache.delete('x'), cache.deleteMany(['x'])])).toEqual([false, false, false, 0])
    })

    it('7.20 a cache is created', () => {
      expect(createCache()).toBeTypeOf('object')
    })
  })

  describe('gcache examples (7)', () => {
    it('removing a key gives its value; removing 3 of 4 leaves k4', async () => {
      await cache.setMany([['k1', 'v1'], ['k2', 'v2'], ['k3', 'v3'], ['k4', 'v4']])
      expect(await cache.take('k1')).toBe('v1')
      expect(await cache.deleteMany(['k1', 'k2', 'k3'])).toBe(2)
      expect(await contents()).toEqual({ k4: 'v4' })
    })

    it('add of a key that is there with a negative duration is refused, and the entry keeps its own time', async () => {
      await cache.set('k', 'v', { ttl: SECOND })
      await expect(cache.add('k', 'other', { ttl: -1 })).rejects.toThrow(RangeError)
      expect(await cache.add('k', 'other', { ttl: 0 })).toBe(false)
      expect(await cache.get('k')).toBe('v')
      clock.advance(1.5 * SECOND)
      expect(await collected(cache.keys())).toEqual([])
    })

    it('update of what is missing inserts nothing', async () => {
      expect(await cache.update('k', 'v')).toBeUndefined()
      await expectEmpty(cache, place)
    })

    it('after close a get is refused; the entry is there for the next cache', async () => {
      await cache.set('k', 'v')
      const next = await place.reload(cache)
      await expect(cache.get('k')).rejects.toMatchObject({ code: 'closed' })
      expect(await next.get('k')).toBe(persistent ? 'v' : undefined)
    })

    it('a loader that finds nothing leaves the key unset', async () => {
      expect(await cache.getOrLoad('k', () => undefined)).toBeUndefined()
      expect(await cache.has('k')).toBe(false)
      expect(await cache.getOrLoad('k', () => 'v')).toBe('v')
    })

    it('values may be lists and maps, and contents after clear are {}', async () => {
      await cache.setMany([['list', [1, 2]], ['map', new Map([['a', 1]])]])
      cache = persistent ? await place.reload(cache) : cache
      expect(await cache.get('list')).toEqual([1, 2])
      expect(await cache.get('map')).toEqual(new Map([['a', 1]]))
      await cache.clear()
      expect(await contents()).toEqual({})
    })
  })
})

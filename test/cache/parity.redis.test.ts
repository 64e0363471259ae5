// The rest of what createCache has to have of GoFrame's gcache, and to correct: its tests of the Redis adapter, which are the
// measure of every second tier (section 7 of the parity document), the deliberate differences (4), and what was never tested (8).

import { beforeEach, describe, expect, it, vi } from 'vitest'
import type { Cache } from '../../src/index.ts'
import { collected, expectEmpty, MEMORY_ALONE, NAME, PLAIN_STORE, placeOf, TWO_TIERS, type Place } from '../helpers/caches.ts'
import { DAY, HOUR, SECOND, type ManualClock } from '../helpers/clock.ts'
import { countDisk } from '../helpers/indexed-db.ts'

describe.each([TWO_TIERS, MEMORY_ALONE, PLAIN_STORE])('$title', (arrangement) => {
  let place: Place
  let clock: ManualClock
  let cache: Cache<unknown>

  beforeEach(() => {
    place = placeOf(arrangement)
    clock = place.clock
    cache = place.open()
  })

  const timeLeft = async (key: string): Promise<number> => (await cache.expiresAt(key))! - clock.time

  describe('gcache’s Redis tests (7)', () => {
    it('ten sets, contents, clear, close', async () => {
      for (let i = 0; i < 10; i++) await cache.set(`${i}`, i * 10)
      expect(await cache.get('1')).toBe(10)
      expect(await cache.size()).toBe(10)
      expect(new Map(await collected(cache.entries()))).toEqual(new Map(Array.from({ length: 10 }, (_, i) => [`${i}`, i * 10])))
      await cache.clear()
      await expectEmpty(cache, place)
      expect(await cache.close()).toBeUndefined()
    })

    it('set with no time to live is a miss', async () => {
      await cache.set('1', 11, { ttl: 0 })
      expect(await cache.get('1')).toBeUndefined()
      await expectEmpty(cache, place)
    })

    it('a ttl of 1 s: there, and gone after 2 s', async () => {
      await cache.set('1', 11, { ttl: SECOND })
      expect(await cache.get('1')).toBe(11)
      clock.advance(2 * SECOND)
      expect(await cache.get('1')).toBeUndefined()
      expect(await cache.size()).toBe(0)
    })

    it('update keeps the time, touch sets it: longer, over, and never', async () => {
      await cache.set('1', 11, { ttl: SECOND })
      clock.advance(400)
      expect(await cache.update('1', 12)).toBe(11)
      expect(await timeLeft('1')).toBe(600)
      expect(await cache.touch('1', 2 * SECOND)).toBe(true)
      expect(await timeLeft('1')).toBe(2 * SECOND)
      expect(await cache.touch('1', Infinity)).toBe(true)
      clock.advance(DAY)
      expect(await cache.get('1')).toBe(12)
      expect(await cache.touch('1', 0)).toBe(true)
      expect(await cache.get('1')).toBeUndefined()
      expect(await cache.size()).toBe(0)
    })

    it('add of what is there changes neither value nor time, with whatever duration', async () => {
      await cache.set('1', 11, { ttl: HOUR })
      expect(await cache.add('1', 12, { ttl: DAY })).toBe(false)
      expect(await cache.add('1', 12, { ttl: 0 })).toBe(false)
      await expect(cache.add('1', 12, { ttl: -1 })).rejects.toThrow(RangeError)
      expect(await cache.get('1')).toBe(11)
      expect(await timeLeft('1')).toBe(HOUR)
    })

    it('add of what is missing with no time to live tells that it was missing, and keeps nothing', async () => {
      expect(await cache.add('1', 11, { ttl: 0 })).toBe(true)
      await expect(cache.add('1', 11, { ttl: -1 })).rejects.toThrow(RangeError)
      await expectEmpty(cache, place)
    })

    it('what is loaded is given twice; a loader that finds nothing gives nothing', async () => {
      expect(await cache.getOrLoad('1', async () => 11)).toBe(11)
      expect(await cache.getOrLoad('1', async () => 12)).toBe(11)
      expect(await cache.getOrLoad('2', async () => undefined)).toBeUndefined()
      expect(await cache.size()).toBe(1)
    })

    it('setMany of nothing is fine, of no time to live it removes', async () => {
      await cache.setMany([])
      await expectEmpty(cache, place)
      await cache.setMany([['1', 11], ['2', 22]])
      await cache.setMany([['1', 11], ['2', 22]], { ttl: 0 })
      await expectEmpty(cache, place)
    })

    it('keys and values are one, then two', async () => {
      for (const count of [1, 2]) {
        await cache.set(`${count}`, count * 11)
        expect(await cache.has(`${count}`)).toBe(true)
        expect(await collected(cache.keys())).toHaveLength(count)
        expect(await collected(cache.values())).toHaveLength(count)
      }
    })

    it('removing nothing gives nothing, removing a key its value', async () => {
      await cache.set('1', 11)
      expect(await cache.deleteMany([])).toBe(0)
      expect(await cache.take('1')).toBe(11)
      expect(await cache.take('1')).toBeUndefined()
    })
  })

  describe('deliberate differences (4)', () => {
    it('undefined is no value, null, false, 0 and the empty string are', async () => {
      for (const value of [null, false, 0, '']) {
        await cache.set('1', value)
        expect(await cache.get('1')).toBe(value)
        expect(await cache.add('1', 'other')).toBe(false)
        expect(await cache.getOrLoad('1', () => 'other')).toBe(value)
        expect(await cache.take('1')).toBe(value)
      }
      const calls = [cache.set('1', undefined), cache.setMany([['1', undefined]]), cache.add('1', undefined), cache.update('1', undefined)]
      for (const end of await Promise.allSettled(calls)) expect(end).toMatchObject({ status: 'rejected', reason: expect.any(TypeError) })
      await expectEmpty(cache, place)
    })

    it('has, peek and expiresAt do not promote', async () => {
      cache = await place.reload(cache, { maxEntries: 2 })
      await cache.setMany([['a', 1], ['b', 2]])
      cache.peek('a')
      await cache.has('a')
      await cache.expiresAt('a')
      await cache.set('c', 3)
      expect([cache.peek('a'), cache.peek('b')]).toEqual([undefined, 2])
    })

    it('after close every call is refused', async () => {
      await cache.close()
      const calls = [
        ...[cache.get('1'), cache.getMany(['1']), cache.has('1'), cache.expiresAt('1'), cache.info('1'), cache.size(), cache.sweep(), cache.flush()],
        ...[cache.set('1', 1), cache.setMany([['1', 1]]), cache.add('1', 1), cache.update('1', 1), cache.touch('1', 1), cache.take('1')],
        ...[cache.getOrLoad('1', () => 1), cache.delete('1'), cache.deleteMany(['1']), cache.deletePrefix('1'), cache.deleteTag('1'), cache.clear()],
        ...[cache.keys(), cache.values(), cache.entries()].map((list) => collected<unknown>(list)),
      ]
      for (const end of await Promise.allSettled(calls)) expect(end).toMatchObject({ status: 'rejected', reason: { code: 'closed' } })
      expect(cache.peek('1')).toBeUndefined()
      expect(await cache.close()).toBeUndefined()
    })

    it('keys are strings: 1 is refused, not taken for "1"', async () => {
      await cache.set('1', 11)
      const one = 1 as unknown as string
      const calls = [cache.get(one), cache.set(one, 1), cache.delete(one), cache.has(one), cache.getOrLoad(one, () => 1)]
      for (const end of await Promise.allSettled(calls)) expect(end).toMatchObject({ status: 'rejected', reason: expect.any(TypeError) })
      expect(await cache.get('1')).toBe(11)
    })
  })

  describe('what gcache never tested (8)', () => {
    it('missing, never and remaining time differ by value, not by sign', async () => {
      await cache.set('never', 1)
      await cache.set('soon', 2, { ttl: SECOND })
      expect(await Promise.all(['missing', 'never', 'soon'].map(cache.expiresAt))).toEqual([undefined, Infinity, clock.time + SECOND])
      clock.advance(SECOND)
      expect(await cache.expiresAt('soon')).toBeUndefined()
    })

    it('of racing adds exactly one is told that it won, and its value is the one kept', async () => {
      const wins = await Promise.all(Array.from({ length: 50 }, (_, id) => cache.add('a', id, { ttl: id % 2 ? SECOND : Infinity })))
      expect(wins.filter(Boolean)).toHaveLength(1)
      expect(await cache.get('a')).toBe(wins.indexOf(true))
    })

    it('a loader’s error reaches every caller, is not kept, and leaves what is there alone', async () => {
      await cache.set('other', 1)
      const fault = new Error('offline')
      const loader = vi.fn(() => Promise.reject(fault))
      const ends = await Promise.allSettled([cache.getOrLoad('a', loader), cache.getOrLoad('a', loader)])
      expect(ends.map((end) => end.status === 'rejected' && end.reason)).toEqual([fault, fault])
      expect(loader).toHaveBeenCalledTimes(1)
      expect(await collected(cache.keys())).toEqual(['other'])
      expect(await cache.getOrLoad('a', () => 2)).toBe(2)
    })

    it('a loader runs once for fifty callers, and again only when its value is over', async () => {
      const loader = vi.fn(async () => 1)
      const callAll = () => Promise.all(Array.from({ length: 50 }, () => cache.getOrLoad('a', loader, { ttl: SECOND })))
      expect(await callAll()).toEqual(Array.from({ length: 50 }, () => 1))
      clock.advance(SECOND - 1)
      await callAll()
      expect(loader).toHaveBeenCalledTimes(1)
      clock.advance(1)
      await callAll()
      expect(loader).toHaveBeenCalledTimes(2)
    })

    it('update to null stores null, but not where nothing is', async () => {
      expect(await cache.update('a', null)).toBeUndefined()
      await expectEmpty(cache, place)
      await cache.set('a', 1)
      expect(await cache.update('a', null)).toBe(1)
      expect(await cache.update('a', 2)).toBeNull()
      expect(await cache.get('a')).toBe(2)
    })

    it('get, update and a served getOrLoad promote', async () => {
      cache = await place.reload(cache, { maxEntries: 2 })
      for (const use of [() => cache.get('a'), () => cache.update('a', 5), () => cache.getOrLoad('a', () => 6)]) {
        await cache.setMany([['a', 1], ['b', 2]])
        await use()
        await cache.set('c', 3)
        expect([cache.peek('a') !== undefined, cache.peek('b')]).toEqual([true, undefined])
      }
    })

    it('an index has a row for each entry that can expire and for each tag, and none after clear and close', async () => {
      await cache.setMany([['a', 1], ['b', 2]], { ttl: HOUR, tags: ['x', 'y', 'x'] })
      await cache.setMany([['c', 3], ['d', 4]], { tags: ['x'] })
      await cache.set('a', 5, { ttl: HOUR })
      await cache.touch('b', Infinity)
      if (arrangement === TWO_TIERS) expect(await countDisk(NAME)).toEqual({ records: 4, expiry: 1, tags: 4 })
      await cache.clear()
      await expectEmpty(cache, place)
      cache = await place.reload(cache)
      await expectEmpty(cache, place)
    })

    it('a late look costs delay, not memory; a clock that is set back makes nothing live longer', async () => {
      const fill = () => cache.setMany([['a', 1], ['b', 2], ['c', 3]], { ttl: SECOND })
      await fill()
      clock.advance(10 * DAY)
      expect(await cache.sweep()).toBe(3)
      await fill()
      clock.advance(-HOUR)
      expect(await cache.getMany(['a', 'b', 'c'])).toEqual(new Map())
      clock.advance(HOUR + SECOND)
      await cache.sweep()
      await expectEmpty(cache, place)
    })
  })
})

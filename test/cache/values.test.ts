// What every call of a cache does, in plain words, in every arrangement of tiers. Stale windows, loads, removal callbacks,
// arguments, faults and the end of a cache have files of their own.

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { Cache } from '../../src/index.ts'
import { ARRANGEMENTS, collected, keysOf, placeOf, type Place } from '../helpers/caches.ts'
import { DAY, HOUR, SECOND } from '../helpers/clock.ts'
import { ODD_STRINGS } from '../store/conformance.ts'

const reported = vi.fn()

afterEach(() => {
  vi.unstubAllGlobals()
})

describe.each(ARRANGEMENTS)('$title', (arrangement) => {
  let place: Place
  let cache: Cache<unknown>

  beforeEach(() => {
    place = placeOf(arrangement)
    cache = place.open()
  })

  const held = arrangement.memory !== 'none'

  describe('get, has, expiresAt', () => {
    it('a missing key is undefined, false, and not there', async () => {
      expect(await cache.get('a')).toBeUndefined()
      expect(cache.peek('a')).toBeUndefined()
      expect(await cache.has('a')).toBe(false)
      expect(await cache.expiresAt('a')).toBeUndefined()
      expect(await cache.info('a')).toBeUndefined()
      expect(await cache.touch('a', SECOND)).toBe(false)
      expect(await cache.update('a', 1)).toBeUndefined()
      expect(await cache.take('a')).toBeUndefined()
      expect(await cache.delete('a')).toBe(false)
      expect(await cache.size()).toBe(0)
    })

    it.each([null, false, 0, -0, '', NaN, 1n])('%s is a value like any other', async (value) => {
      await cache.set('a', value)
      expect(await cache.get('a')).toStrictEqual(value)
      expect(await cache.has('a')).toBe(true)
      expect(await cache.size()).toBe(1)
      expect(await cache.getMany(['a'])).toStrictEqual(new Map([['a', value]]))
      expect(await cache.update('a', 'new')).toStrictEqual(value)
      await cache.set('a', value)
      expect(await cache.take('a')).toStrictEqual(value)
      expect(await cache.has('a')).toBe(false)
    })

    it('any string is a key of its own, none is there before it was set', async () => {
      for (const key of ODD_STRINGS) expect(await cache.get(key), JSON.stringify(key)).toBeUndefined()
      await Promise.all(ODD_STRINGS.map((key, index) => cache.set(key, index)))
      for (const [index, key] of ODD_STRINGS.entries()) expect(await cache.get(key), JSON.stringify(key)).toBe(index)
      expect(await keysOf(cache as never)).toEqual([...ODD_STRINGS].sort())
      expect(await cache.deleteMany(ODD_STRINGS)).toBe(ODD_STRINGS.length)
      expect(await cache.size()).toBe(0)
    })

    if (held) it('memory hands out the very value that was set', async () => {
      const value = { deep: [1] }
      await cache.set('a', value)
      expect(await cache.get('a')).toBe(value)
      expect(cache.peek('a')).toBe(value)
    })

    it('an entry is served until its ttl is over, not at that very moment', async () => {
      await cache.set('a', 1, { ttl: 1_000 })
      expect(await cache.expiresAt('a')).toBe(place.clock.time + 1_000)
      place.clock.advance(999)
      expect(await cache.get('a')).toBe(1)
      expect(await cache.has('a')).toBe(true)
      place.clock.advance(1)
      expect(await cache.get('a')).toBeUndefined()
      expect(cache.peek('a')).toBeUndefined()
      expect(await cache.has('a')).toBe(false)
      expect(await cache.expiresAt('a')).toBeUndefined()
      expect(await cache.info('a')).toBeUndefined()
      expect(await cache.size()).toBe(0)
      expect(await collected(cache.entries())).toEqual([])
      expect(await cache.getMany(['a'])).toEqual(new Map())
    })

    it('without a ttl an entry stays for ever: expiresAt is Infinity', async () => {
      await cache.set('a', 1)
      expect(await cache.expiresAt('a')).toBe(Infinity)
      place.clock.advance(1_000_000 * DAY)
      expect(await cache.get('a')).toBe(1)
    })

    it('the cache’s own ttl is the default, each call may say another', async () => {
      const own = await place.reload(cache, { ttl: 1_000 })
      await own.set('a', 1)
      await own.set('b', 1, { ttl: 5_000 })
      await own.set('c', 1, { ttl: Infinity })
      await own.add('d', 1)
      await own.setMany([['e', 1]])
      expect(await Promise.all(['a', 'b', 'c', 'd', 'e'].map(own.expiresAt))).toEqual([1_000, 5_000, Infinity, 1_000, 1_000].map((ttl) => place.clock.time + ttl))
    })

    it('a ttl beyond the last moment of a Date is for ever', async () => {
      await cache.set('a', 1, { ttl: Number.MAX_VALUE })
      await cache.set('b', 1, { ttl: 8.64e15 - place.clock.time })
      expect(await cache.expiresAt('a')).toBe(Infinity)
      expect(await cache.expiresAt('b')).toBe(8.64e15)
    })

    it('a ttl in fractions of a ms is kept at least as long', async () => {
      await cache.set('a', 1, { ttl: 0.25 })
      expect(await cache.get('a')).toBe(1)
      place.clock.advance(1)
      expect(await cache.get('a')).toBeUndefined()
    })

    it('getMany gives those found, in the order asked for, each once', async () => {
      await cache.setMany([['a', 1], ['b', 2], ['c', 3], ['null', null]])
      expect([...(await cache.getMany(['c', 'missing', 'a', 'null', 'c']))]).toEqual([['c', 3], ['a', 1], ['null', null]])
      expect(await cache.getMany([])).toEqual(new Map())
      expect(await cache.getMany(new Set(['b']))).toEqual(new Map([['b', 2]]))
    })
  })

  describe('info', () => {
    it('tells the times, the tags, and the tier', async () => {
      await cache.set('a', 1, { ttl: 1_000, staleWhileRevalidate: 500, staleIfError: 2_000, tags: ['x', 'y', 'x'] })
      const now = place.clock.time
      expect(await cache.info('a')).toEqual({ createdAt: now, staleAt: now + 1_000, expiresAt: now + 3_000, tags: ['x', 'y'], tier: held ? 'memory' : 'store' })
      await cache.set('b', 1)
      expect(await cache.info('b')).toMatchObject({ staleAt: Infinity, expiresAt: Infinity, tags: [] })
    })

    it('counts as no use and copies nothing to memory', async () => {
      await cache.set('a', 1)
      await cache.set('b', 2)
      const { tier } = (await cache.info('a'))!
      expect((await cache.info('a'))!.tier).toBe(tier)
      expect(tier).toBe(arrangement.memory === 'all' ? 'memory' : 'store')
    })
  })

  describe('set and setMany', () => {
    it('a set shows at once, in memory and in every read', async () => {
      const writing = cache.set('a', 1)
      if (held) expect(cache.peek('a')).toBe(1)
      expect(await cache.get('a')).toBe(1)
      expect(await cache.has('a')).toBe(true)
      expect(await keysOf(cache as never)).toEqual(['a'])
      await writing
    })

    it('replaces the value, the expiry, the windows and the tags', async () => {
      await cache.set('a', 1, { ttl: 1_000, staleIfError: 1_000, tags: ['x'] })
      place.clock.advance(500)
      await cache.set('a', 2)
      expect(await cache.info('a')).toMatchObject({ createdAt: place.clock.time, staleAt: Infinity, expiresAt: Infinity, tags: [] })
      await cache.deleteTag('x')
      place.clock.advance(DAY)
      await cache.sweep()
      expect(await cache.get('a')).toBe(2)
    })

    it('with ttl 0 and no stale window it removes the key', async () => {
      await cache.set('a', 1)
      await cache.set('a', 2, { ttl: 0 })
      expect(await cache.get('a')).toBeUndefined()
      await cache.set('new', 2, { ttl: 0 })
      expect(await cache.size()).toBe(0)
      await cache.setMany([['b', 1], ['c', 1]])
      await cache.setMany([['b', 2], ['c', 2]], { ttl: 0 })
      expect(await cache.size()).toBe(0)
    })

    it('ttl 0 evicts nothing', async () => {
      await cache.set('a', 1)
      await cache.set('b', 2, { ttl: 0 })
      if (held) expect(cache.peek('a')).toBe(1)
      expect(place.removals()).toEqual([])
    })

    it('with ttl 0 and a stale window it keeps the entry, stale from the start', async () => {
      await cache.set('a', 1, { ttl: 0, staleIfError: 1_000 })
      expect(await cache.get('a')).toBeUndefined()
      expect(await cache.get('a', { stale: true })).toBe(1)
    })

    it('setMany sets all with one lifetime; the last of a key counts', async () => {
      await cache.setMany(new Map([['a', 1], ['b', 2]]), { ttl: 1_000, tags: ['x'] })
      await cache.setMany([['c', 3], ['c', 4]])
      await cache.setMany([])
      expect(await cache.getMany(['a', 'b', 'c'])).toEqual(new Map([['a', 1], ['b', 2], ['c', 4]]))
      expect(await cache.info('b')).toMatchObject({ staleAt: place.clock.time + 1_000, tags: ['x'] })
    })

    it('the bound of memory is exact, and in memory alone the least recently used goes', async () => {
      const small = await place.reload(cache, { maxEntries: 2 })
      for (const key of ['a', 'b', 'c', 'd']) await small.set(key, key)
      expect(small.stats().memory.size).toBe(held ? 2 : 0)
      expect(await keysOf(small as never)).toEqual(arrangement.second === 'nothing' ? ['c', 'd'] : ['a', 'b', 'c', 'd'])
    })
  })

  describe('add', () => {
    it('sets where nothing is, and changes nothing where something is', async () => {
      expect(await cache.add('a', 1, { ttl: 1_000, tags: ['x'] })).toBe(true)
      expect(await cache.add('a', 2, { ttl: 9_000, tags: ['y'] })).toBe(false)
      expect(await cache.get('a')).toBe(1)
      expect(await cache.info('a')).toMatchObject({ staleAt: place.clock.time + 1_000, tags: ['x'] })
    })

    it('a null, a false and a 0 are something', async () => {
      for (const [key, value] of Object.entries({ a: null, b: false, c: 0, d: '' })) {
        expect(await cache.add(key, value)).toBe(true)
        expect(await cache.add(key, 'other')).toBe(false)
        expect(await cache.get(key)).toBe(value)
      }
    })

    it('of many at once one wins, the first', async () => {
      const wins = await Promise.all(Array.from({ length: 20 }, (_, id) => cache.add('a', id)))
      expect(wins).toEqual(Array.from({ length: 20 }, (_, id) => id === 0))
      expect(await cache.get('a')).toBe(0)
    })

    it('takes the place of an expired and of a stale entry', async () => {
      await cache.set('expired', 1, { ttl: 10 })
      await cache.set('stale', 1, { ttl: 10, staleIfError: HOUR })
      place.clock.advance(10)
      expect(await cache.add('expired', 2)).toBe(true)
      expect(await cache.add('stale', 2)).toBe(true)
      expect(await cache.get('expired')).toBe(2)
      expect(await cache.get('stale')).toBe(2)
    })

    it('with ttl 0 it tells whether the key was absent, and keeps nothing', async () => {
      expect(await cache.add('a', 1, { ttl: 0 })).toBe(true)
      expect(await cache.has('a')).toBe(false)
      await cache.set('a', 1)
      expect(await cache.add('a', 2, { ttl: 0 })).toBe(false)
      expect(await cache.get('a')).toBe(1)
    })

    it('shows once it has resolved', async () => {
      await cache.add('a', 1)
      if (held) expect(cache.peek('a')).toBe(1)
      expect(await cache.get('a')).toBe(1)
    })
  })

  describe('update', () => {
    it('keeps expiry, windows and tags, and resolves to the old value', async () => {
      await cache.set('a', 1, { ttl: 1_000, staleIfError: 500, tags: ['x'] })
      const before = await cache.info('a')
      place.clock.advance(400)
      expect(await cache.update('a', 2)).toBe(1)
      expect(await cache.get('a')).toBe(2)
      expect(await cache.info('a')).toEqual({ ...before, tier: (await cache.info('a'))!.tier })
      place.clock.advance(600)
      expect(await cache.get('a')).toBeUndefined()
    })

    it('never inserts, and what expired or is stale counts as missing', async () => {
      expect(await cache.update('a', 1)).toBeUndefined()
      await cache.set('b', 1, { ttl: 10, staleIfError: HOUR })
      await cache.set('c', 1, { ttl: 10 })
      place.clock.advance(10)
      expect(await cache.update('b', 2)).toBeUndefined()
      expect(await cache.update('c', 2)).toBeUndefined()
      expect(await cache.get('b', { stale: true })).toBe(1)
      expect(await cache.size()).toBe(0)
    })

    it('of concurrent ones the last stays, and each is told what was before it', async () => {
      await cache.set('a', 0)
      expect(await Promise.all([1, 2, 3].map((value) => cache.update('a', value)))).toEqual([0, 1, 2])
      expect(await cache.get('a')).toBe(3)
    })

    it('a set that comes after it stays', async () => {
      await cache.set('a', 0)
      const updating = cache.update('a', 1)
      const setting = cache.set('a', 2)
      expect(await updating).toBe(0)
      await setting
      expect(await cache.get('a')).toBe(2)
    })
  })

  describe('touch', () => {
    it('gives a new ttl from now and keeps value, windows and tags', async () => {
      await cache.set('a', 1, { ttl: 1_000, staleWhileRevalidate: 200, staleIfError: 500, tags: ['x'] })
      const { createdAt } = (await cache.info('a'))!
      place.clock.advance(900)
      expect(await cache.touch('a', 2_000)).toBe(true)
      const now = place.clock.time
      expect(await cache.info('a')).toMatchObject({ createdAt, staleAt: now + 2_000, expiresAt: now + 2_500, tags: ['x'] })
      expect(await cache.get('a')).toBe(1)
      expect(await cache.touch('a', 10)).toBe(true)
      place.clock.advance(10)
      expect(await cache.has('a')).toBe(false)
      expect(await cache.get('a', { stale: true })).toBe(1)
      await cache.deleteTag('x')
      expect(await cache.info('a')).toBeUndefined()
    })

    it('resurrects nothing: false for what is missing, expired or stale', async () => {
      await cache.set('expired', 1, { ttl: 10 })
      await cache.set('stale', 1, { ttl: 10, staleIfError: HOUR })
      place.clock.advance(10)
      expect(await cache.touch('expired', HOUR)).toBe(false)
      expect(await cache.touch('stale', HOUR)).toBe(false)
      expect(await cache.touch('missing', HOUR)).toBe(false)
      expect(await cache.size()).toBe(0)
    })

    it('to Infinity and back', async () => {
      await cache.set('a', 1, { ttl: 10 })
      expect(await cache.touch('a', Infinity)).toBe(true)
      expect(await cache.expiresAt('a')).toBe(Infinity)
      place.clock.advance(DAY)
      expect(await cache.sweep()).toBe(0)
      expect(await cache.touch('a', 10)).toBe(true)
      place.clock.advance(10)
      expect(await cache.get('a')).toBeUndefined()
      expect(await cache.sweep()).toBeLessThanOrEqual(1)
      expect(await cache.size()).toBe(0)
    })

    it('to 0 is the end of the entry, but for its stale window', async () => {
      await cache.set('a', 1)
      expect(await cache.touch('a', 0)).toBe(true)
      expect(await cache.has('a')).toBe(false)
      await cache.set('b', 1, { staleIfError: 100 })
      expect(await cache.touch('b', 0)).toBe(true)
      expect(await cache.has('b')).toBe(false)
      expect(await cache.size()).toBe(0)
    })
  })

  describe('take, delete, deleteMany', () => {
    it('take gives the value and removes it; of many at once one gets it', async () => {
      await cache.set('a', 1)
      expect(await Promise.all(Array.from({ length: 5 }, () => cache.take('a')))).toEqual([1, undefined, undefined, undefined, undefined])
      expect(await cache.has('a')).toBe(false)
      expect(await cache.take('a')).toBeUndefined()
    })

    it('take gives nothing that expired or is stale, but removes it', async () => {
      await cache.set('expired', 1, { ttl: 10 })
      await cache.set('stale', 1, { ttl: 10, staleIfError: HOUR })
      place.clock.advance(10)
      expect(await cache.take('expired')).toBeUndefined()
      expect(await cache.take('stale')).toBeUndefined()
      expect(await cache.info('stale')).toBeUndefined()
    })

    it('delete is true when a fresh entry was there', async () => {
      await cache.setMany([['a', 1], ['b', 1]])
      await cache.set('expired', 1, { ttl: 10 })
      await cache.set('stale', 1, { ttl: 10, staleIfError: HOUR })
      place.clock.advance(10)
      expect(await cache.delete('a')).toBe(true)
      expect(await cache.delete('a')).toBe(false)
      expect(await cache.delete('expired')).toBe(false)
      expect(await cache.delete('stale')).toBe(false)
      expect(await cache.info('stale')).toBeUndefined()
      expect(await keysOf(cache as never)).toEqual(['b'])
    })

    it('a delete shows at once', async () => {
      await cache.set('a', 1)
      const deleting = cache.delete('a')
      expect(cache.peek('a')).toBeUndefined()
      expect(await cache.get('a')).toBeUndefined()
      expect(await cache.has('a')).toBe(false)
      expect(await deleting).toBe(true)
    })

    it('a delete that a later set of the same tick supersedes still tells what was there before it', async () => {
      await cache.set('a', 1)
      const deleting = [cache.delete('a'), cache.delete('a')]
      const setting = cache.set('a', 2)
      const again = cache.delete('a')
      const last = cache.set('a', 3)
      expect(await Promise.all([...deleting, again])).toEqual([true, false, true])
      await Promise.all([setting, last])
      expect(await cache.get('a')).toBe(3)
    })

    it('a take superseded by a set of the same tick still gives the older value', async () => {
      await cache.set('a', 1)
      const taking = cache.take('a')
      await cache.set('a', 2)
      expect(await taking).toBe(1)
      expect(await cache.get('a')).toBe(2)
    })

    it('deleteMany counts fresh entries, each once', async () => {
      await cache.setMany([['a', 1], ['b', 1], ['c', 1]])
      await cache.set('expired', 1, { ttl: 10 })
      place.clock.advance(10)
      expect(await cache.deleteMany(['a', 'b', 'b', 'missing', 'expired'])).toBe(2)
      expect(await cache.deleteMany([])).toBe(0)
      expect(await keysOf(cache as never)).toEqual(['c'])
    })
  })

  describe('deletePrefix, deleteTag, clear', () => {
    it.each(ODD_STRINGS)('deletePrefix(%j) removes exactly the keys that start so', async (prefix) => {
      await cache.setMany(ODD_STRINGS.map((key) => [key, 1]))
      await cache.deletePrefix(prefix)
      expect(await keysOf(cache as never)).toEqual(ODD_STRINGS.filter((key) => !key.startsWith(prefix)).sort())
    })

    it('deleteTag removes what has the tag, and nothing else', async () => {
      await cache.set('a', 1, { tags: ['x'] })
      await cache.set('b', 1, { tags: ['x', 'y'] })
      await cache.set('c', 1, { tags: ['y'] })
      await cache.set('d', 1)
      await cache.deleteTag('x')
      expect(await keysOf(cache as never)).toEqual(['c', 'd'])
      await cache.deleteTag('x')
      await cache.deleteTag('')
      await cache.deleteTag('y')
      expect(await keysOf(cache as never)).toEqual(['d'])
    })

    it.each<[what: string, remove: (cache: Cache<unknown>) => Promise<void>]>([
      ['deletePrefix', (each) => each.deletePrefix('p')],
      ['deleteTag', (each) => each.deleteTag('x')],
      ['clear', (each) => each.clear()],
    ])('reads see a %s that is not awaited yet, and a set after it stays', async (_what, remove) => {
      await cache.setMany([['p1', 1], ['p2', 1]], { tags: ['x'] })
      const removing = remove(cache)
      expect(cache.peek('p1')).toBeUndefined()
      expect(await cache.get('p1')).toBeUndefined()
      expect(await cache.getMany(['p1', 'p2'])).toEqual(new Map())
      expect(await cache.has('p2')).toBe(false)
      expect(await cache.info('p2')).toBeUndefined()
      expect(await keysOf(cache as never)).toEqual([])
      const setting = cache.set('p1', 2, { tags: ['x'] })
      expect(await cache.get('p1')).toBe(2)
      await Promise.all([removing, setting])
      expect(await keysOf(cache as never)).toEqual(['p1'])
    })

    it('of one tick: a set, a removal, a set; the last stays', async () => {
      void cache.set('p', 1, { tags: ['x'] })
      void cache.deleteTag('x')
      void cache.set('p', 2, { tags: ['x'] })
      void cache.set('q', 2, { tags: ['x'] })
      void cache.deletePrefix('q')
      await cache.flush()
      expect(await cache.get('p')).toBe(2)
      expect(await cache.get('q')).toBeUndefined()
    })

    it('clear removes everything, also what expired: a clock set back brings nothing to life', async () => {
      await cache.setMany([['a', 1], ['b', 2]], { ttl: SECOND, tags: ['x'] })
      await cache.set('never', 3)
      place.clock.advance(HOUR)
      await cache.clear()
      place.clock.advance(-HOUR)
      expect(await cache.size()).toBe(0)
      expect(await cache.getMany(['a', 'b', 'never'])).toEqual(new Map())
      expect(cache.stats().memory).toMatchObject({ size: 0, weight: 0 })
    })

    it('nor do deletePrefix and deleteTag leave anything for a clock set back', async () => {
      await cache.set('a', 1, { ttl: SECOND, tags: ['x'] })
      await cache.set('b', 2, { ttl: SECOND })
      place.clock.advance(HOUR)
      await cache.deleteTag('x')
      await cache.deletePrefix('b')
      place.clock.advance(-HOUR)
      expect(await cache.getMany(['a', 'b'])).toEqual(new Map())
    })
  })

  describe('size and iteration', () => {
    it('each fresh entry of either tier is seen once', async () => {
      const keys = Array.from({ length: 300 }, (_, index) => `k${index}`)
      await cache.setMany(keys.map((key) => [key, `v${key}`]))
      await cache.set('expired', 1, { ttl: 10 })
      await cache.set('stale', 1, { ttl: 10, staleIfError: HOUR })
      place.clock.advance(10)
      expect(await cache.size()).toBe(300)
      expect(await keysOf(cache as never)).toEqual([...keys].sort())
      expect((await collected(cache.values())).sort()).toEqual(keys.map((key) => `v${key}`).sort())
      expect(new Map(await collected(cache.entries()))).toEqual(new Map(keys.map((key) => [key, `v${key}`])))
    })

    it('an iteration may be left early, and may use the cache', async () => {
      await cache.setMany([['a', 1], ['b', 2], ['c', 3]])
      for await (const key of cache.keys()) {
        expect(await cache.get(key)).toBeDefined()
        await cache.set(key, 'seen')
        break
      }
      for await (const [key] of cache.entries()) await cache.delete(key)
      expect(await cache.size()).toBe(0)
    })
  })

  describe('sweep', () => {
    it('frees what expired, tells how many keys that were, and counts each once', async () => {
      await cache.setMany([['a', 1], ['b', 2], ['c', 3]], { ttl: 1_000 })
      await cache.setMany([['d', 1], ['e', 2]], { ttl: 2_000 })
      await cache.set('stale', 1, { ttl: 10, staleIfError: HOUR })
      await cache.set('never', 1)
      place.clock.advance(999)
      expect(await cache.sweep()).toBe(0)
      place.clock.advance(1)
      expect(await cache.sweep()).toBe(3)
      expect(await cache.sweep()).toBe(0)
      expect(await keysOf(cache as never)).toEqual(['d', 'e', 'never'])
      place.clock.advance(10 * DAY)
      expect(await cache.sweep()).toBe(3)
      expect(await keysOf(cache as never)).toEqual(['never'])
    })

    it('a set during a sweep survives it', async () => {
      await cache.setMany([['a', 1], ['b', 1]], { ttl: 1_000 })
      place.clock.advance(1_000)
      const sweeping = cache.sweep()
      const setting = cache.set('a', 2, { ttl: 1_000 })
      await Promise.all([sweeping, setting])
      expect(await cache.get('a')).toBe(2)
      expect(await keysOf(cache as never)).toEqual(['a'])
    })
  })

  describe('stats and status', () => {
    it('status tells where entries are kept', () => {
      const expected = { nothing: 'memory', indexeddb: 'indexeddb', store: 'store' }[arrangement.second]
      expect(cache.status.persistence).toBe(expected)
      if (expected === 'memory') expect(cache.status.reason).toMatch(/\w/)
      else expect(cache.status.reason).toBeUndefined()
    })

    it('hits, misses and writes are counted per tier', async () => {
      await cache.set('a', 1)
      await cache.get('a')
      await cache.get('missing')
      await cache.getMany(['a', 'missing'])
      const { memory, store } = cache.stats()
      const tiered = arrangement.second !== 'nothing'
      expect(memory).toMatchObject(held ? { hits: 2, misses: 2 } : { hits: 0, misses: 4 })
      expect(store).toMatchObject({ hits: held ? 0 : 2, misses: tiered ? 2 : 0, writes: tiered ? 1 : 0, errors: 0 })
    })

    it('writes of memory are new values and lifetimes, whichever call makes them', async () => {
      let told = 0
      cache.subscribe(({ type }) => (told += Number(type === 'set')))
      await cache.set('a', 1)
      await cache.setMany([['b', 1], ['c', 1]])
      await cache.add('d', 1)
      await cache.add('d', 2)
      await cache.update('d', 2)
      await cache.update('missing', 2)
      await cache.touch('d', HOUR)
      await cache.getOrLoad('e', ({ also }) => (also('f', 1), 1))
      await cache.set('a', 1, { ttl: 0 })
      await cache.clear()
      expect([cache.stats().memory.writes, told]).toEqual([8, 8])
    })

    it('what memory holds is told as size and weight', async () => {
      const weighing = await place.reload(cache, { maxWeight: 10, weigh: () => 3 })
      await weighing.setMany([['a', 1], ['b', 2], ['c', 3], ['d', 4]])
      if (arrangement.memory === 'all') expect(weighing.stats().memory).toMatchObject({ size: 3, weight: 9, evictions: 1 })
      else expect(weighing.stats().memory.weight).toBeLessThanOrEqual(10)
    })

    it('looking counts nothing: peek, has, expiresAt, info, size and iteration', async () => {
      await cache.set('a', 1)
      const before = cache.stats()
      cache.peek('a')
      await cache.has('a')
      await cache.expiresAt('a')
      await cache.info('a')
      await cache.size()
      expect(cache.stats()).toEqual(before)
    })

    it('is a copy: later calls do not change it', async () => {
      const before = cache.stats()
      const copy = structuredClone(before)
      await cache.set('a', 1)
      await cache.get('a')
      expect(before).toEqual(copy)
    })

    it('no call has reported a fault', () => {
      expect(place.faults).toEqual([])
    })
  })

  describe('a weigh that throws when memory asks again', () => {
    const mistake = new Error('of the app')

    /** Throws the nth time it is called from now on. */
    const failing = (nth: number) => {
      let calls = 0
      return { weigh: () => { if (++calls === nth) throw mistake; return 1 } }
    }

    beforeEach(() => {
      vi.stubGlobal('reportError', reported)
      reported.mockClear()
    })

    it('an update: memory does not serve the older value, and the mistake is reported', async () => {
      const weighed = await place.reload(cache, { maxWeight: 10, ...failing(3) })
      await weighed.set('a', 1)
      expect(await weighed.update('a', 2)).toBe(1)
      expect(await weighed.get('a')).toBe(arrangement.second === 'nothing' ? undefined : 2)
      expect(reported.mock.calls).toEqual([[mistake]])
    })

    it('a setMany: all are set, but memory does not hold that one', async () => {
      const weighed = await place.reload(cache, { maxWeight: 10, ...failing(5) })
      await weighed.setMany([['b', 1]])
      await weighed.setMany([['a', 2], ['b', 2]])
      expect(weighed.peek('b')).toBeUndefined()
      expect(await weighed.getMany(['a', 'b'])).toEqual(new Map(arrangement.second === 'nothing' ? [['a', 2]] : [['a', 2], ['b', 2]]))
      expect(reported.mock.calls).toEqual([[mistake]])
    })

    it('the first of a setMany: nothing is set', async () => {
      const weighed = await place.reload(cache, { maxWeight: 10, ...failing(5) })
      await weighed.set('a', 1)
      await weighed.set('b', 1)
      await expect(weighed.setMany([['a', 2], ['b', 2]])).rejects.toBe(mistake)
      expect(await weighed.getMany(['a', 'b'])).toEqual(new Map([['a', 1], ['b', 1]]))
      expect(reported).not.toHaveBeenCalled()
    })
  })
})

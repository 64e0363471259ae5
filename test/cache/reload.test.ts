// What survives a reload, and what caches of one name share: a new cache over the same storage, or two at a time.

import { describe, expect, it } from 'vitest'
import { createCache } from '../../src/index.ts'
import { damageOnPurpose, keysOf, NAME, PERSISTENT, placeOf, TWO_TIERS } from '../helpers/caches.ts'
import { DAY, ManualClock, SECOND } from '../helpers/clock.ts'
import { countDisk, databaseNames, plant, settled } from '../helpers/indexed-db.ts'

describe.each(PERSISTENT)('$title', (arrangement) => {
  it('entries come back with their times and tags', async () => {
    const { open, reload, clock } = placeOf(arrangement)
    const first = open<unknown>()
    await first.set('a', { deep: [1, null] }, { ttl: 1_000, staleIfError: 500, tags: ['x'] })
    await first.set('b', 2)
    const before = await first.info('a')
    clock.advance(10)
    const next = await reload(first)
    expect(await next.info('a')).toEqual({ ...before, tier: 'store' })
    expect(await next.get('a')).toEqual({ deep: [1, null] })
    expect(await next.get('b')).toBe(2)
    expect(await next.expiresAt('b')).toBe(Infinity)
    await next.deleteTag('x')
    expect(await keysOf(next as never)).toEqual(['b'])
  })

  it('writes nobody waited for are there after close', async () => {
    const { open, reload } = placeOf(arrangement)
    const first = open<number>()
    void first.set('a', 1)
    void first.add('b', 2)
    void first.setMany([['c', 3], ['d', 4]])
    void first.delete('d')
    const next = await reload(first)
    expect(await next.getMany(['a', 'b', 'c', 'd'])).toEqual(new Map([['a', 1], ['b', 2], ['c', 3]]))
  })

  it('every change outlives the reload: update, touch, take, deletions', async () => {
    const { open, reload, clock } = placeOf(arrangement)
    let cache = open<number>()
    await cache.setMany(['updated', 'touched', 'taken', 'deleted', 'p1', 'p2', 'zero'].map((key) => [key, 1]), { ttl: SECOND })
    await cache.set('tagged', 1, { tags: ['x'] })
    await cache.update('updated', 2)
    await cache.touch('touched', DAY)
    await cache.take('taken')
    await cache.delete('deleted')
    await cache.deletePrefix('p')
    await cache.deleteTag('x')
    await cache.set('zero', 1, { ttl: 0 })
    cache = await reload(cache)
    expect(await keysOf(cache as never)).toEqual(['touched', 'updated'])
    expect(await cache.get('updated')).toBe(2)
    clock.advance(SECOND)
    expect(await keysOf(cache as never)).toEqual(['touched'])
    await cache.clear()
    cache = await reload(cache)
    expect(await cache.size()).toBe(0)
  })

  it('what expired while nothing ran is neither served nor kept beyond the next sweep', async () => {
    const { open, reload, clock } = placeOf(arrangement)
    const first = open<number>()
    await first.setMany([['a', 1], ['b', 2]], { ttl: SECOND })
    clock.advance(365 * DAY)
    const next = await reload(first)
    expect(await next.get('a')).toBeUndefined()
    expect(await next.size()).toBe(0)
    expect(await next.sweep()).toBe(2)
    expect(await next.sweep()).toBe(0)
  })

  it('a load is spared by what is stored, and told of a stale value from there', async () => {
    const { open, reload, clock } = placeOf(arrangement)
    const first = open<number>()
    await first.getOrLoad('a', () => 1)
    await first.set('b', 2, { ttl: 10, staleIfError: 100 })
    clock.advance(10)
    const next = await reload(first)
    expect(await next.getOrLoad('a', () => expect.fail('called'))).toBe(1)
    expect(await next.getOrLoad('b', ({ stale }) => stale! * 10)).toBe(20)
  })
})

describe('two caches of one name', () => {
  it('see each other’s entries', async () => {
    const { open } = placeOf(TWO_TIERS)
    const [one, other] = [open<number>(), open<number>()]
    await one.set('a', 1)
    expect(await other.get('a')).toBe(1)
    expect(await other.size()).toBe(1)
  })

  it('add: of many callers in both, one wins', async () => {
    const { open } = placeOf(TWO_TIERS)
    const caches = [open<number>(), open<number>()]
    const wins = await Promise.all(Array.from({ length: 20 }, (_, id) => caches[id % 2]!.add('a', id)))
    expect(wins.filter(Boolean)).toHaveLength(1)
    const winner = wins.indexOf(true)
    expect(await caches[0]!.get('a')).toBe(winner)
    expect(await caches[1]!.get('a')).toBe(winner)
  })

  it('take: of many callers in both, one gets it', async () => {
    const { open } = placeOf(TWO_TIERS)
    const caches = [open<string>(), open<string>()]
    await caches[0]!.set('ticket', 'the one')
    await caches[1]!.get('ticket')
    const taken = await Promise.all(Array.from({ length: 10 }, (_, id) => caches[id % 2]!.take('ticket')))
    expect(taken.filter((value) => value !== undefined)).toEqual(['the one'])
  })

  it('delete tells true once', async () => {
    const { open } = placeOf(TWO_TIERS)
    const caches = [open<number>(), open<number>()]
    await caches[0]!.set('a', 1)
    await caches[1]!.get('a')
    expect((await Promise.all(caches.map((cache) => cache.delete('a')))).filter(Boolean)).toHaveLength(1)
  })

  it('update and touch go by what is stored, not by a copy that another has replaced', async () => {
    const { open } = placeOf(TWO_TIERS)
    const [one, other] = [open<number>(), open<number>()]
    await one.set('a', 1)
    await other.get('a')
    await one.set('a', 2)
    expect(await other.update('a', 3)).toBe(2)
    await one.delete('a')
    expect(await other.touch('a', DAY)).toBe(false)
    expect(await other.get('a')).toBeUndefined()
  })
})

describe('names and versions', () => {
  it('caches of other names and other versions share nothing', async () => {
    const clock = new ManualClock()
    const all = [{ name: 'a' }, { name: 'b' }, { name: 'a', version: '1' }, { name: 'a', version: '2' }, { name: '1:a' }].map((options) => createCache<number>({ ...options, clock }))
    await Promise.all(all.map((cache, id) => cache.set('k', id)))
    await Promise.all(all.map((cache) => cache.close()))
    const again = [{ name: 'a' }, { name: 'b' }, { name: 'a', version: '1' }, { name: 'a', version: '2' }, { name: '1:a' }, { name: 'a', version: '3' }]
    const values: unknown[] = []
    for (const options of again) {
      const cache = createCache<number>({ ...options, clock })
      values.push(await cache.get('k'))
      await cache.close()
    }
    expect(values).toEqual([0, 1, 2, 3, 4, undefined])
  })

  it('destroy removes the databases of every version of its name, and no other name’s', async () => {
    const clock = new ManualClock()
    for (const [name, version] of [['a', ''], ['a', '1'], ['a', 'x:y'], ['b', ''], ['x:a', '1'], ['1:a', '']] as const) {
      const cache = createCache<number>({ name, version, clock })
      await cache.set('k', 1)
      await cache.close()
    }
    await createCache({ name: 'a', version: '7', clock }).destroy()
    const left = await databaseNames()
    expect(left).toHaveLength(3)
    for (const name of ['b', 'x:a', '1:a']) expect(left.some((database) => database.includes(name))).toBe(true)
  })
})

describe('a database that others damage', () => {
  it('deleted under a cache: memory forgets it too, and the cache goes on working', async () => {
    damageOnPurpose()
    const { open, faults, reload } = placeOf(TWO_TIERS)
    let cache = open<number>()
    await cache.set('a', 1)
    const [database = ''] = await databaseNames()
    await settled(indexedDB.deleteDatabase(database))
    expect(await cache.get('a')).toBeUndefined()
    await cache.set('b', 2)
    cache = await reload(cache)
    expect(await cache.get('b')).toBe(2)
    expect(faults).toEqual([])
    expect(cache.status).toEqual({ persistence: 'indexeddb' })
  })

  it('records no cache can have written are misses, and no reason to fail', async () => {
    damageOnPurpose()
    const { open, reload, clock } = placeOf(TWO_TIERS)
    let cache = open<unknown>()
    await cache.set('good', 1)
    cache = await reload(cache)
    const at = clock.time
    const bad = {
      'no value': { createdAt: at },
      'no createdAt': { value: 1 },
      'words for a time': { value: 1, createdAt: at, expiresAt: 'tomorrow' },
      'NaN expiresAt': { value: 1, createdAt: at, expiresAt: NaN },
      'NaN staleAt': { value: 1, createdAt: at, staleAt: NaN },
      'null expiresAt': { value: 1, createdAt: at, expiresAt: null },
      'tags of one word': { value: 1, createdAt: at, tags: 'x' },
      'fresh beyond its end': { value: 1, createdAt: at, staleAt: at + DAY, expiresAt: at },
    }
    await plant(NAME, ...Object.entries(bad).map(([key, rest]) => ({ key, ...rest })), { key: 7, value: 1, createdAt: at }, { key: ['list'], value: 1, createdAt: at })
    const keys = Object.keys(bad)
    for (const key of keys) {
      expect(await cache.get(key), key).toBeUndefined()
      expect(await cache.get(key, { stale: true }), key).toBeUndefined()
      expect(await cache.has(key), key).toBe(false)
      expect(await cache.info(key), key).toBeUndefined()
      expect(await cache.update(key, 1), key).toBeUndefined()
    }
    expect(await keysOf(cache as never)).toEqual(['good'])
    for (const key of keys) expect(await cache.getOrLoad(key, () => 'loaded'), key).toBe('loaded')
    await cache.flush()
    expect(await cache.size()).toBe(1 + keys.length)
    await cache.clear()
    expect(await countDisk(NAME)).toMatchObject({ records: 0 })
  })
})

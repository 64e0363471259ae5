// Events: what each call tells, to whom, and when. What other tabs do is told in test/coherence.

import { describe, expect, it } from 'vitest'
import type { Cache, CacheOptions } from '../../src/index.ts'
import { ARRANGEMENTS, placeOf } from '../helpers/caches.ts'
import { DAY, SECOND } from '../helpers/clock.ts'
import { turns } from '../helpers/deferred.ts'
import { follow } from '../helpers/events.ts'

describe.each(ARRANGEMENTS)('$title', (arrangement) => {
  const open = <V>(options: CacheOptions<V> = {}) => {
    const { open: openCache, clock } = placeOf(arrangement)
    const cache = openCache<V>(options)
    return { cache, clock, ...follow(cache as Cache<never>) }
  }

  it.each<[call: string, run: (cache: Cache<number>) => Promise<unknown>, events: object[]]>([
    ['set', (cache) => cache.set('a', 2), [{ type: 'set', key: 'a' }]],
    ['set with ttl 0', (cache) => cache.set('a', 2, { ttl: 0 }), [{ type: 'delete', key: 'a' }]],
    ['setMany', (cache) => cache.setMany([['a', 2], ['b', 3]]), [{ type: 'set', key: 'a' }, { type: 'set', key: 'b' }]],
    ['add', (cache) => cache.add('b', 2), [{ type: 'set', key: 'b' }]],
    ['update', (cache) => cache.update('a', 2), [{ type: 'set', key: 'a' }]],
    ['touch', (cache) => cache.touch('a', DAY), [{ type: 'set', key: 'a' }]],
    ['touch with ttl 0', (cache) => cache.touch('a', 0), [{ type: 'delete', key: 'a' }]],
    ['take', (cache) => cache.take('a'), [{ type: 'delete', key: 'a' }]],
    ['delete', (cache) => cache.delete('a'), [{ type: 'delete', key: 'a' }]],
    ['deleteMany', (cache) => cache.deleteMany(['a', 'b']), [{ type: 'delete', key: 'a' }, { type: 'delete', key: 'b' }]],
    ['deletePrefix', (cache) => cache.deletePrefix('a'), [{ type: 'deletePrefix', prefix: 'a' }]],
    ['deleteTag', (cache) => cache.deleteTag('x'), [{ type: 'deleteTag', tag: 'x' }]],
    ['clear', (cache) => cache.clear(), [{ type: 'deletePrefix', prefix: '' }]],
    ['a load', (cache) => cache.getOrLoad('b', () => 2), [{ type: 'set', key: 'b' }]],
    ['destroy', (cache) => cache.destroy(), [{ type: 'destroy' }]],
  ])('%s tells what it did, once', async (_call, run, events) => {
    const { cache, told } = open<number>()
    await cache.set('a', 1, { tags: ['x'] })
    told()
    await run(cache)
    await turns()
    expect(told()).toEqual(events)
  })

  it.each<[call: string, run: (cache: Cache<number>) => Promise<unknown>]>([
    ['add of what is there', (cache) => cache.add('a', 2)],
    ['add with ttl 0', (cache) => cache.add('b', 2, { ttl: 0 })],
    ['update of what is missing', (cache) => cache.update('b', 2)],
    ['touch of what is missing', (cache) => cache.touch('b', DAY)],
    ['a load that finds nothing', (cache) => cache.getOrLoad('b', () => undefined)],
    ['a load that fails', (cache) => cache.getOrLoad('b', () => Promise.reject(new Error('offline'))).catch(() => {})],
    ['a refused argument', (cache) => cache.set('a', 2, { ttl: -1 }).catch(() => {})],
    ['reads', (cache) => Promise.all([cache.get('a'), cache.get('b'), cache.has('a'), cache.info('a'), cache.size(), cache.getOrLoad('a', () => 2)])],
    ['flush and sweep', (cache) => Promise.all([cache.flush(), cache.sweep()])],
    ['close', (cache) => cache.close()],
  ])('%s tells nothing', async (_call, run) => {
    const { cache, told } = open<number>()
    await cache.set('a', 1)
    told()
    await run(cache)
    await turns()
    expect(told()).toEqual([])
  })

  it('of writes under way at the time, nothing is told after destroy', async () => {
    const { cache, told } = open<number>()
    await cache.set('a', 1)
    told()
    for (const writing of [cache.add('b', 1), cache.update('a', 2), cache.touch('a', DAY)]) writing.catch(() => {})
    await cache.destroy()
    await turns()
    expect(told().at(-1)).toEqual({ type: 'destroy' })
  })

  it('memory already shows the change when the event comes', async () => {
    const { cache } = open<number>()
    const seen: unknown[] = []
    cache.subscribe((event) => seen.push([event.type, cache.peek('a')]))
    await cache.set('a', 1)
    await cache.update('a', 2)
    await cache.delete('a')
    await cache.add('a', 3)
    await cache.deletePrefix('a')
    await cache.getOrLoad('a', () => 4)
    await turns()
    await cache.deleteTag('x')
    await cache.clear()
    const value = (number: number) => (arrangement.memory === 'none' ? undefined : number)
    const after = [value(1), value(2), undefined, value(3), undefined, value(4), value(4), undefined]
    expect(seen).toEqual(['set', 'set', 'delete', 'set', 'deletePrefix', 'set', 'deleteTag', 'deletePrefix'].map((type, place) => [type, after[place]]))
  })

  it('with a key, only what may concern it', async () => {
    const { cache } = open<number>()
    const { told } = follow(cache as Cache<never>, 'user:1')
    await cache.set('user:1', 1, { tags: ['x'] })
    await cache.set('user:2', 1)
    await cache.set('user:', 1)
    await cache.delete('user:2')
    await cache.deletePrefix('user:1:')
    await cache.deletePrefix('users')
    expect(told()).toEqual([{ type: 'set', key: 'user:1' }])
    await cache.deletePrefix('user:')
    await cache.deletePrefix('user:1')
    await cache.deleteTag('x')
    await cache.clear()
    await cache.delete('user:1')
    await cache.destroy()
    expect(told()).toEqual([
      { type: 'deletePrefix', prefix: 'user:' },
      { type: 'deletePrefix', prefix: 'user:1' },
      { type: 'deleteTag', tag: 'x' },
      { type: 'deletePrefix', prefix: '' },
      { type: 'delete', key: 'user:1' },
      { type: 'destroy' },
    ])
  })

  if (arrangement.memory === 'none') return

  it('an entry that expires in memory is told when that is noticed: at a read, a write, a sweep', async () => {
    const { cache, clock, told } = open<number>({ maxEntries: 10 })
    const expire = async (notice: () => unknown): Promise<unknown[]> => {
      await cache.set('a', 1, { ttl: SECOND })
      told()
      clock.advance(SECOND)
      expect(told()).toEqual([])
      await notice()
      return told()
    }
    const expired = { type: 'expire', key: 'a' }
    expect(await expire(() => cache.get('a'))).toEqual([expired])
    expect(await expire(() => cache.peek('a'))).toEqual([expired])
    expect(await expire(() => cache.set('b', 1))).toEqual([expired, { type: 'set', key: 'b' }])
    expect(await expire(() => cache.sweep())).toEqual([expired])
  })

  it('within a stale window nothing has expired yet', async () => {
    const { cache, clock, told } = open<number>()
    await cache.set('a', 1, { ttl: SECOND, staleIfError: SECOND })
    told()
    clock.advance(SECOND)
    await cache.get('a')
    expect(told()).toEqual([])
    clock.advance(SECOND)
    await cache.get('a')
    expect(told()).toEqual([{ type: 'expire', key: 'a' }])
  })

  it('an entry that makes room for another tells nothing: it may be in the store', async () => {
    const { cache, told } = open<number>({ maxEntries: 1 })
    await cache.set('a', 1)
    await cache.set('b', 2)
    expect(told()).toEqual([{ type: 'set', key: 'a' }, { type: 'set', key: 'b' }])
  })
})

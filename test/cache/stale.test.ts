// Stale windows: between the end of the ttl and the end of any use, an entry is seen by info, by get with `stale`, and by a
// loader; everything else takes it for missing.

import { describe, expect, it } from 'vitest'
import type { SetOptions } from '../../src/index.ts'
import { ARRANGEMENTS, collected, placeOf } from '../helpers/caches.ts'
import { DAY } from '../helpers/clock.ts'

describe.each(ARRANGEMENTS)('$title', (arrangement) => {
  it.each<[windows: SetOptions, longer: number]>([
    [{ staleWhileRevalidate: 300 }, 300],
    [{ staleIfError: 300 }, 300],
    [{ staleWhileRevalidate: 300, staleIfError: 100 }, 300],
    [{ staleWhileRevalidate: 100, staleIfError: 300 }, 300],
  ])('with %j the longer window ends %i ms after the ttl', async (windows, longer) => {
    const { open, clock } = placeOf(arrangement)
    const cache = open<number>()
    await cache.set('a', 1, { ttl: 1_000, ...windows })
    clock.advance(999)
    expect(await cache.get('a')).toBe(1)
    expect(await cache.get('a', { stale: true })).toBe(1)
    clock.advance(1)
    expect(await cache.get('a')).toBeUndefined()
    expect(await cache.get('a', { stale: false })).toBeUndefined()
    expect(await cache.get('a', { stale: true })).toBe(1)
    clock.advance(longer - 1)
    expect(await cache.get('a', { stale: true })).toBe(1)
    expect(await cache.info('a')).toMatchObject({ staleAt: clock.time - longer + 1, expiresAt: clock.time + 1 })
    clock.advance(1)
    expect(await cache.get('a', { stale: true })).toBeUndefined()
    expect(await cache.info('a')).toBeUndefined()
  })

  it('every other read takes a stale entry for missing', async () => {
    const { open, clock } = placeOf(arrangement)
    const cache = open<number>()
    await cache.set('a', 1, { ttl: 10, staleIfError: DAY })
    clock.advance(10)
    expect(cache.peek('a')).toBeUndefined()
    expect(await cache.has('a')).toBe(false)
    expect(await cache.expiresAt('a')).toBeUndefined()
    expect(await cache.getMany(['a'])).toEqual(new Map())
    expect(await cache.size()).toBe(0)
    expect(await collected(cache.keys())).toEqual([])
    expect(await cache.sweep()).toBe(0)
    expect(await cache.get('a', { stale: true })).toBe(1)
  })

  it('the cache’s own windows are the default; a call may say another, or none', async () => {
    const { open, clock } = placeOf(arrangement)
    const cache = open<number>({ ttl: 10, staleWhileRevalidate: 20, staleIfError: 30 })
    await cache.set('a', 1)
    await cache.set('b', 1, { staleIfError: 0 })
    await cache.set('c', 1, { staleWhileRevalidate: 0, staleIfError: 0 })
    await cache.add('d', 1)
    const expiries = await Promise.all(['a', 'b', 'c', 'd'].map(async (key) => (await cache.info(key))!.expiresAt - clock.time))
    expect(expiries).toEqual([40, 30, 10, 40])
  })

  it('a window of Infinity never ends: nothing to sweep, ever', async () => {
    const { open, clock } = placeOf(arrangement)
    const cache = open<number>()
    await cache.set('a', 1, { ttl: 10, staleIfError: Infinity })
    clock.advance(100_000 * DAY)
    expect(await cache.sweep()).toBe(0)
    expect(await cache.get('a')).toBeUndefined()
    expect(await cache.get('a', { stale: true })).toBe(1)
    expect((await cache.info('a'))!.expiresAt).toBe(Infinity)
  })

  it('update and touch keep the windows', async () => {
    const { open, clock } = placeOf(arrangement)
    const cache = open<number>()
    await cache.set('a', 1, { ttl: 10, staleIfError: 100 })
    await cache.update('a', 2)
    await cache.touch('a', 50)
    clock.advance(149)
    expect(await cache.get('a', { stale: true })).toBe(2)
    clock.advance(1)
    expect(await cache.get('a', { stale: true })).toBeUndefined()
  })

  it('stale serves are counted as such', async () => {
    const { open, clock } = placeOf(arrangement)
    const cache = open<number>()
    await cache.set('a', 1, { ttl: 10, staleIfError: 100 })
    clock.advance(10)
    await cache.get('a', { stale: true })
    const { memory, store } = cache.stats()
    expect(memory.stale + store.stale).toBe(1)
    expect(memory.hits + store.hits).toBe(0)
  })
})

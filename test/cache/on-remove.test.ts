// onRemove of createCache: what left the memory tier, and why. What is evicted from memory may still be on disk.

import { describe, expect, it, vi } from 'vitest'
import type { Cache } from '../../src/index.ts'
import { ARRANGEMENTS, collected, placeOf } from '../helpers/caches.ts'
import { MINUTE } from '../helpers/clock.ts'
import { turns } from '../helpers/deferred.ts'

const HOLDING = ARRANGEMENTS.filter(({ memory }) => memory === 'all')

describe.each(HOLDING)('$title', (arrangement) => {
  it('a set of a key that is there: replaced, with the older value', async () => {
    const { open, removals } = placeOf(arrangement)
    const cache = open<number>()
    await cache.set('a', 1)
    expect(removals()).toEqual([])
    await cache.set('a', 2)
    await cache.setMany([['a', 3]])
    expect(removals()).toEqual(['a 1 replaced', 'a 2 replaced'])
    await cache.update('a', 4)
    expect(removals()).toEqual(['a 3 replaced'])
    await cache.touch('a', 1_000)
    expect(await cache.add('a', 5)).toBe(false)
    expect(removals()).toEqual([])
  })

  it('delete, deleteMany, take, deletePrefix, deleteTag, clear: deleted, once each', async () => {
    const { open, removals } = placeOf(arrangement)
    const cache = open<number>()
    await cache.setMany([['a', 1], ['b', 2], ['c', 3], ['p1', 4], ['z', 6]])
    await cache.set('t', 5, { tags: ['x'] })
    await cache.delete('a')
    await cache.take('b')
    await cache.deleteMany(['c', 'missing'])
    await cache.deletePrefix('p')
    await cache.deleteTag('x')
    expect(removals()).toEqual(['a 1 deleted', 'b 2 deleted', 'c 3 deleted', 'p1 4 deleted', 't 5 deleted'])
    await cache.clear()
    await cache.clear()
    expect(removals()).toEqual(['z 6 deleted'])
  })

  it('set with ttl 0: deleted', async () => {
    const { open, removals } = placeOf(arrangement)
    const cache = open<number>()
    await cache.set('a', 1)
    await cache.set('a', 2, { ttl: 0 })
    expect(removals()).toEqual(['a 1 deleted'])
  })

  it('what ran out of time: expired, when somebody looks or sweeps', async () => {
    const { open, clock, removals } = placeOf(arrangement)
    const cache = open<number>()
    await cache.setMany([['a', 1], ['b', 2]], { ttl: 10 })
    clock.advance(10)
    await cache.get('a')
    await cache.sweep()
    expect(removals()).toEqual(['a 1 expired', 'b 2 expired'])
  })

  it('over the bound: evicted; where there is a store it is still there', async () => {
    const { open, removals } = placeOf(arrangement)
    const cache = open<number>({ maxEntries: 1 })
    await cache.set('a', 1)
    await cache.set('b', 2)
    expect(removals()).toEqual(['a 1 evicted'])
    expect(await cache.get('a')).toBe(arrangement.second === 'nothing' ? undefined : 1)
  })

  it('get and update count as use, peek, has, expiresAt, info and touch do not', async () => {
    const { open, removals } = placeOf(arrangement)
    const cache = open<number>({ maxEntries: 2 })
    const evictedAfter = async (use: () => unknown): Promise<string[]> => {
      await cache.clear()
      await cache.set('a', 1)
      await cache.set('b', 2)
      removals()
      await use()
      removals()
      await cache.set('c', 3)
      return removals()
    }
    expect(await evictedAfter(() => cache.get('a'))).toEqual(['b 2 evicted'])
    expect(await evictedAfter(() => cache.getMany(['a']))).toEqual(['b 2 evicted'])
    expect(await evictedAfter(() => cache.update('a', 9))).toEqual(['b 2 evicted'])
    expect(await evictedAfter(() => cache.update('a', 1)), 'update to an equal value').toEqual(['b 2 evicted'])
    expect(await evictedAfter(() => cache.set('a', 9))).toEqual(['b 2 evicted'])
    expect(await evictedAfter(() => cache.getOrLoad('a', () => 9))).toEqual(['b 2 evicted'])
    const looks = [() => cache.peek('a'), () => cache.has('a'), () => cache.expiresAt('a'), () => cache.info('a'), () => cache.touch('a', 1_000), () => cache.size(), () => collected(cache.entries())]
    for (const look of looks) expect(await evictedAfter(look)).toEqual(['a 1 evicted'])
  })

  it('close and destroy let go of memory', async () => {
    const { open, reload } = placeOf(arrangement)
    const cache = open<number>()
    await cache.set('a', 1)
    await cache.close()
    expect(cache.peek('a')).toBeUndefined()
    expect(cache.stats().memory.size).toBe(0)
    await reload(cache)
  })

  it('a listener that throws changes nothing, and its error is reported later', async () => {
    const { open } = placeOf(arrangement)
    const reported = vi.spyOn(console, 'error').mockImplementation(() => {})
    const mistake = new Error('of the app')
    const cache = open<number>({
      onRemove: () => {
        throw mistake
      },
    })
    await cache.set('a', 1)
    await cache.set('a', 2)
    expect(await cache.get('a')).toBe(2)
    expect(await cache.delete('a')).toBe(true)
    await turns()
    expect(reported.mock.calls).toEqual([[mistake], [mistake]])
  })

  it('a listener may use the cache', async () => {
    const { open } = placeOf(arrangement)
    const cache = open<number>({ onRemove: (key, value) => void (key === 'a' && cache.set(`was ${key}`, value)) })
    await cache.set('a', 1)
    await cache.delete('a')
    expect(await cache.get('was a')).toBe(1)
  })

  it.each<[what: string, change: (cache: Cache<number>) => Promise<unknown>, answer: (cache: Cache<number>) => Promise<unknown>, left: readonly (number | undefined)[]]>([
    ['set what is being set', (cache) => cache.set('a', 2), (cache) => cache.set('a', 9), [9, 1]],
    ['update what is being set', (cache) => cache.set('a', 2), (cache) => cache.update('a', 9), [9, 1]],
    ['delete what is being set', (cache) => cache.set('a', 2), (cache) => cache.delete('a'), [undefined, 1]],
    ['take what is being set', (cache) => cache.set('a', 2), (cache) => cache.take('a'), [undefined, 1]],
    ['delete of several that are being set', (cache) => cache.setMany([['a', 2], ['b', 2]]), (cache) => cache.delete('b'), [2, undefined]],
    ['clear while they are being set', (cache) => cache.setMany([['a', 2], ['b', 2]]), (cache) => cache.clear(), [undefined, undefined]],
    ['set what is being updated', (cache) => cache.update('a', 2), (cache) => cache.set('a', 9), [9, 1]],
    ['set what is being taken', (cache) => cache.take('a'), (cache) => cache.set('a', 9), [9, 1]],
    ['set of what clear removes', (cache) => cache.clear(), (cache) => cache.setMany([['a', 9], ['b', 9]]), [9, 9]],
    ['set of what a prefix removes', (cache) => cache.deletePrefix(''), (cache) => cache.setMany([['a', 9], ['b', 9]]), [9, 9]],
    ['set of what a tag removes', (cache) => cache.deleteTag('x'), (cache) => cache.setMany([['a', 9], ['b', 9]]), [9, 9]],
  ])('what it does comes after the change, in memory and in the store: %s', async (_what, change, answer, left) => {
    const { open, reload } = placeOf(arrangement)
    const both = (cache: Cache<number>) => Promise.all([cache.get('a'), cache.get('b')])
    let answered: Promise<unknown> | undefined
    const cache = open<number>({ onRemove: () => void (answered ??= answer(cache)) })
    await cache.setMany([['a', 1], ['b', 1]], { tags: ['x'] })
    await change(cache)
    await answered
    expect(await both(cache)).toEqual(left)
    if (arrangement.second !== 'nothing') expect(await both(await reload(cache))).toEqual(left)
  })

  it.each<[what: string, remove: (cache: Cache<number>) => Promise<unknown>]>([
    ['clear', (cache) => cache.clear()],
    ['deletePrefix', (cache) => cache.deletePrefix('')],
    ['deleteTag', (cache) => cache.deleteTag('x')],
  ])('%s has removed all before the first is told', async (_what, remove) => {
    const { open } = placeOf(arrangement)
    const seen: unknown[] = []
    const cache = open<number>({ onRemove: () => void seen.push(cache.peek('a'), cache.peek('b')) })
    await cache.setMany([['a', 1], ['b', 1]], { tags: ['x'] })
    await remove(cache)
    expect(seen).toEqual([undefined, undefined, undefined, undefined])
  })

  it('what it sets when a clock was set back is there', async () => {
    const { open, clock } = placeOf(arrangement)
    const cache = open<number>({ onRemove: (_key, _value, cause) => void (cause === 'deleted' && cache.setMany([['a', 9], ['b', 9]])) })
    await cache.setMany([['a', 1], ['b', 1]])
    clock.advance(-MINUTE)
    await cache.get('x')
    expect([await cache.get('a'), await cache.get('b')]).toEqual([9, 9])
  })

  it.each<[what: string, change: (cache: Cache<number>) => Promise<unknown>, answer: unknown]>([
    ['set', (cache) => cache.set('a', 2), undefined],
    ['take', (cache) => cache.take('a'), undefined],
    ['delete', (cache) => cache.delete('a'), false],
  ])('what it sets for what expires comes after the %s that has met it', async (_what, change, answer) => {
    const { open, clock } = placeOf(arrangement)
    const cache = open<number>({ onRemove: (key, _value, cause) => void (cause === 'expired' && cache.set(key, 9)) })
    await cache.set('a', 1, { ttl: MINUTE })
    clock.advance(MINUTE)
    expect(await change(cache)).toBe(answer)
    expect(await cache.get('a')).toBe(9)
  })

  it('an entry too heavy for memory takes the older one with it, and is on disk where there is one', async () => {
    const { open, removals } = placeOf(arrangement)
    const cache = open<number>({ maxWeight: 10, weigh: (value) => value })
    await cache.set('a', 5)
    await cache.set('a', 11)
    expect(removals()).toEqual(['a 5 replaced'])
    expect(cache.peek('a')).toBeUndefined()
    expect(await cache.get('a')).toBe(arrangement.second === 'nothing' ? undefined : 11)
    expect(cache.stats().memory).toMatchObject({ size: 0, weight: 0 })
  })
})

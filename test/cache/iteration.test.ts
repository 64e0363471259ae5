// keys, values and entries of createCache while the time goes on and the cache changes: each entry is as it is at its turn.

import { describe, expect, it } from 'vitest'
import type { Cache } from '../../src/index.ts'
import { ALL_DECODED, ALL_FROM_DISK, ARRANGEMENTS, collected, PERSISTENT, placeOf, TWO_TIERS } from '../helpers/caches.ts'
import { SECOND } from '../helpers/clock.ts'

const COUNT = 10

const pairs = (value: (nth: number) => number): [key: string, value: number][] => Array.from({ length: COUNT }, (_, nth) => [`k${nth}`, value(nth)])

describe.each(ARRANGEMENTS)('$title', (arrangement) => {
  /** An iteration that has given two entries of ten, so that one of them came from the store if there is one. */
  const begin = async (options: { readonly ttl?: number } = {}) => {
    const { open, clock } = placeOf(arrangement)
    const cache = open<number>()
    const before = pairs((nth) => nth)
    if (arrangement.second === 'nothing' || arrangement.memory === 'all') await cache.setMany(before, options)
    else for (const [key, value] of before) await cache.set(key, value, options)
    const entries = cache.entries()
    const given = [(await entries.next()).value![0], (await entries.next()).value![0]]
    return { cache, clock, entries, given }
  }

  it('what expired meanwhile is not given', async () => {
    const { clock, entries } = await begin({ ttl: SECOND })
    clock.advance(SECOND)
    expect(await collected(entries)).toEqual([])
  })

  it.each<[what: string, remove: (cache: Cache<number>) => Promise<unknown>]>([
    ['clear', (cache) => cache.clear()],
    ['deletePrefix', (cache) => cache.deletePrefix('k')],
    ['deleteMany', (cache) => cache.deleteMany(pairs(() => 0).map(([key]) => key))],
    ['set with ttl 0', (cache) => cache.setMany(pairs(() => 0), { ttl: 0 })],
  ])('what %s has removed is not given', async (_what, remove) => {
    const { cache, entries } = await begin()
    await remove(cache)
    expect(await collected(entries)).toEqual([])
  })

  it('what has a tag that was deleted is not given', async () => {
    const { open } = placeOf(arrangement)
    const cache = open<number>()
    await cache.setMany(pairs((nth) => nth), { tags: ['x'] })
    await cache.set('other', 1)
    const keys = cache.keys()
    const first = (await keys.next()).value
    await cache.deleteTag('x')
    expect([first, ...(await collected(keys))]).toContain('other')
    expect(await collected(keys)).toEqual([])
  })

  it('what was replaced is given with its new value, each key once', async () => {
    const { cache, entries, given } = await begin()
    await cache.setMany(pairs((nth) => nth + 100))
    const others = pairs((nth) => nth + 100).filter(([key]) => !given.includes(key))
    expect((await collected(entries)).sort()).toEqual(others)
  })

  it('what is added meanwhile has an end', async () => {
    const { open } = placeOf(arrangement)
    const cache = open<number>()
    await cache.setMany(Array.from({ length: 250 }, (_, nth) => [`k${nth}`, nth]))
    let count = 0
    for await (const [key, value] of cache.entries()) {
      expect(++count).toBeLessThanOrEqual(500)
      await cache.set(`v2/${key}`, value)
      await cache.delete(key)
    }
    expect(await cache.size()).toBe(250)
  })

  it('what was updated or touched is given as it is', async () => {
    const { cache, clock, entries, given } = await begin()
    const [one, two, ...others] = pairs((nth) => nth).filter(([key]) => !given.includes(key))
    await cache.update(one![0], 100)
    await cache.touch(two![0], SECOND)
    clock.advance(SECOND)
    expect((await collected(entries)).sort()).toEqual([[one![0], 100], ...others])
  })

  it.each(['close', 'destroy'] as const)('after %s it rejects', async (how) => {
    const { cache, entries } = await begin()
    await cache[how]()
    await expect(entries.next()).rejects.toMatchObject({ code: 'closed' })
    expect(await entries.next()).toEqual({ done: true, value: undefined })
  })
})

it.each(PERSISTENT)('$title: the clock is read at each step', async (arrangement) => {
  const { open, clock } = placeOf(arrangement)
  const cache = open<number>()
  await cache.setMany(pairs((nth) => nth), { ttl: SECOND })
  let count = 0
  for await (const _ of cache.keys()) {
    count++
    if (count === 3) clock.advance(SECOND)
  }
  expect(count).toBe(3)
})

it.each([ALL_FROM_DISK, ALL_DECODED])('$title: what another cache of the name has removed is not given once that is heard of', async (arrangement) => {
  const { open } = placeOf(arrangement)
  const [one, other] = [open<number>(), open<number>()]
  await one.setMany(pairs((nth) => nth))
  const values = one.values()
  await values.next()
  const heard = new Promise<void>((resolve) => one.subscribe(({ type }) => type === 'deletePrefix' && resolve()))
  await other.clear()
  await heard
  expect(await collected(values)).toEqual([])
})

it('more changes than are remembered hide nothing, and an iteration that nobody ends does not hear of more', async () => {
  const { open } = placeOf(TWO_TIERS)
  const cache = open<number>({ maxEntries: 1 })
  await cache.setMany(pairs((nth) => nth))
  const forgotten = cache.keys()
  const entries = cache.entries()
  for (const iteration of [forgotten, entries]) for (const _ of [1, 2]) await iteration.next()
  await cache.deleteMany(['k5', 'k6'])
  for (let nth = 0; nth < 1_100; nth++) void cache.set('other', nth)
  await cache.flush()
  const keys = (await collected(entries)).map(([key]) => key)
  expect(keys).toEqual(expect.arrayContaining(['k2', 'k3', 'k4', 'k7', 'k8']))
  expect(keys).not.toContain('k5')
  expect(keys).not.toContain('k6')
})

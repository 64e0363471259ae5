// What comes of the same root as gcache's leaks: places taken by what is not there, lives ended by the wrong write, sweeps that
// writers outrun. The letters are those of the second table of section 6 of the parity document.

import { describe, expect, it, vi } from 'vitest'
import { createCache, type Cache, type CacheOptions } from '../../src/index.ts'
import { countedCache, KEYS, setKeys, times, type Counted } from '../helpers/all-zero.ts'
import { MEMORY_ALONE, NAME, TWO_TIERS, type Place } from '../helpers/caches.ts'
import { HOUR, ManualClock, MINUTE, SECOND } from '../helpers/clock.ts'
import { turns } from '../helpers/deferred.ts'
import { countDisk } from '../helpers/indexed-db.ts'
import { random } from '../helpers/property.ts'
import { controlled } from '../helpers/stores.ts'
import { createPlainStore, type Rows } from '../store/plain-store.ts'

describe.each([TWO_TIERS, MEMORY_ALONE])('$title', (arrangement) => {
  const stored = arrangement.second === 'indexeddb'
  let place: Place
  let clock: ManualClock
  let cache: Cache<number>
  let expectHeld: Counted['expectHeld']
  let expectNothing: Counted['expectNothing']

  const setUp = (options?: CacheOptions<number>): void => {
    ({ place, cache, expectHeld, expectNothing } = countedCache(arrangement, options))
    clock = place.clock
  }

  it('K: failing loads take no place in an LRU of 2', async () => {
    setUp({ maxEntries: 2 })
    await cache.setMany([['a', 1], ['b', 2]])
    await times(100, (i) => cache.getOrLoad(`missing ${i}`, () => (i % 2 ? undefined : Promise.reject(new Error('offline')))).catch(() => {}))
    expect([cache.peek('a'), cache.peek('b')]).toEqual([1, 2])
    expect(cache.stats().memory).toMatchObject({ size: 2, evictions: 0 })
    await cache.set('c', 3)
    expect([cache.peek('a'), cache.peek('b')], 'the order of use is as before').toEqual([undefined, 2])
  })

  it.each(['in one tick', 'one after the other'])('N: of two writes %s the later one says when the key expires, whichever ttl is longer', async (how) => {
    setUp()
    const ttls = [HOUR, SECOND, Infinity]
    for (const first of ttls) {
      for (const second of ttls) {
        const key = `${first}, then ${second}`
        const setting = cache.set(key, 1, { ttl: first })
        if (how === 'one after the other') await setting
        await cache.set(key, 2, { ttl: second })
      }
    }
    clock.advance(SECOND)
    expect(await cache.sweep()).toBe(3)
    expect(await cache.size()).toBe(6)
    clock.advance(HOUR)
    expect(await cache.sweep()).toBe(3)
    await expectHeld(3, 0)
    await cache.clear()
    await expectNothing()
  })

  it('P: keys set during a sweep survive it, in this tab and in another', async () => {
    setUp()
    const other = stored ? place.open<number>() : cache
    await setKeys(cache, { ttl: SECOND })
    clock.advance(SECOND)
    const sweeping = cache.sweep()
    const here = setKeys(cache, { ttl: MINUTE }, KEYS.slice(0, 100))
    await turns(2)
    const there = setKeys(other, { ttl: MINUTE }, KEYS.slice(500, 600))
    await Promise.all([sweeping, here, there])
    const survivors = [...KEYS.slice(0, 100), ...KEYS.slice(500, 600)]
    expect([...(await cache.getMany(KEYS)).keys()]).toEqual(survivors)
    clock.advance(MINUTE)
    expect(await cache.sweep()).toBe(200)
    await expectNothing()
  })

  it('Q: under continuous writes what expired leaves, with nothing but the timer to see to it', async () => {
    setUp({ sweepInterval: 10 * SECOND })
    const mostHeld = 20 * (5 + 10 + 2)
    for (let second = 0; second < 300; second++) {
      void cache.setMany(Array.from({ length: 20 }, (_, i) => [`k${second} ${i}`, i]), { ttl: (1 + (second % 5)) * SECOND })
      clock.advance(SECOND)
      await vi.advanceTimersByTimeAsync(SECOND)
      await turns(40)
      if (cache.stats().memory.weight > mostHeld) expect.fail(`${cache.stats().memory.weight} in memory after ${second} s`)
      if (stored && second % 20 === 0) expect((await countDisk(NAME)).expiry).toBeLessThanOrEqual(mostHeld)
    }
    for (let second = 0; second < 30; second += 5) {
      clock.advance(5 * SECOND)
      await vi.advanceTimersByTimeAsync(5 * SECOND)
      await turns(40)
    }
    await expectHeld(0)
    expect(vi.getTimerCount()).toBe(0)
    await expectNothing()
  })

  it('R: after any mix of calls at once no bound is exceeded, and no ghost takes a place in memory', async () => {
    setUp({ maxEntries: 10 })
    const next = random()
    const pick = <T>(list: readonly T[]): T => list[Math.floor(next() * list.length)]!
    const calls: ((key: string, ttl: number) => Promise<unknown>)[] = [
      (key, ttl) => cache.set(key, 1, { ttl }),
      (key, ttl) => cache.setMany([[key, 2], [`${key}2`, 2]], { ttl, tags: ['x'] }),
      (key, ttl) => cache.add(key, 3, { ttl }),
      (key, ttl) => cache.getOrLoad(key, () => (ttl === SECOND ? undefined : 4), { ttl }),
      (key, ttl) => cache.touch(key, ttl),
      (key) => cache.get(key),
      (key) => cache.update(key, 5),
      (key) => cache.take(key),
      (key) => cache.deleteMany([key, `${key}2`]),
      (_key, ttl) => (ttl === Infinity ? cache.deleteTag('x') : cache.sweep()),
    ]
    for (let round = 0; round < 300; round++) {
      await Promise.all(Array.from({ length: 10 }, () => pick(calls)(pick(KEYS.slice(0, 30)), pick([0, SECOND, MINUTE, Infinity]))))
      const { size, weight } = cache.stats().memory
      if (size > 10 || weight > 10) expect.fail(`${size} entries of weight ${weight} after round ${round}`)
      if (round % 10 === 0) clock.advance(round % 70 === 0 ? -2 * SECOND : SECOND)
    }
    await cache.clear()
    await expectNothing()
    const keys = [...'abcdefghijk']
    for (const key of keys) await cache.set(key, 1)
    expect(keys.filter((key) => cache.peek(key) === undefined)).toEqual(['a'])
    await cache.clear()
    await expectNothing()
  })
})

it.each(['alone', 'while a caller sweeps too'])('what is set while a sweep in the background takes its time is swept in its turn, %s', async (how) => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  const clock = new ManualClock()
  const rows: Rows = new Map()
  const { store, hold, release } = controlled(createPlainStore<number>(rows))
  const cache = createCache<number>({ store, clock, sweepInterval: MINUTE })
  const pass = async (ms: number): Promise<void> => {
    clock.advance(ms)
    await vi.advanceTimersByTimeAsync(ms)
  }
  await cache.set('a', 1, { ttl: SECOND })
  hold('after', 'sweep')
  await pass(MINUTE)
  expect(rows.size).toBe(0)
  await cache.set('b', 2, { ttl: SECOND })
  await pass(SECOND)
  const sweeping = how === 'alone' ? undefined : cache.sweep()
  await turns(2)
  release()
  await sweeping
  if (sweeping) await cache.set('b', 2, { ttl: SECOND })
  await pass(MINUTE)
  expect(rows.size).toBe(0)
  expect(cache.stats().memory).toMatchObject({ size: 0 })
  await pass(MINUTE)
  expect(vi.getTimerCount(), 'nothing is left to be swept').toBe(0)
  await cache.close()
})

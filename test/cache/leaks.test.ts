// Nothing is left behind: each leak of gcache (the letters are those of section 6 of the parity document) in two tiers and in
// memory alone, with memory, rows, index rows, timers and work under way counted. The heap has a file of its own.

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { Cache } from '../../src/index.ts'
import { countedCache, KEYS, setKeys, times, type Counted } from '../helpers/all-zero.ts'
import { MEMORY_ALONE, NAME, TWO_TIERS, type Place } from '../helpers/caches.ts'
import { HOUR, MINUTE, SECOND, type ManualClock } from '../helpers/clock.ts'
import { turns } from '../helpers/deferred.ts'
import { countDisk } from '../helpers/indexed-db.ts'

const MANY = KEYS.length

describe.each([TWO_TIERS, MEMORY_ALONE])('$title', (arrangement) => {
  const stored = arrangement.second === 'indexeddb'
  let place: Place
  let clock: ManualClock
  let cache: Cache<number>
  let expectHeld: Counted['expectHeld']
  let expectNothing: Counted['expectNothing']

  beforeEach(() => {
    ({ place, cache, expectHeld, expectNothing } = countedCache(arrangement))
    clock = place.clock
  })

  afterEach(() => {
    vi.unstubAllGlobals()
  })

  it('A: set, then delete, take or deleteMany of unique keys', async () => {
    const removals = [
      () => Promise.all(KEYS.map((key) => cache.delete(key))),
      () => Promise.all(KEYS.map((key) => cache.take(key))),
      () => cache.deleteMany(KEYS),
      () => cache.deletePrefix('k'),
    ]
    for (const remove of removals) {
      await setKeys(cache, { ttl: 30 * MINUTE })
      await expectHeld(MANY)
      await remove()
      await expectNothing()
      await Promise.all([setKeys(cache, { ttl: 30 * MINUTE }), remove()])
      await expectNothing()
    }
    await setKeys(cache, { tags: ['x', 'y'] })
    await cache.deleteTag('y')
    await expectNothing()
    clock.advance(2 * HOUR)
    expect(await cache.sweep()).toBe(0)
  })

  it('C: deletes, then nobody looks for a minute', async () => {
    await setKeys(cache, { ttl: SECOND })
    await Promise.all(KEYS.map((key) => cache.delete(key)))
    clock.advance(MINUTE)
    expect(await cache.sweep()).toBe(0)
    await expectNothing()
  })

  it('D: a ttl of 2 s and a stall of 10 s', async () => {
    await setKeys(cache, { ttl: 2 * SECOND })
    clock.advance(10 * SECOND)
    expect(await cache.sweep()).toBe(MANY)
    await expectNothing()
  })

  it('M: the clock steps an hour forward, then an hour back', async () => {
    await setKeys(cache, { ttl: 10 * MINUTE })
    clock.advance(HOUR)
    expect(await cache.sweep()).toBe(MANY)
    await expectNothing()
    await setKeys(cache, { ttl: 10 * MINUTE })
    clock.advance(-HOUR)
    await setKeys(cache, { ttl: 10 * MINUTE }, KEYS.map((key) => `later ${key}`))
    clock.advance(10 * MINUTE)
    expect(await cache.sweep()).toBe(MANY)
    clock.advance(HOUR)
    await cache.sweep()
    await expectNothing()
  })

  it('E: negative ttls change nothing', async () => {
    await setKeys(cache, { ttl: HOUR })
    const ttl = -10 * SECOND
    const calls = ['k7', 'new'].flatMap((key) => [cache.set(key, -1, { ttl }), cache.setMany([['k8', -1], [key, -1]], { ttl }), cache.add(key, -1, { ttl }), cache.touch(key, ttl), cache.getOrLoad(key, () => -1, { ttl })])
    for (const { status, ...end } of await Promise.allSettled(calls)) expect([status, 'reason' in end && end.reason.constructor]).toEqual(['rejected', RangeError])
    await expectHeld(MANY)
    expect(await cache.getMany(['k7', 'k8', 'new'])).toEqual(new Map([['k7', 7], ['k8', 8]]))
    expect(await cache.expiresAt('k7')).toBe(clock.time + HOUR)
  })

  it('E: ttl 0 leaves nothing, and the older value goes', async () => {
    const ttl = 0
    for (const end of [() => Promise.all(KEYS.map((key) => cache.set(key, -1, { ttl }))), () => setKeys(cache, { ttl }), () => Promise.all(KEYS.map((key) => cache.touch(key, ttl)))]) {
      await setKeys(cache, { ttl: HOUR })
      await end()
      await cache.sweep()
      await expectNothing()
    }
    await Promise.all(KEYS.map((key) => cache.add(key, -1, { ttl })))
    await Promise.all(KEYS.map((key) => cache.getOrLoad(key, () => -1, { ttl })))
    await expectNothing()
  })

  it('F: loaders that throw, reject or find nothing', async () => {
    const loaders = [() => Promise.reject(new Error('offline')), () => undefined, () => { throw new Error('mistaken') }]
    await Promise.allSettled(KEYS.map((key, i) => cache.getOrLoad(key, loaders[i % 3]!, { ttl: HOUR, tags: ['x'] })))
    await expectNothing()
    const again = vi.fn(() => undefined)
    await Promise.all(KEYS.map((key) => cache.getOrLoad(key, again)))
    expect(again, 'no load that has ended is joined').toHaveBeenCalledTimes(MANY)
    await expectNothing()
  })

  it('G: ten rounds of never-expiring keys and clear', async () => {
    for (let round = 0; round < 10; round++) {
      await setKeys(cache, {}, KEYS.map((key) => `round ${round} ${key}`))
      await expectHeld(MANY, 0)
      await cache.clear()
      await expectNothing()
    }
  })

  it('H: a long-lived key refreshed every second for an hour', async () => {
    await cache.set('session', 1, { ttl: HOUR })
    for (let second = 0; second < 3600; second++) {
      clock.advance(SECOND)
      if (!(await cache.touch('session', HOUR))) expect.fail(`gone after ${second} s`)
    }
    await expectHeld(1)
    await vi.advanceTimersByTimeAsync(SECOND)
    await turns()
    expect(vi.getTimerCount()).toBe(1)
    await cache.delete('session')
    await expectNothing()
  })

  it('I: one key written 100,000 times in a tick is one row, written once, and the last value stays', async () => {
    let puts = 0
    const put = IDBObjectStore.prototype.put
    vi.spyOn(IDBObjectStore.prototype, 'put').mockImplementation(function (this: IDBObjectStore, ...args) {
      if (this.name === 'entries') puts++
      return put.apply(this, args)
    })
    await Promise.all(Array.from({ length: 100_000 }, (_, i) => cache.set('hot', i, { ttl: 1 + (i % 1000) })))
    await expectHeld(1)
    if (stored) expect(puts).toBe(1)
    expect(await cache.get('hot')).toBe(99_999)
    expect(await cache.expiresAt('hot')).toBe(clock.time + 1000)
    clock.advance(1000)
    expect(await cache.sweep()).toBe(1)
    await expectNothing()
  })

  it('J: 100,000 writes after close are refused; no timer, connection or channel is left', async () => {
    await cache.close()
    const open = watchHandles()
    const closing = place.open<number>()
    await setKeys(closing, { ttl: SECOND })
    if (stored) expect(open.size).toBeGreaterThan(0)
    await closing.close()
    let refused = 0
    await times(100_000, (i) => closing.set(`k${i}`, i, { ttl: SECOND }).catch(({ code }) => void (refused += Number(code === 'closed'))))
    expect(refused).toBe(100_000)
    expect(closing.stats().memory).toMatchObject({ size: 0, weight: 0 })
    await turns()
    expect(open.size).toBe(0)
    expect(vi.getTimerCount()).toBe(0)
    const next = place.open()
    clock.advance(SECOND)
    expect(await next.sweep()).toBe(stored ? MANY : 0)
    expect(await countDisk(NAME)).toEqual({ records: 0, expiry: 0, tags: 0 })
  })

  it.each([[Infinity, SECOND], [SECOND, Infinity]])('O: of racers with a ttl of %d and %d the winner’s rules', async (first, second) => {
    expect(await Promise.all([cache.add('a', 1, { ttl: first }), cache.add('a', 2, { ttl: second })])).toEqual([true, false])
    await Promise.all([cache.getOrLoad('a', () => 3, { ttl: second }), cache.add('b', 1, { ttl: first }), cache.getOrLoad('b', () => 3, { ttl: second })])
    await Promise.all([cache.getOrLoad('c', () => 1, { ttl: first }), cache.getOrLoad('c', () => 2, { ttl: second })])
    const slow = cache.getOrLoad('d', async () => (await cache.add('d', 1, { ttl: first }), 2), { ttl: second })
    expect(await slow).toBe(2)
    await cache.flush()
    for (const key of 'abcd') expect([await cache.get(key), await cache.expiresAt(key)], key).toEqual([1, clock.time + first])
    clock.advance(SECOND)
    expect(await cache.sweep()).toBe(first === SECOND ? 4 : 0)
    expect(await cache.deleteMany('abcd'.split(''))).toBe(first === SECOND ? 0 : 4)
    await expectNothing()
  })
})

/** Connections and channels that are opened from now on, as long as they are open. */
function watchHandles(): ReadonlySet<unknown> {
  const handles = new Set<unknown>()
  const open = indexedDB.open.bind(indexedDB)
  vi.spyOn(indexedDB, 'open').mockImplementation((...args) => {
    const request = open(...args)
    request.addEventListener('success', () => handles.add(request.result))
    return request
  })
  const { close } = IDBDatabase.prototype
  vi.spyOn(IDBDatabase.prototype, 'close').mockImplementation(function (this: IDBDatabase) {
    handles.delete(this)
    close.call(this)
  })
  const Watched = class extends BroadcastChannel {
    constructor(name: string) {
      super(name)
      handles.add(this)
    }
    override close(): void {
      handles.delete(this)
      super.close()
    }
  }
  vi.stubGlobal('BroadcastChannel', Watched)
  return handles
}

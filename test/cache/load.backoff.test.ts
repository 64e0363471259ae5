// When a load that failed is tried again: after a pause that doubles while a stale value stands in, after errorTtl where
// that is asked for, and else at the next call.

import { describe, expect, it, vi } from 'vitest'
import type { Cache } from '../../src/index.ts'
import { ARRANGEMENTS, MEMORY_ALONE, placeOf } from '../helpers/caches.ts'
import { MINUTE, SECOND } from '../helpers/clock.ts'
import { turns } from '../helpers/deferred.ts'
import { heldLoader, rejectionOf, until } from '../helpers/loads.ts'
import { PLACES, staleIn } from '../helpers/stale-places.ts'

const offline = new Error('offline')
const failing = () => vi.fn((): never => {
  throw offline
})

/** Makes every pause as long as it can be, or as short. */
function jitter(kind: 'none' | 'all'): void {
  vi.spyOn(Math, 'random').mockReturnValue(kind === 'none' ? 0 : 1 - 2 ** -20)
}

describe.each(PLACES)('$title', (place) => {
  describe('the pause after a failure', () => {
    it('is a second at most, doubles with every failure, and ends at a minute', async () => {
      jitter('none')
      const { cache, clock, errors } = await staleIn<string>(place, 'old', { staleIfError: Infinity })
      const loader = failing()
      let failures = 0
      for (const seconds of [1, 2, 4, 8, 16, 32, 60, 60, 60]) {
        expect(await cache.getOrLoad('a', loader)).toBe('old')
        expect(loader).toHaveBeenCalledTimes(++failures)
        clock.advance(seconds * SECOND - 1)
        expect(await cache.getOrLoad('a', loader)).toBe('old')
        expect(await cache.getOrLoad('a', loader)).toBe('old')
        expect(loader, `after ${seconds} s less one ms`).toHaveBeenCalledTimes(failures)
        clock.advance(1)
      }
      expect(errors).toHaveLength(failures)
    })

    it('is cut by half at most', async () => {
      jitter('all')
      const { cache, clock } = await staleIn<string>(place, 'old', { staleIfError: Infinity })
      const loader = failing()
      let failures = 0
      for (const ms of [500, 1_000, 2_000]) {
        await cache.getOrLoad('a', loader)
        expect(loader).toHaveBeenCalledTimes(++failures)
        clock.advance(ms)
        await cache.getOrLoad('a', loader)
        expect(loader, `after ${ms} ms`).toHaveBeenCalledTimes(failures)
        clock.advance(1)
      }
    })

    it('holds for background loads too', async () => {
      jitter('none')
      const { cache, clock, errors } = await staleIn<string>(place, 'old', { staleWhileRevalidate: MINUTE })
      const loader = failing()
      expect(await cache.getOrLoad('a', loader)).toBe('old')
      await until(() => errors.length === 1)
      clock.advance(SECOND - 1)
      expect(await cache.getOrLoad('a', loader)).toBe('old')
      await turns()
      expect(loader).toHaveBeenCalledTimes(1)
      clock.advance(1)
      expect(await cache.getOrLoad('a', loader)).toBe('old')
      await until(() => errors.length === 2)
    })

    it('holds for its key alone', async () => {
      const { cache } = await staleIn<string>(place, 'old', { staleIfError: MINUTE })
      await cache.getOrLoad('a', failing())
      expect(await cache.getOrLoad('b', () => 'loaded')).toBe('loaded')
    })

    it('does not outlive the stale value: without one the next call loads, and gets the error', async () => {
      const { cache, clock } = await staleIn<string>(place, 'old', { staleIfError: 100 })
      const loader = failing()
      await cache.getOrLoad('a', loader)
      clock.advance(100)
      expect(await rejectionOf(cache.getOrLoad('a', loader))).toBe(offline)
      expect(await rejectionOf(cache.getOrLoad('a', loader))).toBe(offline)
      expect(loader).toHaveBeenCalledTimes(3)
    })

    it('is ignored by refresh: true, whose success ends it and whose failure makes it longer', async () => {
      jitter('none')
      const { cache, clock } = await staleIn<string>(place, 'old', { staleIfError: MINUTE })
      const loader = failing()
      await cache.getOrLoad('a', loader)
      await cache.getOrLoad('a', loader, { refresh: true }).catch(() => {})
      expect(loader).toHaveBeenCalledTimes(2)
      clock.advance(SECOND)
      await cache.getOrLoad('a', loader)
      expect(loader).toHaveBeenCalledTimes(2)
      expect(await cache.getOrLoad('a', () => 'new', { refresh: true, ttl: 10, staleIfError: MINUTE })).toBe('new')
      await cache.flush()
      clock.advance(10)
      expect(await cache.getOrLoad('a', loader)).toBe('new')
      expect(loader).toHaveBeenCalledTimes(3)
      clock.advance(SECOND - 1)
      await cache.getOrLoad('a', loader)
      expect(loader).toHaveBeenCalledTimes(3)
      clock.advance(1)
      await cache.getOrLoad('a', loader)
      expect(loader).toHaveBeenCalledTimes(4)
    })

    it('a load that finds nothing has not failed, and ends it', async () => {
      const { cache } = await staleIn<string>(place, 'old', { staleIfError: MINUTE })
      await cache.getOrLoad('a', failing())
      expect(await cache.getOrLoad('a', async () => undefined, { refresh: true })).toBeUndefined()
      await turns()
      const loader = vi.fn(async () => undefined)
      expect(await cache.getOrLoad('a', loader)).toBeUndefined()
      expect(loader).toHaveBeenCalledTimes(1)
    })

    const LIFE = { ttl: 10, staleIfError: MINUTE, tags: ['x'] }
    it.each<[what: string, change: (cache: Cache<string>) => Promise<unknown>]>([
      ['set', (cache) => cache.set('a', 'set', LIFE)],
      ['setMany', (cache) => cache.setMany([['b', 'set'], ['a', 'set']], LIFE)],
      ['add', (cache) => cache.add('a', 'added', LIFE)],
      ['delete', (cache) => cache.delete('a')],
      ['take', (cache) => cache.take('a')],
      ['deletePrefix', (cache) => cache.deletePrefix('a')],
      ['deleteTag', (cache) => cache.deleteTag('x')],
      ['clear', (cache) => cache.clear()],
    ])('ends with %s', async (_what, change) => {
      const { cache, clock } = await staleIn<string>(place, 'old', LIFE)
      await cache.getOrLoad('a', failing())
      await change(cache)
      clock.advance(10)
      expect(await cache.getOrLoad('a', () => 'loaded')).toBe('loaded')
    })
  })
})

describe.each(ARRANGEMENTS)('errorTtl with $title', (arrangement) => {
  it('is off by default: a failed load is tried again at the next call', async () => {
    const cache = placeOf(arrangement).open<string>()
    const loader = failing()
    for (let round = 1; round <= 3; round++) {
      expect(await rejectionOf(cache.getOrLoad('a', loader))).toBe(offline)
      expect(loader).toHaveBeenCalledTimes(round)
    }
  })

  it.each(['of the cache', 'of the call'])('%s: the very same error until then, without a load; then a new load', async (whose) => {
    const { open, clock, faults } = placeOf(arrangement)
    const cache = open<string>(whose === 'of the cache' ? { errorTtl: 500 } : {})
    const options = whose === 'of the cache' ? {} : { errorTtl: 500 }
    const loader = failing()
    expect(await rejectionOf(cache.getOrLoad('a', loader, options))).toBe(offline)
    clock.advance(499)
    expect(await Promise.all(Array.from({ length: 5 }, () => rejectionOf(cache.getOrLoad('a', loader))))).toEqual(Array(5).fill(offline))
    expect(loader).toHaveBeenCalledTimes(1)
    expect(await cache.getOrLoad('b', () => 'other keys load')).toBe('other keys load')
    clock.advance(1)
    expect(await cache.getOrLoad('a', () => 'loaded')).toBe('loaded')
    expect(faults).toEqual([])
  })

  it('of the call counts, not that of the cache; 0 switches it off', async () => {
    const { open, clock } = placeOf(arrangement)
    const cache = open<string>({ errorTtl: MINUTE })
    await rejectionOf(cache.getOrLoad('a', failing(), { errorTtl: 0 }))
    expect(await cache.getOrLoad('a', () => 'loaded')).toBe('loaded')
    await rejectionOf(cache.getOrLoad('b', failing(), { errorTtl: 10 }))
    clock.advance(10)
    expect(await cache.getOrLoad('b', () => 'loaded')).toBe('loaded')
  })

  it('with a stale value at hand callers get that, for as long as the error counts', async () => {
    const { open, clock } = placeOf(arrangement)
    const cache = open<string>()
    await cache.set('a', 'old', { ttl: 10, staleIfError: MINUTE })
    clock.advance(10)
    const loader = failing()
    expect(await cache.getOrLoad('a', loader, { errorTtl: 20 * SECOND })).toBe('old')
    clock.advance(20 * SECOND - 1)
    expect(await cache.getOrLoad('a', loader)).toBe('old')
    expect(loader).toHaveBeenCalledTimes(1)
    clock.advance(1)
    expect(await cache.getOrLoad('a', () => 'new')).toBe('new')
  })

  it('once the stale window is over, the error itself is told', async () => {
    const { open, clock } = placeOf(arrangement)
    const cache = open<string>()
    await cache.set('a', 'old', { ttl: 10, staleIfError: SECOND })
    clock.advance(10)
    const loader = failing()
    await cache.getOrLoad('a', loader, { errorTtl: MINUTE })
    clock.advance(SECOND)
    expect(await rejectionOf(cache.getOrLoad('a', loader))).toBe(offline)
    expect(loader).toHaveBeenCalledTimes(1)
  })

  it('is ignored by refresh: true, and ended by its success', async () => {
    const { open, clock } = placeOf(arrangement)
    const cache = open<string>({ errorTtl: MINUTE })
    await rejectionOf(cache.getOrLoad('a', failing()))
    expect(await cache.getOrLoad('a', () => 'loaded', { refresh: true, ttl: 10 })).toBe('loaded')
    await cache.flush()
    clock.advance(10)
    expect(await cache.getOrLoad('a', () => 'again')).toBe('again')
  })

  it.each<[what: string, change: (cache: Cache<string>) => Promise<unknown>]>([
    ['delete', (cache) => cache.delete('a')],
    ['deletePrefix', (cache) => cache.deletePrefix('')],
    ['set', (cache) => cache.set('a', 'set', { ttl: 10 })],
  ])('ends with %s of the key', async (_what, change) => {
    const { open, clock } = placeOf(arrangement)
    const cache = open<string>({ errorTtl: MINUTE })
    await rejectionOf(cache.getOrLoad('a', failing()))
    await change(cache)
    clock.advance(10)
    expect(await cache.getOrLoad('a', () => 'loaded')).toBe('loaded')
  })

  it.each<[what: string, change: (cache: Cache<string>) => Promise<unknown>]>([
    ['delete', (cache) => cache.delete('a')],
    ['deleteTag', (cache) => cache.deleteTag('x')],
    ['clear', (cache) => cache.clear()],
  ])('does not begin where the load fails after a %s that voids it', async (_what, change) => {
    const cache = placeOf(arrangement).open<string>({ errorTtl: MINUTE })
    const { runs, loader } = heldLoader<string>()
    const loading = cache.getOrLoad('a', loader, { tags: ['x'] })
    await until(() => runs.length > 0)
    await change(cache)
    runs[0]!.reject(offline)
    expect(await rejectionOf(loading)).toBe(offline)
    expect(await cache.getOrLoad('a', () => 'loaded')).toBe('loaded')
  })

  it('does not count for a load that its callers gave up', async () => {
    const cache = placeOf(arrangement).open<string>({ errorTtl: MINUTE })
    const controller = new AbortController()
    const leaving = cache.getOrLoad('a', ({ signal }) => new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(offline))), { signal: controller.signal })
    await turns()
    controller.abort()
    await rejectionOf(leaving)
    await turns()
    expect(await cache.getOrLoad('a', () => 'loaded')).toBe('loaded')
  })
})

describe('many failures', () => {
  it('are remembered, a thousand of them at the most', async () => {
    const { open } = placeOf(ARRANGEMENTS[0]!)
    const cache = open<string>()
    const loader = failing()
    for (let key = 0; key < 1_000; key++) expect(await rejectionOf(cache.getOrLoad(`k${key}`, loader, { errorTtl: MINUTE }))).toBe(offline)
    await rejectionOf(cache.getOrLoad('k0', loader, { errorTtl: MINUTE }))
    expect(loader).toHaveBeenCalledTimes(1_000)
    await rejectionOf(cache.getOrLoad('one more', loader, { errorTtl: MINUTE }))
    expect(await cache.getOrLoad('k0', () => 'loaded', { errorTtl: MINUTE })).toBe('loaded')
    await rejectionOf(cache.getOrLoad('one more', loader, { errorTtl: MINUTE }))
    expect(loader).toHaveBeenCalledTimes(1_001)
  })
})

it('a value that weigh() throws at is answered, not kept, and told of outside the call', async () => {
  const report = vi.fn()
  vi.stubGlobal('reportError', report)
  const mistake = new Error('weigh')
  const { open } = placeOf(ARRANGEMENTS[0]!)
  const cache = open<string>({
    maxWeight: 10,
    weigh: () => {
      throw mistake
    },
  })
  expect(await cache.getOrLoad('a', () => 'loaded')).toBe('loaded')
  await turns()
  expect(report.mock.calls).toEqual([[mistake]])
  expect(await cache.get('a')).toBeUndefined()
  vi.unstubAllGlobals()
})

it('of more than 1,000 failed loads only the earliest are forgotten', async () => {
  const cache = placeOf(MEMORY_ALONE).open<number>({ errorTtl: 60_000 })
  let loads = 0
  const ask = (key: number): Promise<unknown> =>
    rejectionOf(
      cache.getOrLoad(`${key}`, () => {
        loads++
        throw new Error('down')
      }),
    )
  for (let key = 0; key < 1_010; key++) await ask(key)
  for (let key = 1_009; key >= 10; key--) await ask(key)
  expect(loads).toBe(1_010)
})

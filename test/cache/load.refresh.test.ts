// getOrLoad with refresh: true, which wants what the source says now; and what a loader says of the entry with setOptions.

import { describe, expect, it } from 'vitest'
import type { LoadOptions, SetOptions } from '../../src/index.ts'
import { ARRANGEMENTS, placeOf } from '../helpers/caches.ts'
import { MINUTE } from '../helpers/clock.ts'
import { turns } from '../helpers/deferred.ts'
import { heldLoader, rejectionOf, until } from '../helpers/loads.ts'
import { PLACES, staleIn } from '../helpers/stale-places.ts'

const offline = new Error('offline')
const fail = (): never => {
  throw offline
}

describe.each(ARRANGEMENTS)('refresh with $title', (arrangement) => {
  it('loads although a fresh value is there, and replaces it', async () => {
    const cache = placeOf(arrangement).open<string>()
    await cache.set('a', 'old')
    expect(await cache.getOrLoad('a', () => 'new', { refresh: true })).toBe('new')
    await cache.flush()
    expect(await cache.get('a')).toBe('new')
    expect(await cache.getOrLoad('a', () => 'newer', { refresh: false })).toBe('new')
  })

  /** An ordinary load, and a refresh of its key that does not join it. */
  async function loadAndRefresh() {
    const cache = placeOf(arrangement).open<string>()
    const { runs, loader } = heldLoader<string>()
    const ordinary = cache.getOrLoad('a', loader)
    await until(() => runs.length === 1)
    const refreshing = cache.getOrLoad('a', loader, { refresh: true })
    await until(() => runs.length === 2)
    return { cache, runs, ordinary, refreshing }
  }

  it('does not join an ordinary load, whose value then does not take the place of the newer one', async () => {
    const { cache, runs, ordinary, refreshing } = await loadAndRefresh()
    runs[1]!.resolve('new')
    expect(await refreshing).toBe('new')
    runs[0]!.resolve('old')
    expect(await ordinary).toBe('old')
    await cache.flush()
    expect(await cache.get('a')).toBe('new')
  })

  it('an ordinary load that ends first does not keep the newer one out either', async () => {
    const { cache, runs, ordinary, refreshing } = await loadAndRefresh()
    runs[0]!.resolve('old')
    expect(await ordinary).toBe('old')
    runs[1]!.resolve('new')
    expect(await refreshing).toBe('new')
    await cache.flush()
    expect(await cache.get('a')).toBe('new')
  })

  it('joins another refresh, and is joined by ordinary callers where nothing is there', async () => {
    const cache = placeOf(arrangement).open<string>()
    const { runs, loader } = heldLoader<string>()
    const calls: Promise<string>[] = []
    for (const options of [{ refresh: true }, { refresh: true }, {}, { refresh: true }]) {
      calls.push(cache.getOrLoad('a', loader, options))
      await turns()
    }
    expect(runs).toHaveLength(1)
    runs[0]!.resolve('new')
    expect(await Promise.all(calls)).toEqual(Array(4).fill('new'))
  })

  it('is not waited for by an ordinary caller where a fresh value is there, wherever it lies', async () => {
    const { open, reload } = placeOf(arrangement)
    const cache = open<string>()
    await cache.set('a', 'fresh')
    const next = arrangement.second === 'nothing' ? cache : await reload(cache)
    const { runs, loader } = heldLoader<string>()
    const refreshing = next.getOrLoad('a', loader, { refresh: true })
    expect(await next.getOrLoad('a', () => expect.fail('called'))).toBe('fresh')
    await until(() => runs.length > 0)
    runs[0]!.reject(offline)
    expect(await rejectionOf(refreshing)).toBe(offline)
    expect(await next.getOrLoad('a', () => expect.fail('called'))).toBe('fresh')
  })

  it('has ordinary callers where nothing is there leave by their own signals and in their own time', async () => {
    const cache = placeOf(arrangement).open<string>()
    const { runs, loader } = heldLoader<string>()
    const refreshing = cache.getOrLoad('a', loader, { refresh: true })
    const controller = new AbortController()
    const leaving = [{ signal: controller.signal }, { timeout: 0 }].map((options) => cache.getOrLoad('a', loader, options).catch((error: { code: unknown }) => error.code))
    await until(() => runs.length === 1)
    controller.abort({ code: 'left' })
    expect(await Promise.all(leaving)).toEqual(['left', 'load-timeout'])
    runs[0]!.resolve('new')
    expect(await refreshing).toBe('new')
  })

  it('that fails rejects, and the fresh value stays', async () => {
    const cache = placeOf(arrangement).open<string>()
    await cache.set('a', 'fresh')
    expect(await rejectionOf(cache.getOrLoad('a', fail, { refresh: true }))).toBe(offline)
    expect(await cache.getOrLoad('a', () => expect.fail('called'))).toBe('fresh')
  })

  it('an error that reaches its caller is not told to onError as well', async () => {
    const { open, faults } = placeOf(arrangement)
    const cache = open<string>()
    await cache.set('a', 'fresh')
    await rejectionOf(cache.getOrLoad('a', fail, { refresh: true }))
    expect(faults).toEqual([])
  })

  it('tells the loader no stale value where the value is fresh', async () => {
    const cache = placeOf(arrangement).open<string>()
    await cache.set('a', 'fresh', { staleIfError: MINUTE })
    const { runs, loader } = heldLoader<string>()
    void cache.getOrLoad('a', loader, { refresh: true })
    await until(() => runs.length > 0)
    expect(runs[0]!.context.stale).toBeUndefined()
  })

  it.each(['delete', 'set'] as const)('asked for right after a %s that nobody waited for, what it loads is stored', async (change) => {
    const cache = placeOf(arrangement).open<string>()
    await cache.set('a', 'old')
    await turns()
    const changing = change === 'set' ? cache.set('a', 'older') : cache.delete('a')
    const { runs, loader } = heldLoader<string>()
    const refreshing = cache.getOrLoad('a', loader, { refresh: true })
    await until(() => runs.length > 0)
    await changing
    runs[0]!.resolve('new')
    expect(await refreshing).toBe('new')
    await cache.flush()
    expect(await cache.get('a')).toBe('new')
  })
})

describe.each(PLACES)('refresh past the ttl with $title', (place) => {
  it('waits for the load, also within staleWhileRevalidate, and tells the loader the stale value', async () => {
    const { cache } = await staleIn<string>(place, 'old', { staleWhileRevalidate: MINUTE })
    const { runs, loader } = heldLoader<string>()
    const refreshing = cache.getOrLoad('a', loader, { refresh: true })
    await until(() => runs.length > 0)
    expect(runs[0]!.context.stale).toBe('old')
    runs[0]!.resolve('new')
    expect(await refreshing).toBe('new')
  })

  it('that fails gives the stale value within staleIfError, and tells onError once', async () => {
    const { cache, errors } = await staleIn<string>(place, 'old', { staleIfError: MINUTE })
    const refreshing = Promise.all([1, 2].map(() => cache.getOrLoad('a', fail, { refresh: true })))
    expect(await refreshing).toEqual(['old', 'old'])
    expect(errors).toMatchObject([{ code: 'load-failed', key: 'a', cause: offline }])
  })
})

describe.each(ARRANGEMENTS)('setOptions with $title', (arrangement) => {
  const loadWith = async (options: LoadOptions, ...told: SetOptions[]) => {
    const { open, clock } = placeOf(arrangement)
    const cache = open<string>()
    await cache.getOrLoad('a', async ({ setOptions }) => {
      for (const each of told) setOptions(each)
      return 'value'
    }, options)
    await cache.flush()
    return { cache, now: clock.time }
  }

  it('says ttl, windows and tags of the entry, over those of the call', async () => {
    const { cache, now } = await loadWith({ ttl: 5, staleIfError: 5, tags: ['call'] }, { ttl: 1_000, staleWhileRevalidate: 200, staleIfError: 300, tags: ['x', 'y', 'x'] })
    expect(await cache.info('a')).toMatchObject({ staleAt: now + 1_000, expiresAt: now + 1_300, tags: ['x', 'y'] })
    await cache.deleteTag('call')
    expect(await cache.get('a')).toBe('value')
    await cache.deleteTag('y')
    expect(await cache.get('a')).toBeUndefined()
  })

  it('what it does not say stays as the call has it; a later call of it says more', async () => {
    const { cache, now } = await loadWith({ ttl: 500, tags: ['call'] }, { staleIfError: 100 }, { staleWhileRevalidate: 50 }, {})
    expect(await cache.info('a')).toMatchObject({ staleAt: now + 500, expiresAt: now + 600, tags: ['call'] })
  })

  it('a ttl of 0 keeps nothing', async () => {
    const { cache } = await loadWith({ ttl: MINUTE }, { ttl: 0 })
    expect(await cache.info('a')).toBeUndefined()
  })

  it.each<[what: string, options: object, Kind: typeof TypeError | typeof RangeError]>([
    ['a negative ttl', { ttl: -1 }, RangeError],
    ['NaN for a window', { staleIfError: NaN }, RangeError],
    ['words for a window', { staleWhileRevalidate: '5' }, TypeError],
    ['a tag that is no string', { tags: [5] }, TypeError],
    ['one tag that is no list', { tags: 'x' }, TypeError],
  ])('%s rejects the load, and nothing is stored', async (_what, options, Kind) => {
    const cache = placeOf(arrangement).open<string>()
    const error = await rejectionOf(
      cache.getOrLoad('a', ({ setOptions }) => {
        setOptions(options)
        return 'value'
      }),
    )
    expect((error as Error).constructor).toBe(Kind)
    await cache.flush()
    expect(await cache.get('a')).toBeUndefined()
  })

  it.each(['before the loader says so', 'after it'])('a tag removed during the load, %s, voids it', async (when) => {
    const cache = placeOf(arrangement).open<string>()
    const { runs, loader } = heldLoader<string>()
    const loading = cache.getOrLoad('a', loader)
    await until(() => runs.length > 0)
    if (when === 'after it') runs[0]!.context.setOptions({ tags: ['x'] })
    await cache.deleteTag('x')
    await cache.deleteTag('y')
    if (when !== 'after it') runs[0]!.context.setOptions({ tags: ['x'] })
    runs[0]!.resolve('value')
    expect(await loading).toBe('value')
    await cache.flush()
    expect(await cache.get('a')).toBeUndefined()
  })

  it.each(['before the loader says so', 'after it'])('a caller after both, the tag removed %s, does not join it', async (when) => {
    const cache = placeOf(arrangement).open<string>()
    const { runs, loader } = heldLoader<string>()
    const first = cache.getOrLoad('a', loader)
    await until(() => runs.length === 1)
    if (when === 'after it') runs[0]!.context.setOptions({ tags: ['x'] })
    await cache.deleteTag('x')
    if (when !== 'after it') runs[0]!.context.setOptions({ tags: ['x'] })
    const second = cache.getOrLoad('a', loader)
    await until(() => runs.length === 2)
    runs[0]!.resolve('old')
    runs[1]!.resolve('new')
    expect(await Promise.all([first, second])).toEqual(['old', 'new'])
    await cache.flush()
    expect(await cache.get('a')).toBe('new')
  })

  it('a removed tag that the entry does not get leaves the load alone', async () => {
    const cache = placeOf(arrangement).open<string>()
    const { runs, loader } = heldLoader<string>()
    const loading = cache.getOrLoad('a', loader)
    await until(() => runs.length > 0)
    await cache.deleteTag('y')
    runs[0]!.context.setOptions({ tags: ['x'] })
    runs[0]!.resolve('value')
    await loading
    await cache.flush()
    expect(await cache.get('a')).toBe('value')
  })
})

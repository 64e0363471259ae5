// How long callers of getOrLoad wait: `timeout` for each, `lockTimeout` for how long a load is joined. Timers are the test's.

import { beforeEach, describe, expect, it, vi } from 'vitest'
import { CacheError, createCache } from '../../src/index.ts'
import { ARRANGEMENTS, placeOf } from '../helpers/caches.ts'
import { MINUTE, SECOND } from '../helpers/clock.ts'
import { isPending, turns } from '../helpers/deferred.ts'
import { heldLoader, rejectionOf, until } from '../helpers/loads.ts'
import { PLACES, staleIn } from '../helpers/stale-places.ts'

// The fake IndexedDB runs on setImmediate, which stays as it is.
beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
})

describe.each(ARRANGEMENTS)('timeout with $title', (arrangement) => {
  it('rejects with load-timeout and the key, not a ms earlier; the loader is told, as nobody waits any more', async () => {
    const cache = placeOf(arrangement).open<string>()
    const { runs, loader } = heldLoader<string>()
    const loading = cache.getOrLoad('a', loader, { timeout: 500 })
    await until(() => runs.length > 0)
    vi.advanceTimersByTime(499)
    expect(await isPending(loading)).toBe(true)
    expect(runs[0]!.context.signal.aborted).toBe(false)
    vi.advanceTimersByTime(1)
    const error = await rejectionOf(loading)
    expect(error).toBeInstanceOf(CacheError)
    expect(error).toMatchObject({ code: 'load-timeout', key: 'a' })
    expect(runs[0]!.context.signal.aborted).toBe(true)
    expect(runs[0]!.context.signal.reason).toBe(error)
  })

  it('what the load brings then is not stored, and the next caller starts anew', async () => {
    const { open, faults } = placeOf(arrangement)
    const cache = open<string>()
    const { runs, loader } = heldLoader<string>()
    const loading = cache.getOrLoad('a', loader, { timeout: 500 })
    await until(() => runs.length === 1)
    vi.advanceTimersByTime(500)
    await rejectionOf(loading)
    const next = cache.getOrLoad('a', loader)
    await until(() => runs.length === 2)
    runs[0]!.resolve('late')
    await turns()
    expect(await cache.get('a')).toBeUndefined()
    runs[1]!.resolve('new')
    expect(await next).toBe('new')
    expect(faults).toEqual([])
  })

  it('each caller has its own; those who wait longer get the value, which is stored', async () => {
    const cache = placeOf(arrangement).open<string>()
    const { runs, loader } = heldLoader<string>()
    const calls = [100, 200, Infinity, undefined].map((timeout) => cache.getOrLoad('a', loader, timeout === undefined ? {} : { timeout }))
    await until(() => runs.length > 0)
    vi.advanceTimersByTime(100)
    await expect(calls[0]).rejects.toMatchObject({ code: 'load-timeout' })
    expect(await isPending(calls[1]!)).toBe(true)
    vi.advanceTimersByTime(100)
    await expect(calls[1]).rejects.toMatchObject({ code: 'load-timeout' })
    expect(runs[0]!.context.signal.aborted).toBe(false)
    runs[0]!.resolve('value')
    expect(await Promise.all(calls.slice(2))).toEqual(['value', 'value'])
    expect(await cache.get('a')).toBe('value')
    expect(runs).toHaveLength(1)
  })

  it.each([
    ['by its signal, and then its time is up', true],
    ['as its time is up, and then its signal aborts', false],
  ])('a caller that leaves %s, leaves once: the load goes on for the others, and nothing is left of it', async (_how, byItsSignal) => {
    const cache = placeOf(arrangement).open<string>()
    const { runs, loader } = heldLoader<string>()
    const controller = new AbortController()
    const removed = vi.spyOn(controller.signal, 'removeEventListener')
    const leaving = cache.getOrLoad('a', loader, { signal: controller.signal, timeout: 500 })
    const staying = cache.getOrLoad('a', loader)
    await until(() => runs.length > 0)
    const ways = [() => controller.abort(new Error('left')), () => void vi.advanceTimersByTime(500)]
    const [first, second] = byItsSignal ? ways : ways.toReversed()
    first!()
    expect(await rejectionOf(leaving)).toMatchObject(byItsSignal ? { message: 'left' } : { code: 'load-timeout' })
    expect(removed).toHaveBeenCalled()
    second!()
    expect(runs[0]!.context.signal.aborted).toBe(false)
    runs[0]!.resolve('value')
    expect(await staying).toBe('value')
    await cache.flush()
    expect(await cache.get('a')).toBe('value')
  })

  it.each([2 ** 31, 1e15, Infinity])('%d ms, which no timer can take, is no limit', async (timeout) => {
    const cache = placeOf(arrangement).open<string>()
    const { runs, loader } = heldLoader<string>()
    const loading = cache.getOrLoad('a', loader, { timeout })
    await until(() => runs.length > 0)
    vi.advanceTimersByTime(1_000)
    expect(await isPending(loading)).toBe(true)
    runs[0]!.resolve('value')
    expect(await loading).toBe('value')
  })

  it('a fresh value needs no time', async () => {
    const cache = placeOf(arrangement).open<string>()
    await cache.set('a', 'fresh')
    expect(await cache.getOrLoad('a', () => expect.fail('called'), { timeout: 0 })).toBe('fresh')
  })

  it('a load that ends in time leaves no timer behind', async () => {
    const cache = placeOf(arrangement).open<string>()
    await cache.getOrLoad('warm', () => 'up')
    vi.advanceTimersByTime(10)
    await turns()
    const before = vi.getTimerCount()
    expect(await cache.getOrLoad('a', async () => 'value', { timeout: 500 })).toBe('value')
    vi.advanceTimersByTime(10)
    await turns()
    expect(vi.getTimerCount()).toBe(before)
  })
})

describe.each(PLACES)('timeout past the ttl with $title', (place) => {
  it('within staleIfError the caller gets the stale value; the load goes on and is stored', async () => {
    const { cache, errors } = await staleIn<string>(place, 'old', { staleIfError: MINUTE })
    const { runs, loader } = heldLoader<string>()
    const loading = cache.getOrLoad('a', loader, { timeout: 500 })
    await until(() => runs.length > 0)
    vi.advanceTimersByTime(500)
    expect(await loading).toBe('old')
    expect(runs[0]!.context.signal.aborted).toBe(false)
    runs[0]!.resolve('new')
    await until(async () => (await cache.get('a')) === 'new')
    expect(errors).toEqual([])
  })

  it('so do all whose time is up, and the load survives a signal that aborts later', async () => {
    const { cache } = await staleIn<string>(place, 'old', { staleIfError: MINUTE })
    const { runs, loader } = heldLoader<string>()
    const controller = new AbortController()
    const waiting = cache.getOrLoad('a', loader, { signal: controller.signal })
    const timed = [100, 200].map((timeout) => cache.getOrLoad('a', loader, { timeout }))
    await until(() => runs.length > 0)
    vi.advanceTimersByTime(200)
    expect(await Promise.all(timed)).toEqual(['old', 'old'])
    controller.abort()
    await expect(waiting).rejects.toMatchObject({ name: 'AbortError' })
    expect(runs[0]!.context.signal.aborted).toBe(false)
    runs[0]!.resolve('new')
    await until(async () => (await cache.get('a')) === 'new')
  })

  it('a load that fails after its callers took the stale value is told to onError', async () => {
    const { cache, errors } = await staleIn<string>(place, 'old', { staleIfError: MINUTE })
    const { runs, loader } = heldLoader<string>()
    const loading = cache.getOrLoad('a', loader, { timeout: 500 })
    await until(() => runs.length > 0)
    vi.advanceTimersByTime(500)
    await loading
    const offline = new Error('offline')
    runs[0]!.reject(offline)
    await turns()
    expect(errors).toMatchObject([{ code: 'load-failed', key: 'a', cause: offline }])
  })

  it('when the window has ended meanwhile, load-timeout', async () => {
    const { cache, clock } = await staleIn<string>(place, 'old', { staleIfError: 100 })
    const { runs, loader } = heldLoader<string>()
    const loading = cache.getOrLoad('a', loader, { timeout: 500 })
    await until(() => runs.length > 0)
    clock.advance(500)
    vi.advanceTimersByTime(500)
    expect(await rejectionOf(loading)).toMatchObject({ code: 'load-timeout', key: 'a' })
    expect(runs[0]!.context.signal.aborted).toBe(true)
  })

  it('when the stale value was removed by its tag meanwhile, load-timeout', async () => {
    const { cache } = await staleIn<string>(place, 'old', { staleIfError: MINUTE, tags: ['x'] })
    const { runs, loader } = heldLoader<string>()
    const loading = cache.getOrLoad('a', loader, { timeout: 500 })
    await until(() => runs.length > 0)
    await cache.deleteTag('x')
    vi.advanceTimersByTime(500)
    expect(await rejectionOf(loading)).toMatchObject({ code: 'load-timeout' })
    expect(runs[0]!.context.signal.aborted).toBe(true)
  })

  it('staleWhileRevalidate needs no time', async () => {
    const { cache } = await staleIn<string>(place, 'old', { staleWhileRevalidate: 100 })
    const { runs, loader } = heldLoader<string>()
    expect(await cache.getOrLoad('a', loader, { timeout: 500 })).toBe('old')
    await until(() => runs.length > 0)
    vi.advanceTimersByTime(500)
    expect(runs[0]!.context.signal.aborted).toBe(false)
  })
})

describe.each(ARRANGEMENTS)('lockTimeout with $title', (arrangement) => {
  it('a load is joined until it is that old; then the next caller loads for itself, and the older one does not get in its way', async () => {
    const { open, clock } = placeOf(arrangement)
    const cache = open<string>({ lockTimeout: 5 * SECOND })
    const { runs, loader } = heldLoader<string>()
    const first = cache.getOrLoad('a', loader)
    await until(() => runs.length === 1)
    clock.advance(5 * SECOND - 1)
    const joining = cache.getOrLoad('a', loader)
    await turns()
    expect(runs).toHaveLength(1)
    clock.advance(1)
    const next = cache.getOrLoad('a', loader)
    await until(() => runs.length === 2)
    runs[1]!.resolve('new')
    expect(await next).toBe('new')
    runs[0]!.resolve('late')
    expect(await Promise.all([first, joining])).toEqual(['late', 'late'])
    await cache.flush()
    expect(await cache.get('a')).toBe('new')
  })

  it('is ten seconds by default', async () => {
    const { open, clock } = placeOf(arrangement)
    const cache = open<string>()
    const { runs, loader } = heldLoader<string>()
    void cache.getOrLoad('a', loader)
    await until(() => runs.length === 1)
    clock.advance(10 * SECOND - 1)
    void cache.getOrLoad('a', loader)
    await turns()
    expect(runs).toHaveLength(1)
    clock.advance(1)
    void cache.getOrLoad('a', loader)
    await until(() => runs.length === 2)
  })
})

it('a timer of the longest delay there is does not fire at once', async () => {
  const cache = createCache<string>()
  const { runs, loader } = heldLoader<string>()
  const loading = cache.getOrLoad('a', loader, { timeout: 2 ** 31 - 1 })
  await until(() => runs.length > 0)
  vi.advanceTimersByTime(2 ** 31 - 2)
  expect(await isPending(loading)).toBe(true)
  vi.advanceTimersByTime(1)
  await expect(loading).rejects.toMatchObject({ code: 'load-timeout' })
})

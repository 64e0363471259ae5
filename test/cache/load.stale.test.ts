// getOrLoad past the ttl: within staleWhileRevalidate the stale value at once and one load in the background, within
// staleIfError the stale value in place of an error. Wherever the stale entry lies: in memory, or on disk alone.

import { describe, expect, it, vi } from 'vitest'
import { CacheError, type Cache } from '../../src/index.ts'
import { isPending, turns } from '../helpers/deferred.ts'
import { heldLoader, rejectionOf, until } from '../helpers/loads.ts'
import { PLACES, staleIn } from '../helpers/stale-places.ts'

const offline = new Error('offline')
const fail = (): never => {
  throw offline
}
const uncalled = (): never => expect.fail('the loader was called')

describe.each(PLACES)('$title', (place) => {
  describe('staleWhileRevalidate', () => {
    it('gives every caller the stale value at once, runs one load however many they are, and serves the new value afterwards', async () => {
      const { cache } = await staleIn<string>(place, 'old', { staleWhileRevalidate: 100 })
      const { runs, loader } = heldLoader<string>()
      const values = await Promise.all(Array.from({ length: 50 }, () => cache.getOrLoad('a', loader)))
      expect(new Set(values)).toEqual(new Set(['old']))
      await until(() => runs.length > 0)
      await turns()
      expect(runs).toHaveLength(1)
      expect(runs[0]!.context).toMatchObject({ key: 'a', stale: 'old' })
      expect(await cache.get('a')).toBeUndefined()
      runs[0]!.resolve('new')
      await until(async () => (await cache.get('a')) === 'new')
      expect(await cache.getOrLoad('a', uncalled)).toBe('new')
      expect(runs).toHaveLength(1)
    })

    it('callers during the background load get the stale value at once too, and start no other', async () => {
      const { cache } = await staleIn<string>(place, 'old', { staleWhileRevalidate: 100 })
      const { runs, loader } = heldLoader<string>()
      await cache.getOrLoad('a', loader)
      await until(() => runs.length > 0)
      const later = cache.getOrLoad('a', uncalled)
      expect(await isPending(later)).toBe(false)
      expect(await later).toBe('old')
    })

    it('holds to the last ms of the window; from its end on callers wait for the load', async () => {
      const { cache, clock } = await staleIn<string>(place, 'old', { staleWhileRevalidate: 100 })
      clock.advance(99)
      expect(await cache.getOrLoad('a', async () => undefined as never)).toBe('old')
      await turns()
      clock.advance(1)
      const { runs, loader } = heldLoader<string>()
      const waiting = cache.getOrLoad('a', loader)
      await until(() => runs.length > 0)
      expect(runs[0]!.context.stale).toBeUndefined()
      expect(await isPending(waiting)).toBe(true)
      runs[0]!.resolve('new')
      expect(await waiting).toBe('new')
    })

    it('after it, but within a longer staleIfError, callers wait, and the loader is told the stale value', async () => {
      const { cache, clock } = await staleIn<string>(place, 'old', { staleWhileRevalidate: 100, staleIfError: 1_000 })
      clock.advance(100)
      const { runs, loader } = heldLoader<string>()
      const waiting = cache.getOrLoad('a', loader)
      await until(() => runs.length > 0)
      expect(runs[0]!.context.stale).toBe('old')
      expect(await isPending(waiting)).toBe(true)
      runs[0]!.resolve('new')
      expect(await waiting).toBe('new')
    })

    it('the windows are those that the entry was stored with; those of a call are for what it loads', async () => {
      const { cache, clock } = await staleIn<string>(place, 'old', { staleIfError: 100 })
      expect(await cache.getOrLoad('a', () => 'new', { ttl: 10, staleWhileRevalidate: 50 })).toBe('new')
      await cache.flush()
      clock.advance(59)
      expect(await cache.getOrLoad('a', async () => 'newest')).toBe('new')
      await until(async () => (await cache.get('a')) === 'newest')
    })

    it('a background load that fails is told to onError once and does no harm', async () => {
      const { cache, errors } = await staleIn<string>(place, 'old', { staleWhileRevalidate: 100 })
      const loader = vi.fn(async () => fail())
      expect(await Promise.all([cache.getOrLoad('a', loader), cache.getOrLoad('a', loader)])).toEqual(['old', 'old'])
      await until(() => errors.length > 0)
      await turns()
      expect(errors).toMatchObject([{ name: 'CacheError', code: 'load-failed', key: 'a', cause: offline }])
      expect(loader).toHaveBeenCalledTimes(1)
      expect(await cache.getOrLoad('a', uncalled)).toBe('old')
    })

    it.each<[what: string, error: () => unknown]>([
      ['a symbol', () => Symbol('offline')],
      ['an object that has no text', () => Object.create(null)],
      ['an error of a load in it', () => new CacheError('load-timeout', 'late', { key: 'b' })],
      ['an error of a closed cache', () => new CacheError('closed', 'closed')],
    ])('one that fails with %s is told as its failure', async (_what, error) => {
      const { cache, errors } = await staleIn<string>(place, 'old', { staleIfError: 100 })
      const cause = error()
      expect(await cache.getOrLoad('a', () => Promise.reject(cause))).toBe('old')
      expect(errors).toMatchObject([{ code: 'load-failed', key: 'a', cause }])
    })

    it('one that fails when the window is already over is told as well, for nobody else hears of it', async () => {
      const { cache, clock, errors } = await staleIn<string>(place, 'old', { staleWhileRevalidate: 100 })
      const { runs, loader } = heldLoader<string>()
      expect(await cache.getOrLoad('a', loader)).toBe('old')
      await until(() => runs.length > 0)
      clock.advance(100)
      runs[0]!.reject(offline)
      await turns()
      expect(errors).toMatchObject([{ code: 'load-failed', cause: offline }])
    })

    it('a signal aborted after the stale value was served leaves the background load alone', async () => {
      const { cache } = await staleIn<string>(place, 'old', { staleWhileRevalidate: 100 })
      const { runs, loader } = heldLoader<string>()
      const controller = new AbortController()
      expect(await cache.getOrLoad('a', loader, { signal: controller.signal })).toBe('old')
      await until(() => runs.length > 0)
      controller.abort()
      expect(runs[0]!.context.signal.aborted).toBe(false)
      runs[0]!.resolve('new')
      await until(async () => (await cache.get('a')) === 'new')
    })

    it('a delete voids the background load', async () => {
      const { cache } = await staleIn<string>(place, 'old', { staleWhileRevalidate: 100 })
      const { runs, loader } = heldLoader<string>()
      await cache.getOrLoad('a', loader)
      await until(() => runs.length > 0)
      await cache.delete('a')
      runs[0]!.resolve('new')
      await turns()
      await cache.flush()
      expect(await cache.get('a', { stale: true })).toBeUndefined()
    })

    it.each([
      ['before the loader says what tags the new one has', false],
      ['that the new one will not have', true],
    ])('deleteTag during the background load, of a tag %s: the stale value is served no more, and later callers wait for the load', async (_when, says) => {
      const { cache } = await staleIn<string>(place, 'old', { staleWhileRevalidate: 100, tags: ['x'] })
      const { runs, loader } = heldLoader<string>()
      expect(await cache.getOrLoad('a', loader)).toBe('old')
      await until(() => runs.length > 0)
      if (says) runs[0]!.context.setOptions({ tags: ['y'] })
      await cache.deleteTag('x')
      const waiting = cache.getOrLoad('a', uncalled)
      expect(await isPending(waiting)).toBe(true)
      runs[0]!.resolve('new')
      expect(await waiting).toBe('new')
      await cache.flush()
      expect(await cache.get('a')).toBe('new')
    })

    it('deleteTag of a tag that the stale value does not have changes nothing for it', async () => {
      const { cache } = await staleIn<string>(place, 'old', { staleWhileRevalidate: 100, tags: ['x'] })
      const { runs, loader } = heldLoader<string>()
      await cache.getOrLoad('a', loader)
      await until(() => runs.length > 0)
      await cache.deleteTag('y')
      expect(await cache.getOrLoad('a', uncalled)).toBe('old')
    })

    it('counts the stale values it serves', async () => {
      const { cache } = await staleIn<string>(place, 'old', { staleWhileRevalidate: 100 })
      await cache.getOrLoad('a', async () => 'new')
      const { memory, store } = cache.stats()
      expect(memory.stale + store.stale).toBe(1)
    })

    it.each(['close', 'destroy'] as const)('a call that %s overtakes keeps nothing: no value in memory, no event', async (ending) => {
      const { cache } = await staleIn<string>(place, 'old', { staleWhileRevalidate: 100 })
      // The store is in use already, so that it answers.
      await cache.has('other')
      const calling = cache.getOrLoad('a', async () => 'new').catch(() => {})
      const end = cache[ending]()
      const events: unknown[] = []
      cache.subscribe((event) => events.push(event))
      await Promise.all([calling, end])
      await turns()
      expect(cache.peek('a')).toBeUndefined()
      expect(events).toEqual([])
    })
  })

  describe('staleIfError', () => {
    it.each([
      ['rejects', async () => fail()],
      ['throws', fail],
    ])('a loader that %s: every caller gets the stale value, and onError is told once', async (_how, loading) => {
      const { cache, errors } = await staleIn<string>(place, 'old', { staleIfError: 100 })
      const loader = vi.fn(loading)
      expect(await Promise.all(Array.from({ length: 20 }, () => cache.getOrLoad('a', loader)))).toEqual(Array(20).fill('old'))
      await turns()
      expect(loader).toHaveBeenCalledTimes(1)
      expect(errors).toMatchObject([{ name: 'CacheError', code: 'load-failed', key: 'a', cause: offline }])
      expect((errors[0] as CacheError).cause).toBe(offline)
      expect(cache.stats().store.errors).toBe(0)
    })

    it('holds to the last ms of the window; from its end on the error reaches the caller and nobody else', async () => {
      const { cache, clock, errors } = await staleIn<string>(place, 'old', { staleIfError: 100 })
      clock.advance(99)
      expect(await cache.getOrLoad('a', fail)).toBe('old')
      clock.advance(1)
      expect(await rejectionOf(cache.getOrLoad('a', fail))).toBe(offline)
      expect(errors).toHaveLength(1)
    })

    it.each<[what: string, remove: (cache: Cache<string>) => Promise<unknown>]>([
      ['deleteTag', (cache) => cache.deleteTag('x')],
      ['delete', (cache) => cache.delete('a')],
      ['deletePrefix', (cache) => cache.deletePrefix('a')],
      ['clear', (cache) => cache.clear()],
    ])('%s during a load takes the stale value from it: where it fails then, callers before and after get the error', async (_what, remove) => {
      const { cache, errors } = await staleIn<string>(place, 'old', { staleIfError: 100, tags: ['x'] })
      const { runs, loader } = heldLoader<string>()
      const before = rejectionOf(cache.getOrLoad('a', loader))
      await until(() => runs.length > 0)
      await remove(cache)
      const after = rejectionOf(cache.getOrLoad('a', loader))
      await turns()
      runs[0]!.reject(offline)
      await turns()
      runs[1]?.reject(offline)
      expect(await Promise.all([before, after])).toEqual([offline, offline])
      expect(errors).toEqual([])
    })

    it('a set during a load that fails: the stale value stands in for those who called before', async () => {
      const { cache } = await staleIn<string>(place, 'old', { staleIfError: 100 })
      const { runs, loader } = heldLoader<string>()
      const before = cache.getOrLoad('a', loader)
      await until(() => runs.length > 0)
      await cache.set('a', 'set')
      runs[0]!.reject(offline)
      expect(await before).toBe('old')
      expect(await cache.getOrLoad('a', uncalled)).toBe('set')
    })

    it('a load that fails after the window has ended meanwhile rejects', async () => {
      const { cache, clock, errors } = await staleIn<string>(place, 'old', { staleIfError: 100 })
      const { runs, loader } = heldLoader<string>()
      const loading = cache.getOrLoad('a', loader)
      await until(() => runs.length > 0)
      clock.advance(100)
      runs[0]!.reject(offline)
      expect(await rejectionOf(loading)).toBe(offline)
      expect(errors).toEqual([])
    })

    it('within a longer staleWhileRevalidate alone no error is replaced: the value was served before', async () => {
      const { cache, clock } = await staleIn<string>(place, 'old', { staleWhileRevalidate: 200, staleIfError: 100 })
      clock.advance(150)
      expect(await cache.getOrLoad('a', fail)).toBe('old')
      await turns()
      clock.advance(50)
      expect(await rejectionOf(cache.getOrLoad('a', fail))).toBe(offline)
    })

    it('a loader that aborts the signal of its caller as it begins has its caller leave', async () => {
      const { cache } = await staleIn<string>(place, 'old', { staleIfError: 100 })
      const controller = new AbortController()
      const leaving = cache.getOrLoad(
        'a',
        ({ signal }) => {
          controller.abort(offline)
          expect(signal.aborted).toBe(true)
          return new Promise<string>(() => {})
        },
        { signal: controller.signal },
      )
      expect(await rejectionOf(leaving)).toBe(offline)
      expect(await cache.getOrLoad('a', () => 'new')).toBe('new')
    })

    it('the stale value stays as it was: no other time, no other tags', async () => {
      const { cache } = await staleIn<string>(place, 'old', { staleIfError: 100, tags: ['x'] })
      const before = await cache.info('a')
      await cache.getOrLoad('a', fail, { ttl: 1, tags: ['y'] })
      expect({ ...(await cache.info('a')), tier: before!.tier }).toEqual(before)
    })
  })
})

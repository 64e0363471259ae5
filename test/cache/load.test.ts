// getOrLoad: one loader per key in flight, whose callers share what it brings; what a load may store, and what voids it.

import { describe, expect, it, vi } from 'vitest'
import type { LoaderContext, SetOptions } from '../../src/index.ts'
import { ARRANGEMENTS, damageOnPurpose, keysOf, placeOf } from '../helpers/caches.ts'
import { DAY } from '../helpers/clock.ts'
import { isPending, turns } from '../helpers/deferred.ts'
import { heldLoader, until } from '../helpers/loads.ts'

describe.each(ARRANGEMENTS)('$title', (arrangement) => {
  const held = arrangement.memory !== 'none'

  describe('loading', () => {
    it('loads what is missing, stores it, and then serves it', async () => {
      const cache = placeOf(arrangement).open<number>()
      const loader = vi.fn(async () => 1)
      expect(await cache.getOrLoad('a', loader)).toBe(1)
      expect(await cache.getOrLoad('a', loader)).toBe(1)
      expect(await cache.get('a')).toBe(1)
      expect(loader).toHaveBeenCalledTimes(1)
    })

    it('tells the loader the key, a signal, and no stale value', async () => {
      const cache = placeOf(arrangement).open<number>()
      await cache.getOrLoad('a', (context) => {
        expect(context).toMatchObject({ key: 'a', stale: undefined })
        expect(context.signal).toBeInstanceOf(AbortSignal)
        expect(context.signal.aborted).toBe(false)
        return 1
      })
      expect.assertions(3)
    })

    it('a loader need not be asynchronous', async () => {
      const cache = placeOf(arrangement).open<number | null>()
      expect(await cache.getOrLoad('a', () => 1)).toBe(1)
      expect(await cache.getOrLoad('b', () => null)).toBeNull()
      expect(await cache.getOrLoad('b', () => 5)).toBeNull()
    })

    it('a loader that throws rejects like one that rejects, for every caller; the error is not cached', async () => {
      const cache = placeOf(arrangement).open<number>()
      const mistake = new Error('offline')
      const throwing = vi.fn((): number => {
        throw mistake
      })
      const calls = [cache.getOrLoad('a', throwing), cache.getOrLoad('a', throwing)]
      expect((await Promise.allSettled(calls)).map((end) => end.status === 'rejected' && end.reason === mistake)).toEqual([true, true])
      expect(throwing).toHaveBeenCalledTimes(1)
      await expect(cache.getOrLoad('a', () => Promise.reject(mistake))).rejects.toBe(mistake)
      expect(await cache.size()).toBe(0)
      expect(await cache.getOrLoad('a', () => 2)).toBe(2)
    })

    it('undefined is told to the callers and not stored', async () => {
      const cache = placeOf(arrangement).open<number>()
      const loader = vi.fn(async () => undefined)
      expect(await Promise.all([cache.getOrLoad('a', loader), cache.getOrLoad('a', loader)])).toEqual([undefined, undefined])
      expect(await cache.has('a')).toBe(false)
      expect(loader).toHaveBeenCalledTimes(1)
      await cache.getOrLoad('a', loader)
      expect(loader).toHaveBeenCalledTimes(2)
    })

    it('loads of other keys do not wait for it, also from within the loader', async () => {
      const cache = placeOf(arrangement).open<string>()
      const { runs, loader } = heldLoader<string>()
      const slow = cache.getOrLoad('slow', loader)
      expect(await cache.getOrLoad('outer', async () => `${await cache.getOrLoad('inner', () => 'in')}side`)).toBe('inside')
      expect(await cache.get('inner')).toBe('in')
      await until(() => runs.length > 0)
      runs[0]!.resolve('done')
      expect(await slow).toBe('done')
    })

    it('what the loader sets under its own key itself stays', async () => {
      const cache = placeOf(arrangement).open<number>()
      expect(
        await cache.getOrLoad('a', async () => {
          await cache.set('a', 5)
          return 1
        }),
      ).toBe(1)
      await turns()
      expect(await cache.get('a')).toBe(5)
    })

    it('options say the entry’s life, and the ttl counts from when the value arrives', async () => {
      const { open, clock } = placeOf(arrangement)
      const cache = open<number>({ ttl: DAY })
      const { runs, loader } = heldLoader<number>()
      const loading = cache.getOrLoad('a', loader, { ttl: 1_000, staleIfError: 500, tags: ['x'] })
      await until(() => runs.length > 0)
      clock.advance(10_000)
      runs[0]!.resolve(1)
      await loading
      await cache.flush()
      expect(await cache.info('a')).toMatchObject({ createdAt: clock.time, staleAt: clock.time + 1_000, expiresAt: clock.time + 1_500, tags: ['x'] })
    })

    it('ttl 0 loads for those who wait and keeps nothing', async () => {
      const cache = placeOf(arrangement).open<number>()
      const loader = vi.fn(() => 1)
      expect(await Promise.all([cache.getOrLoad('a', loader, { ttl: 0 }), cache.getOrLoad('a', loader, { ttl: 0 })])).toEqual([1, 1])
      expect(loader).toHaveBeenCalledTimes(1)
      await turns()
      expect(await cache.size()).toBe(0)
      await cache.getOrLoad('a', loader, { ttl: 0 })
      expect(loader).toHaveBeenCalledTimes(2)
    })

    it('an entry past its ttl is loaded anew; within its window the loader is told the stale value', async () => {
      const { open, clock } = placeOf(arrangement)
      const cache = open<number>()
      await cache.set('expired', 1, { ttl: 10 })
      await cache.set('stale', 2, { ttl: 10, staleIfError: 100 })
      clock.advance(10)
      const seen: unknown[] = []
      const loader = ({ key, stale }: LoaderContext<number>): number => {
        seen.push([key, stale])
        return 9
      }
      expect(await cache.getOrLoad('expired', loader)).toBe(9)
      expect(await cache.getOrLoad('stale', loader)).toBe(9)
      expect(seen).toEqual([['expired', undefined], ['stale', 2]])
      await cache.flush()
      expect(await cache.get('stale')).toBe(9)
    })

    it('a value that cannot be stored reaches its callers all the same', async () => {
      damageOnPurpose()
      const cache = placeOf(arrangement).open<unknown>()
      const value = () => {}
      expect(await cache.getOrLoad('a', () => value)).toBe(value)
      await cache.flush()
      if (held) expect(await cache.get('a')).toBe(value)
    })
  })

  describe('one load per key', () => {
    it('callers share one load, and all get the same value', async () => {
      const cache = placeOf(arrangement).open<object>()
      const value = { shared: true }
      const loader = vi.fn(async () => value)
      const all = await Promise.all(Array.from({ length: 50 }, () => cache.getOrLoad('a', loader)))
      expect(all.every((each) => each === value)).toBe(true)
      expect(loader).toHaveBeenCalledTimes(1)
    })

    it('a caller during the load joins it, with whatever loader', async () => {
      const cache = placeOf(arrangement).open<number>()
      const { runs, loader } = heldLoader<number>()
      const first = cache.getOrLoad('a', loader)
      await until(() => runs.length > 0)
      const second = cache.getOrLoad('a', () => expect.fail('called'))
      runs[0]!.resolve(1)
      expect(await Promise.all([first, second])).toEqual([1, 1])
    })

    it('when a load has failed, the next caller starts anew', async () => {
      const cache = placeOf(arrangement).open<number>()
      for (let round = 0; round < 3; round++) await expect(cache.getOrLoad('a', () => Promise.reject(new Error(`${round}`)))).rejects.toThrow(`${round}`)
      expect(await cache.getOrLoad('a', () => 7)).toBe(7)
    })
  })

  describe('what voids a load', () => {
    const VOIDING: [what: string, invalidate: (cache: ReturnType<ReturnType<typeof placeOf>['open']>) => Promise<unknown>][] = [
      ['delete', (cache) => cache.delete('key')],
      ['take', (cache) => cache.take('key')],
      ['deleteMany', (cache) => cache.deleteMany(['other', 'key'])],
      ['deletePrefix of its start', (cache) => cache.deletePrefix('k')],
      ['clear', (cache) => cache.clear()],
      ['deleteTag of a declared tag', (cache) => cache.deleteTag('x')],
      ['set with ttl 0', (cache) => cache.set('key', 0, { ttl: 0 })],
    ]

    it.each(VOIDING)('%s: callers get the value, it is not stored, and a later caller starts anew', async (_what, invalidate) => {
      const cache = placeOf(arrangement).open<unknown>()
      const { runs, loader } = heldLoader<unknown>()
      const first = cache.getOrLoad('key', loader, { tags: ['x'] })
      await until(() => runs.length === 1)
      const invalidating = invalidate(cache)
      const second = cache.getOrLoad('key', loader, { tags: ['x'] })
      await until(() => runs.length === 2)
      await invalidating
      runs[0]!.resolve('old')
      expect(await first).toBe('old')
      await turns()
      expect(await cache.get('key')).toBeUndefined()
      expect(runs[0]!.context.signal.aborted).toBe(false)
      runs[1]!.resolve('new')
      expect(await second).toBe('new')
      await cache.flush()
      expect(await cache.get('key')).toBe('new')
    })

    it.each(VOIDING)('%s: the older load, when it ends last, does not take the place of the newer', async (_what, invalidate) => {
      const cache = placeOf(arrangement).open<unknown>()
      const { runs, loader } = heldLoader<unknown>()
      const first = cache.getOrLoad('key', loader, { tags: ['x'] })
      await until(() => runs.length === 1)
      await invalidate(cache)
      const second = cache.getOrLoad('key', loader, { tags: ['x'] })
      await until(() => runs.length === 2)
      runs[1]!.resolve('new')
      await second
      const third = cache.getOrLoad('key', loader)
      runs[0]!.resolve('old')
      expect(await first).toBe('old')
      expect(await third).toBe('new')
      await cache.flush()
      expect(await cache.get('key')).toBe('new')
      expect(runs).toHaveLength(2)
    })

    it.each<[what: string, invalidate: (typeof VOIDING)[number][1]]>([
      ['delete of another key', (cache) => cache.delete('other')],
      ['deletePrefix of another start', (cache) => cache.deletePrefix('keys')],
      ['deleteTag of a tag that it did not declare', (cache) => cache.deleteTag('y')],
      ['sweep', (cache) => cache.sweep()],
      ['touch of what is missing', (cache) => cache.touch('key', 5)],
      ['update of what is missing', (cache) => cache.update('key', 5)],
    ])('%s does not', async (_what, change) => {
      const cache = placeOf(arrangement).open<unknown>()
      const { runs, loader } = heldLoader<unknown>()
      const loading = cache.getOrLoad('key', loader, { tags: ['x'] })
      await until(() => runs.length === 1)
      await change(cache)
      const joining = cache.getOrLoad('key', loader)
      runs[0]!.resolve('value')
      expect(await Promise.all([loading, joining])).toEqual(['value', 'value'])
      await cache.flush()
      expect(await cache.get('key')).toBe('value')
      expect(runs).toHaveLength(1)
    })

    it.each<[what: string, write: (cache: ReturnType<ReturnType<typeof placeOf>['open']>) => Promise<unknown>]>([
      ['set', (cache) => cache.set('key', 'set')],
      ['setMany', (cache) => cache.setMany([['other', 1], ['key', 'set']])],
      ['add', (cache) => cache.add('key', 'set')],
    ])('a value that %s brings during the load is not overwritten by it', async (_what, write) => {
      const cache = placeOf(arrangement).open<unknown>()
      const { runs, loader } = heldLoader<unknown>()
      const loading = cache.getOrLoad('key', loader)
      await until(() => runs.length === 1)
      await write(cache)
      const later = cache.getOrLoad('key', () => expect.fail('called'))
      runs[0]!.resolve('loaded')
      expect(await loading).toBe('loaded')
      expect(await later).toBe('set')
      await cache.flush()
      expect(await cache.get('key')).toBe('set')
    })

    it('close: the load answers its callers and is not stored', async () => {
      const { open, reload } = placeOf(arrangement)
      const cache = open<unknown>()
      const { runs, loader } = heldLoader<unknown>()
      const loading = cache.getOrLoad('key', loader)
      await until(() => runs.length === 1)
      const next = await reload(cache)
      runs[0]!.resolve('value')
      expect(await loading).toBe('value')
      await turns()
      expect(await next.get('key')).toBeUndefined()
      expect(cache.peek('key')).toBeUndefined()
    })

    it('destroy: the same', async () => {
      const { open, faults } = placeOf(arrangement)
      const cache = open<unknown>()
      const { runs, loader } = heldLoader<unknown>()
      const loading = cache.getOrLoad('key', loader)
      await until(() => runs.length === 1)
      await cache.destroy()
      runs[0]!.resolve('value')
      expect(await loading).toBe('value')
      await turns()
      expect(await keysOf(open() as never)).toEqual([])
      expect(faults).toEqual([])
    })
  })

  describe('signals', () => {
    it('an aborted caller leaves alone, with the signal’s reason; the load goes on for the others', async () => {
      const cache = placeOf(arrangement).open<number>()
      const { runs, loader } = heldLoader<number>()
      const controller = new AbortController()
      const leaving = cache.getOrLoad('a', loader, { signal: controller.signal })
      const staying = cache.getOrLoad('a', loader, { signal: new AbortController().signal })
      await until(() => runs.length === 1)
      const reason = new Error('the user left')
      controller.abort(reason)
      await expect(leaving).rejects.toBe(reason)
      expect(runs[0]!.context.signal.aborted).toBe(false)
      runs[0]!.resolve(1)
      expect(await staying).toBe(1)
      expect(await cache.get('a')).toBe(1)
    })

    it('when the last one has left, the loader is told, and what it brings is not stored', async () => {
      const cache = placeOf(arrangement).open<number>()
      const { runs, loader } = heldLoader<number>()
      const controllers = [new AbortController(), new AbortController()]
      const calls = controllers.map(({ signal }) => cache.getOrLoad('a', loader, { signal }))
      await until(() => runs.length === 1)
      const reason = new Error('all left')
      controllers[0]!.abort(new Error('first'))
      expect(runs[0]!.context.signal.aborted).toBe(false)
      controllers[1]!.abort(reason)
      expect(runs[0]!.context.signal.aborted).toBe(true)
      expect(runs[0]!.context.signal.reason).toBe(reason)
      await Promise.allSettled(calls)
      const next = cache.getOrLoad('a', loader)
      await until(() => runs.length === 2)
      runs[0]!.resolve(1)
      await turns()
      expect(await cache.get('a')).toBeUndefined()
      runs[1]!.resolve(2)
      expect(await next).toBe(2)
      expect(await cache.get('a')).toBe(2)
    })

    it('a caller without a signal keeps the load alive', async () => {
      const cache = placeOf(arrangement).open<number>()
      const { runs, loader } = heldLoader<number>()
      const controller = new AbortController()
      const staying = cache.getOrLoad('a', loader)
      const leaving = cache.getOrLoad('a', loader, { signal: controller.signal })
      await until(() => runs.length === 1)
      controller.abort()
      await expect(leaving).rejects.toMatchObject({ name: 'AbortError' })
      expect(runs[0]!.context.signal.aborted).toBe(false)
      runs[0]!.resolve(1)
      expect(await staying).toBe(1)
    })

    it('a signal aborted before loads nothing', async () => {
      const cache = placeOf(arrangement).open<number>()
      const loader = vi.fn(() => 1)
      await expect(cache.getOrLoad('a', loader, { signal: AbortSignal.abort() })).rejects.toMatchObject({ name: 'AbortError' })
      await turns()
      expect(loader).not.toHaveBeenCalled()
    })

    it('one aborted before the loader has begun keeps it from beginning', async () => {
      const cache = placeOf(arrangement).open<number>()
      const loader = vi.fn(() => 1)
      const controller = new AbortController()
      const loading = cache.getOrLoad('a', loader, { signal: controller.signal })
      controller.abort()
      await expect(loading).rejects.toMatchObject({ name: 'AbortError' })
      await turns(40)
      expect(loader).not.toHaveBeenCalled()
    })

    it('one aborted after the value came does no harm', async () => {
      const cache = placeOf(arrangement).open<number>()
      const controller = new AbortController()
      expect(await cache.getOrLoad('a', () => 1, { signal: controller.signal })).toBe(1)
      controller.abort()
      await cache.flush()
      expect(await cache.get('a')).toBe(1)
    })

    it('a long-lived signal keeps nothing of the loads it was given to', async () => {
      const cache = placeOf(arrangement).open<number>()
      const { signal } = new AbortController()
      let listeners = 0
      const add = vi.spyOn(signal, 'addEventListener').mockImplementation((...args) => {
        listeners++
        EventTarget.prototype.addEventListener.apply(signal, args as Parameters<EventTarget['addEventListener']>)
      })
      const remove = vi.spyOn(signal, 'removeEventListener').mockImplementation((...args) => {
        listeners--
        EventTarget.prototype.removeEventListener.apply(signal, args as Parameters<EventTarget['removeEventListener']>)
      })
      for (let round = 0; round < 20; round++) await cache.getOrLoad(`k${round}`, () => round, { signal })
      await turns()
      expect(add).toHaveBeenCalled()
      expect(remove).toHaveBeenCalled()
      expect(listeners).toBe(0)
    })
  })

  it('a set during a load that is read from the store first is seen by those who wait', async () => {
    const cache = placeOf(arrangement).open<number>()
    const options: SetOptions = { ttl: DAY }
    const loading = cache.getOrLoad('a', () => 1, options)
    const setting = cache.set('a', 2)
    await Promise.all([loading, setting])
    await cache.flush()
    expect(await cache.get('a')).toBe(2)
    expect(await isPending(loading)).toBe(false)
  })
})

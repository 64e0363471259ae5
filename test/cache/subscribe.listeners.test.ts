// What listeners may do and what they cannot harm; and the events of a cache's status.

import { afterEach, describe, expect, it, vi } from 'vitest'
import { createCache, type Cache, type CacheEvent } from '../../src/index.ts'
import { ARRANGEMENTS, placeOf, TWO_TIERS } from '../helpers/caches.ts'
import { ManualClock } from '../helpers/clock.ts'
import { turns } from '../helpers/deferred.ts'
import { follow } from '../helpers/events.ts'
import { until } from '../helpers/loads.ts'

afterEach(() => {
  vi.useRealTimers()
  vi.restoreAllMocks()
  vi.unstubAllGlobals()
})

describe.each(ARRANGEMENTS)('$title', (arrangement) => {
  const open = <V>() => {
    const cache = placeOf(arrangement).open<V>()
    return { cache, ...follow(cache as Cache<never>) }
  }

  it('an ended subscription hears nothing more, and the others go on', async () => {
    const { cache, told, end } = open<number>()
    const other = follow(cache as Cache<never>)
    const ofKey = follow(cache as Cache<never>, 'a')
    await cache.set('a', 1)
    end()
    end()
    ofKey.end()
    await cache.set('a', 2)
    const once = [{ type: 'set', key: 'a' }]
    expect([told(), ofKey.told(), other.told()]).toEqual([once, once, [...once, ...once]])
  })

  it('listeners that throw are reported, and hurt neither the others nor the call', async () => {
    const reported: unknown[] = []
    vi.stubGlobal('reportError', (error: unknown) => reported.push(error))
    const { cache } = open<number>()
    const mistake = new Error('a listener’s mistake')
    cache.subscribe(() => {
      throw mistake
    })
    cache.subscribe('a', () => {
      throw mistake
    })
    const { told } = follow(cache as Cache<never>)
    await cache.set('a', 1)
    expect(await cache.getOrLoad('a', () => 2)).toBe(1)
    expect(await cache.delete('a')).toBe(true)
    await cache.destroy()
    expect(told().map((event) => (event as CacheEvent).type)).toEqual(['set', 'delete', 'destroy'])
    expect(reported).toEqual(Array(6).fill(mistake))
  })

  it('listeners may subscribe and end subscriptions', async () => {
    const { cache, told } = open<number>()
    const end = cache.subscribe(() => {
      end()
      cache.subscribe(() => {})()
    })
    await cache.set('a', 1)
    await cache.set('a', 2)
    expect(told()).toHaveLength(2)
  })

  it.each<[what: string, change: (cache: Cache<number>) => Promise<unknown>, answer: (cache: Cache<number>) => Promise<unknown>, left: number | undefined]>([
    ['delete what is being set', (cache) => cache.set('a', 2), (cache) => cache.delete('a'), undefined],
    ['set what is being set', (cache) => cache.set('a', 2), (cache) => cache.set('a', 3), 3],
    ['set what is being deleted', (cache) => cache.delete('a'), (cache) => cache.set('a', 3), 3],
    ['set what a prefix removes', (cache) => cache.deletePrefix('a'), (cache) => cache.set('a', 3), 3],
    ['set what a tag removes', (cache) => cache.deleteTag('x'), (cache) => cache.set('a', 3), 3],
    ['set what is being updated', (cache) => cache.update('a', 2), (cache) => cache.set('a', 3), 3],
  ])('listeners may use the cache: what they %s stays, in memory and in the store', async (_what, change, answer, left) => {
    const { open: openCache, reload } = placeOf(arrangement)
    const cache = openCache<number>()
    await cache.set('a', 1, { tags: ['x'] })
    const end = cache.subscribe(() => {
      end()
      void answer(cache)
    })
    await change(cache)
    await cache.flush()
    expect(await cache.get('a')).toBe(left)
    if (arrangement.second !== 'nothing') expect(await (await reload(cache)).get('a')).toBe(left)
  })
})

describe('status', () => {
  it('is told when the database cannot be opened; memory goes on', async () => {
    const { open } = placeOf(TWO_TIERS)
    const cache = open<number>()
    const { told } = follow(cache as Cache<never>)
    vi.spyOn(indexedDB, 'open').mockImplementation(() => {
      throw new DOMException('denied', 'SecurityError')
    })
    await cache.set('a', 1)
    const status = { persistence: 'memory', reason: expect.stringContaining('denied'), fault: { class: 'unavailable', phase: 'open', action: 'memory' } }
    expect(told()).toEqual([{ type: 'set', key: 'a' }, { type: 'status', status }])
    expect(cache.status).toEqual(status)
    expect(await cache.get('a')).toBe(1)
    await cache.set('b', 2)
    expect(told()).toEqual([{ type: 'set', key: 'b' }])
  })

  it('and again when it opens after all; one key’s subscribers hear of neither', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    const openNow = indexedDB.open.bind(indexedDB)
    let letOpen = (): void => {}
    vi.spyOn(indexedDB, 'open').mockImplementation((...args) => {
      // An open that is blocked: the request is there, its event comes later.
      const request = new EventTarget() as IDBOpenDBRequest
      letOpen = () => {
        const real = openNow(...args)
        real.onupgradeneeded = (event) => {
          Object.defineProperty(request, 'result', { value: real.result, configurable: true })
          request.onupgradeneeded?.(event)
        }
        real.onsuccess = (event) => {
          Object.defineProperty(request, 'result', { value: real.result, configurable: true })
          request.onsuccess?.(event)
        }
      }
      return request
    })
    const cache = createCache<number>({ name: 'late', clock: new ManualClock() })
    const { told } = follow(cache as Cache<never>)
    const ofKey = follow(cache as Cache<never>, 'a')
    const reading = cache.get('a')
    await turns()
    vi.advanceTimersByTime(3_000)
    expect(await reading).toBeUndefined()
    expect(told()).toMatchObject([{ type: 'status', status: { persistence: 'memory' } }])
    letOpen()
    await until(() => cache.status.persistence === 'indexeddb')
    expect(told()).toEqual([{ type: 'status', status: { persistence: 'indexeddb' } }])
    expect(ofKey.told()).toEqual([])
    await cache.close()
  })
})

describe('subscriptions', () => {
  it('the same function twice is two of them, each with an end of its own', async () => {
    const cache = placeOf(TWO_TIERS).open<number>()
    const listener = vi.fn()
    const end = cache.subscribe(listener)
    cache.subscribe(listener)
    await cache.set('a', 1)
    expect(listener).toHaveBeenCalledTimes(2)
    end()
    await cache.set('a', 2)
    expect(listener).toHaveBeenCalledTimes(3)
  })

  it('one that is ended during an event does not hear of it any more', async () => {
    const cache = placeOf(TWO_TIERS).open<number>()
    const later = vi.fn()
    cache.subscribe(() => end())
    const end = cache.subscribe(later)
    await cache.set('a', 1)
    expect(later).not.toHaveBeenCalled()
  })
})

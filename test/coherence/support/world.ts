// Several tabs in one process: caches of one name, each with a page of its own, on one disk, one channel and one lock
// manager. All time is the test's: timers are fake, and so is the clock.

import { afterEach, beforeEach, expect, vi } from 'vitest'
import type { Cache, CacheEvent, CacheOptions } from '../../../src/index.ts'
import { placeOf, TWO_TIERS, type Place } from '../../helpers/caches.ts'
import { turns } from '../../helpers/deferred.ts'
import { databaseNames } from '../../helpers/indexed-db.ts'
import { Locks } from './locks.ts'
import { Network } from './channel.ts'

export interface Tab<V> {
  readonly cache: Cache<V>
  /** What it was told of others. */
  readonly events: CacheEvent[]
  /** Its page gets an event; `hidden` as the page then is. */
  page(type: 'pagehide' | 'pageshow' | 'visibilitychange' | 'resume', hidden?: boolean): void
}

export interface World extends Place {
  readonly network: Network
  readonly locks: Locks
  /** Another tab. */
  tab<V = unknown>(options?: CacheOptions<V>): Tab<V>
  tabs<V = unknown>(count: number, options?: CacheOptions<V>): Tab<V>[]
  /** Until messages have arrived and nothing is under way but what waits for time to pass. */
  settle(): Promise<void>
  /** Time passes, for timers and for the clock. */
  pass(ms: number): Promise<void>
  /** Lets a moment pass for what takes one. */
  await<T>(doing: Promise<T>): Promise<T>
}

let unhandled: unknown[] = []
const noteUnhandled = (reason: unknown): void => void unhandled.push(reason)
let worlds: World[] = []

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  unhandled = []
  worlds = []
  process.on('unhandledRejection', noteUnhandled)
})

// Runs before the caches are looked at: what is under way comes to an end first.
afterEach(async () => {
  for (const world of worlds) await world.settle()
  process.off('unhandledRejection', noteUnhandled)
  expect(unhandled, 'unhandled rejections').toEqual([])
  expect(worlds.flatMap(({ network }) => network.errors), 'what handlers of messages threw').toEqual([])
})

export interface WorldOptions {
  readonly seed?: number
  /** Whether there is a BroadcastChannel. */
  readonly channel?: boolean
  /** Whether there are Web Locks. */
  readonly locks?: boolean
}

export function createWorld({ seed, channel = true, locks: hasLocks = true }: WorldOptions = {}): World {
  const place = placeOf(TWO_TIERS)
  const network = new Network(seed)
  const locks = new Locks()
  const pages: EventTarget[] = []
  let current: EventTarget | undefined
  let hidden = false

  if (channel) network.install()
  else vi.stubGlobal('BroadcastChannel', undefined)
  if (hasLocks) locks.install()
  else vi.stubGlobal('navigator', undefined)
  vi.stubGlobal('document', {
    get hidden() {
      return hidden
    },
  })
  vi.stubGlobal('addEventListener', (type: string, listener: EventListener) => current?.addEventListener(type, listener))
  vi.stubGlobal('removeEventListener', (type: string, listener: EventListener) => pages.forEach((page) => page.removeEventListener(type, listener)))

  const world: World = {
    ...place,
    network,
    locks,
    tab<V>(options?: CacheOptions<V>) {
      const page = new EventTarget()
      pages.push(page)
      current = page
      const cache = place.open<V>(options)
      current = undefined
      const events: CacheEvent[] = []
      cache.subscribe((event) => {
        if (!event.local) events.push(event)
      })
      return {
        cache,
        events,
        page(type, isHidden = type === 'pagehide') {
          hidden = isHidden
          page.dispatchEvent(new Event(type))
          hidden = false
        },
      }
    },
    tabs<V>(count: number, options?: CacheOptions<V>) {
      return Array.from({ length: count }, () => world.tab<V>(options))
    },
    async settle() {
      for (let round = 0; round < 3; round++) {
        // Commits are collected for some ms before they are told.
        vi.advanceTimersByTime(5)
        await turns(10)
        while (network.waiting > 0) await turns(1)
      }
    },
    async await(doing) {
      let pending = true
      const end = (): void => {
        pending = false
      }
      doing.then(end, end)
      for (let moments = 0; pending && moments < 500; moments++) {
        vi.advanceTimersByTime(10)
        await turns(2)
      }
      return doing
    },
    async pass(ms) {
      place.clock.advance(ms)
      vi.advanceTimersByTime(ms)
      await turns()
    },
  }
  worlds.push(world)
  return world
}

/** The tier that an entry would be read from. */
export async function tierOf(cache: Cache<never>, key: string): Promise<string | undefined> {
  return (await cache.info(key))?.tier
}

/** A tab that holds a (tag x), b and c in memory, and another; from now on no message arrives. */
export async function away(world: World): Promise<[one: Tab<unknown>, other: Tab<unknown>]> {
  const [one, other] = world.tabs<unknown>(2) as [Tab<unknown>, Tab<unknown>]
  await other.cache.set('a', 'old', { tags: ['x'] })
  await other.cache.setMany([['b', 1], ['c', 1]])
  await world.settle()
  await one.cache.getMany(['a', 'b', 'c'])
  await world.settle()
  one.events.length = 0
  world.network.deaf = true
  return [one, other]
}

/** The name of the lock under which a key is loaded. */
export async function lockOf(key: string): Promise<string> {
  const [database = ''] = await databaseNames()
  return `${database} ${key}`
}

// A site whose storage fails on demand: pages that load one after the other over the same disk, and time that only the test
// moves. After each test nothing may have been rejected unhandled, and the indexes must tell what the records tell.

import '../../helpers/indexed-db.ts'
import { afterEach, beforeEach, expect, vi } from 'vitest'
import { createCache, type Cache, type CacheError, type CacheOptions, type CacheStatus } from '../../../src/index.ts'
import { turns } from '../../helpers/deferred.ts'
import { faultsOf, lookAtDisk, type Disk } from '../../helpers/indexed-db.ts'
import { createFaultFactory, type FaultFactory } from './fault-factory.ts'
import type { Rule } from './rule.ts'

export const NAME = 'site'
export const START = 1_700_000_000_000

/** Puts fail when their transaction commits, deletes do not: as on a full disk. */
export const FULL_DISK: Rule = { operation: ['put', 'add'], phase: 'commit', error: 'QuotaExceededError' }
/** No transaction that changes anything gets through. */
export const NO_WRITES: Rule = { operation: 'commit', phase: 'commit', error: 'UnknownError', when: ({ mode }) => mode === 'readwrite' }
/** No transaction begins at all. */
export const NO_TRANSACTIONS: Rule = { operation: 'transaction', phase: 'sync', error: 'UnknownError' }

/** Turns of the event loop in which something happens if anything is under way. */
const TURNS = 50
/** What a test asks for at once is done in fewer. */
const MOST_ROUNDS = 400

/** What `onError` was told, in short. */
export interface Report {
  readonly code: string
  readonly class?: string
  readonly phase?: string
  readonly action?: string
  readonly count: number
}

export interface Site {
  readonly factory: FaultFactory
  /** What `onError` was told, by all pages. */
  readonly errors: readonly CacheError[]
  readonly reports: readonly Report[]
  /** The statuses that events told of. */
  readonly statuses: readonly CacheStatus[]
  /** What localStorage holds. */
  readonly storage: Map<string, string>
  /** A cache on the page. */
  open<V = unknown>(options?: CacheOptions<V>): Cache<V>
  /** A cache whose database is open. */
  ready<V = unknown>(options?: CacheOptions<V>): Promise<Cache<V>>
  /** The page ends without a word, whatever is under way. The next one begins. */
  crash(): Promise<void>
  /** The page ends without a word; a cache on the next one. */
  reload<V = unknown>(options?: CacheOptions<V>): Promise<Cache<V>>
  /** Time passes. */
  pass(ms: number): Promise<void>
  /** What a promise brings, which must end after so many ms at the latest. */
  within<T>(ms: number, promise: Promise<T>): Promise<T>
  disk(): Promise<Disk>
  /** Values on disk by key. */
  values(): Promise<Record<string, unknown>>
}

let sites: { site: Site; caches: Cache<unknown>[] }[] = []
let unhandled: unknown[] = []
const noteUnhandled = (reason: unknown): void => void unhandled.push(reason)

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'Date', 'performance'], now: START })
  // Tests of several tabs put theirs here.
  vi.stubGlobal('BroadcastChannel', undefined)
  unhandled = []
  sites = []
  process.on('unhandledRejection', noteUnhandled)
})

afterEach(async () => {
  try {
    for (const { site, caches } of sites) {
      site.factory.heal()
      await site.pass(100)
      expect(faultsOf(await site.disk()), 'indexes tell what the records tell').toEqual([])
      // After a destroy() that failed it tells that again.
      for (const cache of caches) await site.within(60_000, cache.close().catch(() => {}))
      await turns()
      expect(site.factory.connected, 'connections left open').toEqual([])
    }
    expect(unhandled, 'unhandled rejections').toEqual([])
  } finally {
    process.off('unhandledRejection', noteUnhandled)
    vi.unstubAllGlobals()
    vi.restoreAllMocks()
    vi.useRealTimers()
  }
})

export interface SiteOptions {
  /** Whether there is a localStorage; workers have none. */
  readonly localStorage?: boolean
}

export function createSite({ localStorage = true }: SiteOptions = {}): Site {
  const factory = createFaultFactory()
  globalThis.indexedDB = factory
  const errors: CacheError[] = []
  const statuses: CacheStatus[] = []
  const storage = new Map<string, string>()
  let caches: Cache<unknown>[] = []
  if (localStorage) stubLocalStorage(storage)

  /** Until nothing happens any more without time passing. */
  const rest = async (): Promise<void> => {
    let before = -1
    for (let round = 0; factory.steps !== before; round++) {
      if (round > MOST_ROUNDS) expect.fail('a storm: it does not come to rest')
      before = factory.steps
      await turns(TURNS)
    }
  }

  const site: Site = {
    factory,
    errors,
    statuses,
    storage,
    get reports() {
      return errors.map(({ code, fault, count }) => ({ code, ...fault, count }))
    },
    open<V>(options: CacheOptions<V> = {}) {
      const cache = createCache<V>({ name: NAME, onError: (error) => void errors.push(error), ...options })
      cache.subscribe((event) => {
        if (event.type === 'status') statuses.push(event.status)
      })
      caches.push(cache as Cache<unknown>)
      return cache
    },
    async ready<V>(options?: CacheOptions<V>) {
      const cache = site.open<V>(options)
      await site.within(100, cache.get('nothing'))
      await turns(50)
      factory.forget()
      return cache
    },
    async crash() {
      caches.length = 0
      const nowhere = createFaultFactory()
      nowhere.fail({ operation: ['open', 'deleteDatabase', 'databases'], phase: 'hang' })
      globalThis.indexedDB = nowhere
      factory.forceClose()
      // What the page that has gone would still do comes to nothing.
      for (let round = 0; round < 3; round++) {
        // It would set the time back.
        const now = Date.now()
        vi.clearAllTimers()
        vi.setSystemTime(now)
        await turns(50)
      }
      factory.forget()
      globalThis.indexedDB = factory
    },
    async reload<V>(options?: CacheOptions<V>) {
      await site.crash()
      return site.open<V>(options)
    },
    async pass(ms) {
      await rest()
      const end = Date.now() + ms
      while (Date.now() < end) {
        vi.advanceTimersByTime(Math.min(end - Date.now(), Math.max(10, ms / 100)))
        await rest()
      }
    },
    async within(ms, promise) {
      let pending = true
      const end = (): void => {
        pending = false
      }
      promise.then(end, end)
      const start = Date.now()
      await rest()
      while (pending) {
        const passed = Date.now() - start
        if (passed >= ms) expect.fail(`no end after ${ms} ms`)
        vi.advanceTimersByTime(Math.min(ms - passed, Math.max(10, passed / 20)))
        await rest()
      }
      return promise
    },
    async disk() {
      // Looked at without faults.
      const current = globalThis.indexedDB
      globalThis.indexedDB = factory.base
      try {
        return await lookAtDisk(NAME)
      } finally {
        globalThis.indexedDB = current
      }
    },
    async values() {
      return Object.fromEntries((await site.disk()).records.map(({ key, value }) => [key, value]))
    },
  }
  sites.push({ site, caches })
  return site
}

function stubLocalStorage(storage: Map<string, string>): void {
  vi.stubGlobal('localStorage', {
    getItem: (key: string) => storage.get(key) ?? null,
    setItem: (key: string, value: string) => void storage.set(key, String(value)),
    removeItem: (key: string) => void storage.delete(key),
    key: (place: number) => [...storage.keys()][place] ?? null,
    clear: () => storage.clear(),
    get length() {
      return storage.size
    },
  })
}

/** What it rejects with. */
export async function rejection(promise: Promise<unknown>): Promise<CacheError> {
  return promise.then(
    (value) => expect.fail(`it should reject, but resolves to ${String(value)}`),
    (error: CacheError) => error,
  )
}

export async function collected<T>(items: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = []
  for await (const item of items) list.push(item)
  return list
}

/** Every call works on memory, at once. */
export async function expectMemoryServes(site: Site, cache: Cache<unknown>): Promise<void> {
  const at = Date.now()
  await site.within(0, cache.set('by memory', 1, { tags: ['x'] }))
  expect(cache.peek('by memory')).toBe(1)
  const calls = [cache.get('by memory'), cache.get('not there'), cache.has('by memory'), cache.add('by memory', 2)]
  expect(await site.within(0, Promise.all(calls))).toEqual([1, undefined, true, false])
  expect(await site.within(0, cache.getOrLoad('loaded by memory', () => 3))).toBe(3)
  expect(await site.within(0, cache.update('by memory', 4))).toBe(1)
  expect(await site.within(0, cache.take('loaded by memory'))).toBe(3)
  expect(await site.within(0, cache.delete('by memory'))).toBe(true)
  expect(await site.within(0, cache.get('by memory'))).toBeUndefined()
  expect(Date.now()).toBe(at)
}

// The IndexedDB store as tests open it. Importing this installs the fake IndexedDB.

import { onTestFinished, vi } from 'vitest'
import { createIndexedDbStore, type IndexedDbSettings } from '../../src/store/indexeddb-store.ts'
import { NO_WINDOWS } from '../../src/options.ts'
import { callsOf, type StoreCalls } from '../store/calls.ts'
import './indexed-db.ts'

/** Settings of a store that nobody watches. */
export const UNWATCHED: Omit<IndexedDbSettings, 'name'> = {
  version: '',
  durability: 'relaxed',
  maxStoredEntries: 10_000,
  lifetime: { ttl: Infinity, ...NO_WINDOWS },
  now: Date.now,
  readClock: Date.now,
  onLost() {},
  onDamage() {},
  onOutage() {},
  onProbe() {},
  onEvict() {},
  onCommit() {},
  onMissing() {},
  onMissed() {},
  onRecalled() {},
}

/** Each look at the time comes a second after the one before, so that each slice of requests has one. Ends with the test. */
export function leapingTime(): void {
  let now = 0
  const spy = vi.spyOn(performance, 'now').mockImplementation(() => (now += 1_000))
  onTestFinished(() => spy.mockRestore())
}

export interface OpenedStore<V> {
  readonly store: StoreCalls<V>
  /** What the cache was told of: outages and their ends, and evictions. */
  readonly outages: (string | undefined)[]
  readonly evicted: string[]
}

export function openIndexedDbStore<V = unknown>(name: string, settings: Partial<IndexedDbSettings> = {}): OpenedStore<V> {
  const outages: (string | undefined)[] = []
  const evicted: string[] = []
  const store = createIndexedDbStore<V>({
    ...UNWATCHED,
    name,
    onProbe: () => void store.restore([]),
    onMissing: () => void store.catchUp(),
    onOutage: (fault) => void outages.push(fault?.fault?.class),
    onEvict: (keys) => void evicted.push(...keys),
    ...settings,
  })
  return { store: callsOf(store), outages, evicted }
}

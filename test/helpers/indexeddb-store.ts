// The IndexedDB store as tests open it. Importing this installs the fake IndexedDB.

import type { CacheError } from '../../src/index.ts'
import { createIndexedDbStore, type IndexedDbSettings } from '../../src/store/indexeddb-store.ts'
import { callsOf, type StoreCalls } from '../store/calls.ts'
import './indexed-db.ts'

export interface OpenedStore<V> {
  readonly store: StoreCalls<V>
  /** What the cache was told: of failed and late openings, and of evictions. */
  readonly availability: (CacheError | undefined)[]
  readonly evicted: string[]
}

export function openIndexedDbStore<V = unknown>(name: string, settings: Partial<IndexedDbSettings> = {}): OpenedStore<V> {
  const availability: (CacheError | undefined)[] = []
  const evicted: string[] = []
  const store = createIndexedDbStore<V>({
    name,
    version: '',
    durability: 'relaxed',
    maxStoredEntries: 10_000,
    onAvailability: (failure) => void availability.push(failure),
    onEvict: (keys) => void evicted.push(...keys),
    onCommit() {},
    onMissed() {},
    ...settings,
  })
  return { store: callsOf(store), availability, evicted }
}

// The IndexedDB store as tests open it. Importing this installs the fake IndexedDB.

import { createIndexedDbStore, type IndexedDbSettings } from '../../src/store/indexeddb-store.ts'
import { callsOf, type StoreCalls } from '../store/calls.ts'
import './indexed-db.ts'

export interface OpenedStore<V> {
  readonly store: StoreCalls<V>
  /** What the cache was told: how often the database opened, and of evictions. */
  readonly opened: () => number
  readonly evicted: string[]
}

export function openIndexedDbStore<V = unknown>(name: string, settings: Partial<IndexedDbSettings> = {}): OpenedStore<V> {
  let opened = 0
  const evicted: string[] = []
  const store = createIndexedDbStore<V>({
    name,
    version: '',
    durability: 'relaxed',
    maxStoredEntries: 10_000,
    onOpen: () => void opened++,
    onEvict: (keys) => void evicted.push(...keys),
    onCommit() {},
    onMissed() {},
    ...settings,
  })
  return { store: callsOf(store), opened: () => opened, evicted }
}

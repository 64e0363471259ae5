// What each library is asked for, and how the page gets the one that it measures.

import type { Pair } from '../page/workload.ts'
import type { RivalName } from './plan.ts'

/** A library. */
export interface Rival {
  /** @param mostEntries where that is more than the library keeps unless told */
  open(name: string, mostEntries?: number): Promise<Opened>
}

/** A library with a database open. Writes resolve when they are committed. */
export interface Opened {
  set(pair: Pair): Promise<unknown>
  get(key: string): Promise<string | undefined>
  /** A call for each, all in one tick. */
  setEach(pairs: readonly Pair[]): Promise<unknown>
  getEach(keys: readonly string[]): Promise<readonly unknown[]>
  close(): unknown
}

/** Each in a file that the page loads alone. */
const LIBRARIES: Readonly<Record<RivalName, () => Promise<Rival>>> = {
  raw: async () => (await import('./raw.ts')).raw,
  'raw-log': async () => (await import('./raw.ts')).rawWithLog,
  bestbefore: async () => (await import('./bestbefore.ts')).bestbefore,
  'idb-keyval': async () => (await import('./idb-keyval.ts')).idbKeyval,
  'idb-keyval-bulk': async () => (await import('./idb-keyval.ts')).idbKeyvalBulk,
  localforage: async () => (await import('./localforage.ts')).localForage,
  dexie: async () => (await import('./dexie.ts')).dexie,
  'dexie-bulk': async () => (await import('./dexie.ts')).dexieBulk,
}

export function loadRival(contestant: string): Promise<Rival> {
  return LIBRARIES[contestant as RivalName]()
}

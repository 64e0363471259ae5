// What each library is asked for, and how the page gets it: in a file of its own, loaded when the race begins.

export interface Item {
  readonly key: string
  readonly value: string
  /** Epoch ms. */
  readonly expiresAt: number
}

/** A library, by the calls that an app makes for entries that expire. */
export interface Contestant {
  /** @param now epoch ms at which it believes to be */
  open(database: string, now: number): Promise<Opened>
  /** Deletes a database, which nobody has open. */
  remove(database: string): Promise<unknown>
}

/** Writes resolve when they are committed. */
export interface Opened {
  set(item: Item): Promise<unknown>
  /** Writes many in the quickest way, which is not timed. */
  fill(items: readonly Item[]): Promise<unknown>
  /** The value, if it has not expired. */
  get(key: string): Promise<string | undefined>
  /** Removes what has expired, in the library's own way. */
  removeExpired(): Promise<unknown>
  keys(): Promise<readonly string[]>
  close(): Promise<void>
}

export const NAMES = ['bestbefore', 'idb-keyval', 'localForage', 'Dexie'] as const
export type Name = (typeof NAMES)[number]

const LIBRARIES: Readonly<Record<Name, () => Promise<Contestant>>> = {
  bestbefore: async () => (await import('./contestants/bestbefore.ts')).bestbefore,
  'idb-keyval': async () => (await import('./contestants/idb-keyval.ts')).idbKeyval,
  localForage: async () => (await import('./contestants/localforage.ts')).localForage,
  Dexie: async () => (await import('./contestants/dexie.ts')).dexie,
}

export async function loadContestants(): Promise<ReadonlyMap<Name, Contestant>> {
  return new Map(await Promise.all(NAMES.map(async (name) => [name, await LIBRARIES[name]()] as const)))
}

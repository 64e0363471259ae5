// The ways to delete what expired, each given a database in the same state. A contestant returns when its work is committed.

import type { Cache } from '../../../../src/index.ts'
import { done, readValue, transact } from '../page/database.ts'
import { NOW } from '../page/workload.ts'
import type { ContestantName } from './plan.ts'

export interface Arena {
  /** The cache whose database it is. */
  readonly cache: Cache<string>
  /** A connection of its own to the same database. */
  readonly database: IDBDatabase
}

export interface Contestant {
  remove(arena: Arena): Promise<unknown>
  /** Reads meanwhile; each key is live and not in memory. */
  readonly reader?: { readonly pause: number; read(arena: Arena, key: string): Promise<unknown> }
}

/** The baseline: what an app without a library writes. */
const cursor: Contestant = {
  remove: ({ database }) =>
    transact(database, 'readwrite', (entries) => {
      const request = entries.index('expiresAt').openCursor(IDBKeyRange.upperBound(NOW))
      request.onsuccess = () => {
        const at = request.result
        if (at === null) return
        at.delete()
        at.continue()
      }
    }),
}

const sorted: Contestant = {
  remove: ({ database }) =>
    transact(database, 'readwrite', async (entries) => {
      const keys = (await done(entries.index('expiresAt').getAllKeys(IDBKeyRange.upperBound(NOW)))) as string[]
      for (const key of keys.sort()) entries.delete(key)
      entries.transaction.commit()
    }),
}

const sweep: Contestant = { remove: ({ cache }) => cache.sweep() }

const readCache = ({ cache }: Arena, key: string) => cache.get(key)
const readRaw = ({ database }: Arena, key: string) => readValue(database, key)

export const contestants: Readonly<Record<ContestantName, Contestant>> = {
  cursor,
  sorted,
  sweep,
  gets: { ...sweep, reader: { pause: 0, read: readCache } },
  'gets-10ms': { ...sweep, reader: { pause: 10, read: readCache } },
  other: { ...sweep, reader: { pause: 0, read: readRaw } },
  'other-10ms': { ...sweep, reader: { pause: 10, read: readRaw } },
}

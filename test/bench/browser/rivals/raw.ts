// The limit: IndexedDB with the library's schema and nothing else.

import { createEntriesStore, done, transact } from '../page/database.ts'
import { recordOf, type Pair, type Row } from '../page/workload.ts'
import type { Rival } from './rival.ts'

export const raw = createRaw()

/** Each transaction puts a second record, as the library's does: what its log costs at least. */
export const rawWithLog = createRaw('changes')

/** @param logs object stores that get a record of each transaction */
function createRaw(...logs: readonly string[]): Rival {
  return {
    async open(name) {
      const request = indexedDB.open(name, 1)
      request.onupgradeneeded = () => {
        createEntriesStore(request.result)
        for (const log of logs) request.result.createObjectStore(log, { autoIncrement: true })
      }
      const database = await done(request)

      const setEach = (pairs: readonly Pair[]) => {
        const putAll = (entries: IDBObjectStore) => {
          const now = Date.now()
          for (const pair of pairs) entries.put(recordOf(pair, now))
          for (const log of logs) entries.transaction.objectStore(log).add(pairs.map(({ key }) => ({ type: 'set', key })))
          entries.transaction.commit()
        }
        return transact(database, 'readwrite', putAll, ...logs)
      }

      const getEach = async (keys: readonly string[]) => {
        const entries = database.transaction('entries', 'readonly').objectStore('entries')
        const rows: (Row | undefined)[] = await Promise.all(keys.map((key) => done(entries.get(key))))
        return rows.map((row) => row?.value)
      }

      return {
        set: (pair) => setEach([pair]),
        get: async (key) => (await getEach([key]))[0],
        setEach,
        getEach,
        close: () => database.close(),
      }
    },
  }
}

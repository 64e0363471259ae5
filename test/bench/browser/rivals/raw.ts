// The limit: IndexedDB with the library's schema and nothing else.

import { createEntriesStore, done, transact } from '../page/database.ts'
import { recordOf, type Pair, type Row } from '../page/workload.ts'
import type { Rival } from './rival.ts'

export const raw: Rival = {
  async open(name) {
    const request = indexedDB.open(name, 1)
    request.onupgradeneeded = () => createEntriesStore(request.result)
    const database = await done(request)

    const setEach = (pairs: readonly Pair[]) =>
      transact(database, 'readwrite', (entries) => {
        const now = Date.now()
        for (const pair of pairs) entries.put(recordOf(pair, now))
        entries.transaction.commit()
      })

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

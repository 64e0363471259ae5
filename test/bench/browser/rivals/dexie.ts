// Dexie with the library's indexes, relaxed durability, and without the cache that live queries share.

import { Dexie, type EntityTable } from 'dexie'
import { recordOf, type Row } from '../page/workload.ts'
import type { Opened, Rival } from './rival.ts'

export const dexie: Rival = {
  async open(name) {
    const { opened } = await openTable(name)
    return {
      ...opened,
      setEach: (pairs) => Promise.all(pairs.map(opened.set)),
      getEach: (keys) => Promise.all(keys.map(opened.get)),
    }
  },
}

export const dexieBulk: Rival = {
  async open(name) {
    const { entries, opened } = await openTable(name)
    return {
      ...opened,
      setEach(pairs) {
        const now = Date.now()
        return entries.bulkPut(pairs.map((pair) => recordOf(pair, now)))
      },
      getEach: async (keys) => (await entries.bulkGet([...keys])).map((row) => row?.value),
    }
  },
}

async function openTable(name: string) {
  const database = new Dexie(name, { chromeTransactionDurability: 'relaxed', cache: 'disabled' })
  database.version(1).stores({ entries: 'key, expiresAt, *tags' })
  const entries: EntityTable<Row, 'key'> = database.table('entries')
  await database.open()
  const opened: Pick<Opened, 'set' | 'get' | 'close'> = {
    set: (pair) => entries.put(recordOf(pair, Date.now())),
    get: async (key) => (await entries.get(key))?.value,
    close: () => database.close(),
  }
  return { entries, opened }
}

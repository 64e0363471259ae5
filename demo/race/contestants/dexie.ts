// Dexie with an index on expiry, relaxed durability as IndexedDB has it by default, and without the cache of live queries.

import { Dexie, type EntityTable } from 'dexie'
import type { Contestant, Item } from '../contestant.ts'
import { deleteDatabase } from './delete-database.ts'

export const dexie: Contestant = {
  async open(name, now) {
    const database = new Dexie(name, { chromeTransactionDurability: 'relaxed', cache: 'disabled' })
    database.version(1).stores({ items: 'key, expiresAt' })
    const items: EntityTable<Item, 'key'> = database.table('items')
    await database.open()
    return {
      set: (item) => items.put(item),
      fill: (all) => items.bulkPut(all),
      async get(key) {
        const item = await items.get(key)
        return item && item.expiresAt > now ? item.value : undefined
      },
      removeExpired: () => items.where('expiresAt').belowOrEqual(now).delete(),
      keys: () => items.toCollection().primaryKeys(),
      close: async () => database.close(),
    }
  },
  remove: (name) => deleteDatabase(name),
}

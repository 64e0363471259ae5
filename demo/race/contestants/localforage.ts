// localForage on IndexedDB alone. It knows no expiry: the time lies with the value.

import localforage from 'localforage'
import type { Contestant, Item } from '../contestant.ts'
import { deleteDatabase } from './delete-database.ts'

type Kept = Omit<Item, 'key'>

export const localForage: Contestant = {
  async open(name, now) {
    const instance = localforage.createInstance({ name, driver: localforage.INDEXEDDB })
    await instance.ready()
    return {
      set: ({ key, ...kept }) => instance.setItem(key, kept),
      fill: (items) => Promise.all(items.map(({ key, ...kept }) => instance.setItem(key, kept))),
      async get(key) {
        const kept = await instance.getItem<Kept>(key)
        return kept && kept.expiresAt > now ? kept.value : undefined
      },
      async removeExpired() {
        const expired: string[] = []
        await instance.iterate<Kept, void>(({ expiresAt }, key) => {
          if (expiresAt <= now) expired.push(key)
        })
        await Promise.all(expired.map((key) => instance.removeItem(key)))
      },
      keys: () => instance.keys(),
      // It closes its connection when the database is to be deleted.
      async close() {},
    }
  },
  remove: (name) => deleteDatabase(name),
}

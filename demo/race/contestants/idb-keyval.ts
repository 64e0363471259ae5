// idb-keyval, which knows no expiry: the time lies with the value. Its own createStore keeps the connection for good; this one,
// the same but for that, can let go of it.

import { delMany, entries, get, keys, promisifyRequest, set, setMany, type UseStore } from 'idb-keyval'
import type { Contestant, Item } from '../contestant.ts'
import { deleteDatabase } from './delete-database.ts'

type Kept = Omit<Item, 'key'>

export const idbKeyval: Contestant = {
  async open(name, now) {
    const request = indexedDB.open(name)
    request.onupgradeneeded = () => request.result.createObjectStore('keyval')
    const opening = promisifyRequest(request)
    const store: UseStore = (mode, callback) =>
      opening.then((database) => callback(database.transaction('keyval', mode).objectStore('keyval')))
    return {
      set: ({ key, ...kept }) => set(key, kept, store),
      fill: (items) =>
        setMany(
          items.map(({ key, ...kept }) => [key, kept]),
          store,
        ),
      async get(key) {
        const kept = await get<Kept>(key, store)
        return kept && kept.expiresAt > now ? kept.value : undefined
      },
      async removeExpired() {
        const all = await entries<string, Kept>(store)
        await delMany(
          all.flatMap(([key, { expiresAt }]) => (expiresAt <= now ? [key] : [])),
          store,
        )
      },
      keys: () => keys<string>(store),
      close: async () => (await opening).close(),
    }
  },
  remove: (name) => deleteDatabase(name),
}

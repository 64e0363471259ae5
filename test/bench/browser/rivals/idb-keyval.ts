// idb-keyval with a store of its own. It takes the engine's durability, which is relaxed in all of them today.

import { createStore, get, getMany, set, setMany } from 'idb-keyval'
import type { Rival } from './rival.ts'

export const idbKeyval: Rival = {
  async open(name) {
    const store = createStore(name, 'keyval')
    return {
      set: ({ key, value }) => set(key, value, store),
      get: (key) => get<string>(key, store),
      setEach: (pairs) => Promise.all(pairs.map(({ key, value }) => set(key, value, store))),
      getEach: (keys) => Promise.all(keys.map((key) => get(key, store))),
      // It has no such call; the connection goes with the page.
      close() {},
    }
  },
}

export const idbKeyvalBulk: Rival = {
  async open(name) {
    const store = createStore(name, 'keyval')
    return {
      ...(await idbKeyval.open(name)),
      setEach: (pairs) => setMany(pairs.map(({ key, value }) => [key, value]), store),
      getEach: (keys) => getMany([...keys], store),
    }
  },
}

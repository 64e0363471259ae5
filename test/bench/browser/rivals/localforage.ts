// localForage on IndexedDB alone, so that it never falls back to something else.

import localforage from 'localforage'
import type { Rival } from './rival.ts'

export const localForage: Rival = {
  async open(name) {
    const instance = localforage.createInstance({ name, driver: localforage.INDEXEDDB })
    await instance.ready()
    const get = async (key: string) => (await instance.getItem<string>(key)) ?? undefined
    return {
      set: ({ key, value }) => instance.setItem(key, value),
      get,
      setEach: (pairs) => Promise.all(pairs.map(({ key, value }) => instance.setItem(key, value))),
      getEach: (keys) => Promise.all(keys.map(get)),
      // It has no such call; the connection goes with the page.
      close() {},
    }
  },
}

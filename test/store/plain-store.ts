// The second tier over a Map: the smallest store that keeps the port's promises, for tests of the cache on `store:`.
// Values are cloned on their way in and out, as they would be on the way to another process.

import type { Entry, Store } from '../../src/index.ts'

/** What outlives a store: hand the same one to the next, as after a reload. */
export type Rows = Map<string, Entry<unknown>>

export function createPlainStore<V>(rows: Rows = new Map()): Store<V> {
  let closed = false

  const inTurn = async <T>(work: () => T): Promise<T> => {
    if (closed) throw new Error('The store is closed')
    return work()
  }

  const remove = (concerns: (entry: Entry<unknown>) => boolean): string[] => {
    const keys = [...rows.values()].filter(concerns).map(({ key }) => key)
    for (const key of keys) rows.delete(key)
    return keys
  }

  /** An older value does not outlive a newer one that cannot be kept. */
  const put = (entry: Entry<V>): void => {
    rows.delete(entry.key)
    rows.set(entry.key, structuredClone(entry))
  }

  const find = (key: string): Entry<V> | undefined => structuredClone(rows.get(key)) as Entry<V> | undefined

  return {
    get: (key) => inTurn(() => find(key)),
    write: (writes) =>
      inTurn(() => {
        for (const write of writes) {
          const { change, decide } = write
          if ('prefix' in change) remove(({ key }) => key.startsWith(change.prefix))
          else if ('tag' in change) remove(({ tags }) => tags?.includes(change.tag) === true)
          else {
            if (decide) write.entry = decide((write.found = find(change.key)))
            if (write.entry && write.entry !== write.found) put(write.entry)
            if (!write.entry) rows.delete(change.key)
          }
        }
      }),
    async *entries() {
      for (const key of await inTurn(() => [...rows.keys()])) {
        const entry = find(key)
        if (entry) yield entry
      }
    },
    sweep: (now) =>
      inTurn(() => {
        const keys = remove(({ expiresAt = Infinity }) => expiresAt <= now)
        return { keys, more: [...rows.values()].some(({ expiresAt = Infinity }) => expiresAt < Infinity) }
      }),
    flush: () => inTurn(() => {}),
    close: async () => {
      closed = true
    },
    destroy: async () => {
      closed = true
      rows.clear()
    },
  }
}

// A store's writes one call at a time, as tests of the port ask for them.

import type { Change, Entry, Store, Write } from '../../src/index.ts'

export interface StoreCalls<V> extends Store<V> {
  set(entries: readonly Entry<V>[]): Promise<unknown>
  change(key: string, decide: (found: Entry<V> | undefined) => Entry<V> | undefined): Promise<unknown>
  /** Resolves to what was there. */
  take(key: string): Promise<Entry<V> | undefined>
  deletePrefix(prefix: string): Promise<unknown>
  deleteTag(tag: string): Promise<unknown>
}

export function callsOf<V>(store: Store<V>): StoreCalls<V> {
  const change = async (change: Change, decide: Write<V>['decide'] & {}): Promise<Entry<V> | undefined> => {
    const write: Write<V> = { change, decide }
    await store.write([write])
    return write.found
  }
  return {
    ...store,
    set: (entries) => store.write(entries.map((entry) => ({ change: { type: 'set', key: entry.key }, entry }))),
    change: (key, decide) => change({ type: 'set', key }, decide),
    take: (key) => change({ type: 'delete', key }, () => undefined),
    deletePrefix: (prefix) => store.write([{ change: { type: 'deletePrefix', prefix } }]),
    deleteTag: (tag) => store.write([{ change: { type: 'deleteTag', tag } }]),
  }
}

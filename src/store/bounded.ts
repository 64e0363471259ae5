// Time limits for a store that an app hands in: it may never answer.

import type { Entry } from '../entry.ts'
import { within } from '../within.ts'
import type { Store } from './store.ts'

/** ms that a call to such a store, or one step of its `entries`, may take. */
const STORE_TIME_LIMIT = 30_000

/** The same store, whose calls reject if they throw or take too long. */
export function bounded<V>(store: Store<V>): Store<V> {
  const limit = async <T>(call: () => Promise<T>): Promise<T> => within(STORE_TIME_LIMIT, call())
  return {
    get: (key) => limit(() => store.get(key)),
    write: (writes) => limit(() => store.write(writes)),
    async *entries() {
      const iterator = store.entries()[Symbol.asyncIterator]()
      try {
        let step: IteratorResult<Entry<V>>
        while (!(step = await limit(() => iterator.next())).done) yield step.value
      } finally {
        // Neither its end nor its fault is waited for.
        ;(async () => iterator.return?.())().catch(() => {})
      }
    },
    sweep: (now) => limit(() => store.sweep(now)),
    flush: () => limit(() => store.flush()),
    close: () => limit(() => store.close()),
    destroy: () => limit(() => store.destroy()),
  }
}

// What the tests of faults ask pages, and do to them.

import { expect } from 'vitest'
import type { Haste } from '../../tabs/support/api.ts'
import type { Place } from '../../tabs/support/tabs.ts'

/** Storage that has failed is tried again after a second or three, not after a minute or five. */
export const PROBES_SOON: readonly Haste[] = [{ from: 50_000, times: 60 }, { from: 250_000, times: 100 }]
/** Moreover, a transaction may take a second, not ten; its limit is counted in parts of half a second. */
export const LIMITS_SOON: readonly Haste[] = [{ from: 500, times: 10 }, { from: 501, times: 1 }, ...PROBES_SOON]

export const statusOf = (place: Place) => place.run(({ cache }) => ({ ...cache.status }))
export const toldTo = (place: Place) => place.run(({ told }) => told)
export const storedIn = (place: Place) => place.run(({ rows }) => rows().then((all) => all.map(({ key, value }) => [key, value])))

/** Waits until persistence is back, or there at all. */
export async function expectPersistence(place: Place, timeout = 5_000): Promise<void> {
  await expect.poll(() => statusOf(place), { timeout, interval: 50 }).toMatchObject({ persistence: 'indexeddb' })
}

/** Counts what the place asks of the engine from now on; `countsOf` tells. */
export async function countCalls(place: Place): Promise<void> {
  await place.run(({ left }) => {
    const counts = (left['counts'] = { opens: 0, deletes: 0, transactions: 0 })
    const { open, deleteDatabase } = IDBFactory.prototype
    const { transaction } = IDBDatabase.prototype
    IDBFactory.prototype.open = function (...args) {
      counts.opens++
      return open.apply(this, args)
    }
    IDBFactory.prototype.deleteDatabase = function (...args) {
      counts.deletes++
      return deleteDatabase.apply(this, args)
    }
    IDBDatabase.prototype.transaction = function (...args) {
      counts.transactions++
      return transaction.apply(this, args)
    }
  })
}

export const countsOf = (place: Place) => place.run(({ left }) => ({ ...(left['counts'] as { opens: number; deletes: number; transactions: number }) }))

/** Uses a cache whose storage is gone: everything works in memory, and nothing takes long. */
export async function expectMemoryServes(place: Place, limit = 1_000): Promise<void> {
  const { results, ms } = await place.run(async ({ cache, outcome }) => {
    const start = performance.now()
    const results = [
      await outcome(cache.set('x', 1, { tags: ['t'] })),
      await outcome(cache.get('x')),
      await outcome(cache.get('never')),
      await outcome(cache.add('x', 2)),
      await outcome(cache.setMany([['y', 1], ['z', 2]])),
      await outcome(cache.update('y', 3)),
      await outcome(cache.take('y')),
      await outcome(cache.getOrLoad('loaded', () => 4)),
      await outcome(cache.deletePrefix('z')),
      await outcome(cache.delete('loaded')),
      await outcome(cache.sweep()),
      await outcome(cache.flush()),
      await outcome(cache.deleteTag('t')),
      await outcome(cache.has('x')),
    ]
    return { results, ms: performance.now() - start }
  })
  expect(results).toEqual([undefined, 1, undefined, false, undefined, 1, 3, 4, undefined, true, 0, undefined, undefined, false])
  expect(ms).toBeLessThan(limit)
}

// Expiry on disk: the index finds, primary-key ranges delete, in the transaction that listed, so that no refreshed entry
// is lost. A sweep is cut into short requests, and reads of this tab ride between them.

import { deleteSorted, LISTED_AT_ONCE } from './ranges.ts'
import { resultOf } from './requests.ts'
import { BY_EXPIRY } from './schema.ts'

/** Entries that one transaction sweeps: other tabs wait for its end. */
export const SWEPT_AT_ONCE = 20_000

/**
 * Deletes what expired at or before `now`, at most about {@link SWEPT_AT_ONCE} entries of it.
 *
 * @param pause called between requests
 * @returns the keys deleted
 */
export async function sweepExpired(entries: IDBObjectStore, now: number, pause: () => void): Promise<readonly string[]> {
  const index = entries.index(BY_EXPIRY)
  const expired = new Set<string>()
  let range = IDBKeyRange.upperBound(now)
  let asked = LISTED_AT_ONCE
  while (expired.size < SWEPT_AT_ONCE) {
    const before = expired.size
    const page = await resultOf(index.getAllKeys(range, asked))
    for (const key of page) expired.add(key as string)
    if (page.length < asked) break
    pause()
    // The next page starts at the last key's expiry. Those that share it come again; a page of nothing else must grow.
    range = IDBKeyRange.bound((await resultOf(entries.get(page.at(-1)!))).expiresAt, now)
    asked = expired.size > before ? LISTED_AT_ONCE : asked * 2
  }
  const keys = [...expired].sort()
  await deleteSorted(entries, keys, pause)
  return keys
}

/**
 * Deletes the soonest to expire until at most `bound` entries are left; those that never expire go last, in key order.
 *
 * @returns the keys deleted
 */
export async function trim(entries: IDBObjectStore, bound: number): Promise<readonly string[]> {
  let evicted: readonly string[] = []
  for (;;) {
    const excess = Math.ceil((await resultOf(entries.count())) - bound)
    if (excess <= 0) return evicted
    let keys = await resultOf(entries.index(BY_EXPIRY).getAllKeys(null, excess))
    if (!keys.length) keys = await resultOf(entries.getAllKeys(null, excess))
    // The key path yields nothing but strings.
    const sorted = keys.sort() as string[]
    await deleteSorted(entries, sorted)
    evicted = evicted.concat(sorted)
  }
}

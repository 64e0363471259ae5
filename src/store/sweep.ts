// Expiry on disk: the index finds, primary-key ranges delete. A sweep is cut into transactions, so that other tabs get their
// turn, and those into short requests, between which reads of this tab ride. All that expired is listed once, then deleted
// in windows of the key space; the log tells what was written since, so that no refreshed entry is lost.

import { recordsSince } from './log.ts'
import { deleteSorted, LISTED_AT_ONCE } from './ranges.ts'
import { resultOf, type Work } from './requests.ts'
import { BY_EXPIRY } from './schema.ts'

/** Keys that one transaction lists, and entries that one deletes, at most about: other tabs wait for its end. */
const LISTED = 20_000
const WINDOW = 5_000

/**
 * Deletes what expired at or before `now`.
 *
 * @param run runs one of the transactions
 * @param pause called between requests
 * @returns the keys deleted
 */
export async function sweepExpired(
  run: <T>(work: Work<T>) => Promise<T>,
  now: number,
  pause: (entries: IDBObjectStore) => void,
): Promise<readonly string[]> {
  const expired = new Set<string>()
  /** What is yet to be deleted, once all are listed. */
  let keys: readonly string[] | undefined
  let swept: readonly string[] = []
  let from = -Infinity
  let asked = LISTED_AT_ONCE
  let position = 0
  do {
    const deleted = await run(async (entries, log) => {
      for (const { id, changes } of await recordsSince(log, position)) {
        position = id
        for (const change of changes) {
          if ('key' in change) expired.delete(change.key)
          else if ('prefix' in change && !change.prefix) {
            // Nobody knows what was written; so it is at first.
            expired.clear()
            keys = undefined
            from = -Infinity
          }
        }
      }
      for (const most = expired.size + LISTED; !keys && expired.size < most; pause(entries)) {
        const before = expired.size
        const page = await resultOf(entries.index(BY_EXPIRY).getAllKeys(IDBKeyRange.bound(from, now), asked))
        for (const key of page) expired.add(key as string)
        if (page.length < asked) keys = [...expired].sort()
        // The next page starts at the last key's expiry. Those that share it come again; a page of nothing else must grow.
        else from = (await resultOf(entries.get(page.at(-1)!))).expiresAt
        asked = expired.size > before ? LISTED_AT_ONCE : asked * 2
      }
      const window = keys?.slice(0, WINDOW).filter((key) => expired.has(key))
      return deleteSorted(entries, window ?? [], () => pause(entries))
    })
    swept = swept.concat(deleted)
    keys = keys?.slice(WINDOW)
  } while (keys?.length !== 0)
  return swept
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
    evicted = evicted.concat(await deleteSorted(entries, keys.sort() as string[]))
  }
}

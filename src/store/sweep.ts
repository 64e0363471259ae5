// Expiry on disk: the index finds expired keys, ranges of primary keys delete them. A sweep is cut into transactions, so that other
// tabs get their turn, and each transaction into short requests, between which reads of this tab are served. The expired keys are listed
// once, then deleted in windows of the key space; the log tells what was written meanwhile, so that no refreshed entry is lost.
//
// Cost in Chromium, if 90 % of 100,000 entries expired: 30 µs per expired entry, about as much as with 20,000 (26). Rejected:
// - batches in order of expiry, each listed and deleted in one transaction: 3.7 times as long, as runs are short and the index is read
//   again over deleted rows
// - one transaction: 20 % less, but other tabs wait for 3 s
// - windows of 5,000 entries: no gain, up to 10 % slower in SQLite and WebKit
// - turns from 75 ms on, their length set by how slow commits are: in SQLite commits still take 130 ms, as every turn touches most pages
//   of the index, and the sweep takes 1.6 times as long

import { isEverything } from '../change.ts'
import { recordsSince } from './log.ts'
import { deleteSorted, LISTED_AT_ONCE, sortEntryKeys } from './ranges.ts'
import { resultOf, type Work } from './requests.ts'
import { BY_EXPIRY } from './schema.ts'

/** ms after which a transaction ends and the next begins: other tabs wait for its end. */
const TURN = 300

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
  /** The keys still to be deleted, once all are listed. */
  let keys: string[] | undefined
  let swept: readonly string[] = []
  let from = -Infinity
  let asked = LISTED_AT_ONCE
  /** The position of the log at the end of the previous transaction. The first one need not look. */
  let position = Infinity
  /** Whether the engine failed to read a record. In Chromium that ends the transaction, which is then tried again. */
  let unreadable = false
  /** Whether all of the keys are known to be there: not after a removal by prefix or tag. */
  let sure = true

  /** When the last key of a page expires. Its record tells at once. So does its index row, but to get there takes as long as the page. */
  const expiryOf = async (last: IDBValidKey, entries: IDBObjectStore): Promise<number> => {
    if (!unreadable) {
      unreadable = true
      const { expiresAt } = await resultOf<Readonly<{ expiresAt: number }>>(entries.get(last))
      unreadable = false
      return expiresAt
    }
    const request = entries.index(BY_EXPIRY).openKeyCursor(IDBKeyRange.bound(from, now))
    const cursor = await resultOf(request)
    const moved = resultOf(request)
    cursor!.advance(asked - 1)
    return (await moved)!.key as number
  }

  for (;;) {
    const deleted = await run(async (entries) => {
      pause(entries)
      /**
       * Whether the log cannot tell what was written, so that the next transaction has to list again: then this one does as much as
       * possible.
       */
      let blind = false
      for (const { id, changes } of await recordsSince(entries.transaction, position)) {
        blind = id === position
        position = id
        for (const change of changes) {
          if ('key' in change) expired.delete(change.key)
          else if (isEverything(change)) {
            // What was written is not known, so the sweep begins again.
            expired.clear()
            keys = undefined
            from = -Infinity
            sure = true
          } else sure = false
        }
      }
      const end = performance.now() + (blind ? 10 * TURN : TURN)
      const over = (): boolean => {
        pause(entries)
        return performance.now() > end
      }
      while (!keys) {
        const page = await resultOf(entries.index(BY_EXPIRY).getAllKeys(IDBKeyRange.bound(from, now), asked))
        // The next page starts at the expiry of the last key. Keys that share it come again; if a page holds no others, the next is longer.
        const expiresAt = page.length < asked ? undefined : await expiryOf(page.at(-1)!, entries)
        // Sorted page by page, which makes the sort at the end faster: 100,000 unsorted keys take more than 50 ms.
        for (const key of sortEntryKeys(entries, page)) expired.add(key)
        if (expiresAt === undefined) keys = [...expired].sort()
        else {
          asked = expiresAt > from ? LISTED_AT_ONCE : asked * 2
          from = expiresAt
        }
        if (over() && !blind) return
      }
      return deleteSorted(entries, (keys = keys.filter((key) => expired.has(key))), sure, over)
    })
    if (!keys || !deleted) continue
    swept = swept.concat(deleted)
    // Keys that others have deleted were skipped; they do no harm in what is left.
    keys = keys.slice(deleted.length)
    if (!keys.length || !deleted.length) return swept
  }
}

/**
 * Deletes the entries that expire soonest until at most `bound` are left; those that never expire go last, in key order.
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
    evicted = evicted.concat(await deleteSorted(entries, sortEntryKeys(entries, keys)))
  }
}

/**
 * Makes room on a full disk: deletes the expired entries and, if those are less than a tenth of all, also those that expire soonest, up to
 * a tenth.
 *
 * @returns the keys deleted
 */
export async function makeRoom(entries: IDBObjectStore, now: number): Promise<readonly string[]> {
  const all = await resultOf(entries.count())
  const expired = await resultOf(entries.index(BY_EXPIRY).count(IDBKeyRange.upperBound(now)))
  return trim(entries, Math.min(all - expired, all * 0.9))
}

/** Entries that {@link listLasting} looks at in one sweep. */
const MOST_LASTING = 100

/**
 * Keys of entries that expire later than one of the default lifetime would. Among them are those written by a clock that was ahead,
 * which sweeps would not find expired for a long time. They are not looked for from the end of the index: to get there can take LevelDB
 * seconds if deleted rows lie on the way.
 *
 * @param last when an entry of the default lifetime, written now, expires
 */
export async function listLasting(entries: IDBObjectStore, last: number): Promise<readonly string[]> {
  // Records that no cache has written may have keys of other types; a read under those finds no entry.
  return resultOf(entries.index(BY_EXPIRY).getAllKeys(IDBKeyRange.lowerBound(last, true), MOST_LASTING)) as Promise<string[]>
}

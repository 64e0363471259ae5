// Expiry on disk: the index finds, primary-key ranges delete, in the transaction that listed, so that no refreshed entry
// is lost. A sweep is cut into short requests, and reads of this tab ride between them.

import { deleteSorted, Pace } from './ranges.ts'
import { resultOf } from './requests.ts'
import { BY_EXPIRY } from './schema.ts'

/** What one transaction did; `done` when nothing was left to do. */
export interface Sweep {
  readonly deleted: readonly string[]
  readonly done: boolean
}

/**
 * Deletes what expired at or before `now`, at most `most` entries of it.
 *
 * @param pause called between requests; the sweep ends early when it says true
 */
export async function sweepExpired(entries: IDBObjectStore, now: number, most: number, pause: () => boolean): Promise<Sweep> {
  const expired = await listExpired(entries, now, most, pause)
  const keys = expired.keys.sort()
  const count = await deleteSorted(entries, keys, pause)
  return { deleted: count < keys.length ? keys.slice(0, count) : keys, done: expired.all && count === keys.length }
}

async function listExpired(entries: IDBObjectStore, now: number, most: number, pause: () => boolean): Promise<{ keys: string[]; all: boolean }> {
  const index = entries.index(BY_EXPIRY)
  const found = new Set<string>()
  const pace = new Pace(1_000)
  let range = IDBKeyRange.upperBound(now)
  for (let stretch = 1; ; ) {
    let asked = 0
    const page = await pace.time((count) => resultOf(index.getAllKeys(range, (asked = count * stretch))))
    const before = found.size
    for (const key of page) found.add(key as string)
    if (page.length < asked) return { keys: [...found], all: true }
    if (found.size >= most) return { keys: [...found], all: false }
    pause()
    // The next page starts at the last key's expiry. Those that share it come again; a page of nothing else must grow.
    range = IDBKeyRange.bound((await resultOf(entries.get(page.at(-1)!))).expiresAt, now)
    stretch = found.size === before ? stretch * 2 : 1
  }
}

/**
 * Deletes the soonest to expire until at most `bound` entries are left; those that never expire go last, in key order.
 *
 * @returns the keys deleted
 */
export async function trim(entries: IDBObjectStore, bound: number): Promise<readonly string[]> {
  const excess = Math.ceil((await resultOf(entries.count())) - bound)
  if (excess <= 0) return []
  const soonest = ((await resultOf(entries.index(BY_EXPIRY).getAllKeys(null, excess))) as string[]).sort()
  await deleteSorted(entries, soonest)
  if (soonest.length === excess) return soonest
  const others = (await resultOf(entries.getAllKeys(null, excess - soonest.length))) as string[]
  await deleteSorted(entries, others)
  return [...soonest, ...others]
}

// Deletes many keys: by ranges of primary keys instead of one by one, and never by a value cursor.

import { resultOf } from './requests.ts'

/** Every key that starts with the prefix. Keys compare by UTF-16 code units, so the end is exact. */
export function prefixRange(prefix: string): IDBKeyRange {
  // Not by a regular expression, which begins anew at each of many.
  let length = prefix.length
  while (prefix[length - 1] === '\uffff') length--
  const start = prefix.slice(0, length)
  if (!start) return IDBKeyRange.lowerBound(prefix)
  const end = start.slice(0, -1) + String.fromCharCode(start.charCodeAt(start.length - 1) + 1)
  return IDBKeyRange.bound(prefix, end, false, true)
}

/** The keys that are strings, sorted. No cache has written records under other keys: they are deleted. */
export function sortEntryKeys(entries: IDBObjectStore, keys: readonly IDBValidKey[]): string[] {
  const own: string[] = []
  for (const key of keys) typeof key === 'string' ? own.push(key) : entries.delete(key)
  return own.sort()
}

/** Keys listed by one request, and runs deleted by one slice of requests: about 10 ms of work, 40 in the slowest engine. */
export const LISTED_AT_ONCE = 1_500
const RUNS_AT_ONCE = 25
/** Keys listed to see how far apart those to be deleted are. If those are one in ten, listing 1,500 took a tenth of the time. */
const LISTED_TO_SEE = 100
/** Keys deleted one by one before the next look at how far apart they are. */
const BETWEEN_LISTINGS = 6_000
/** Average keys per run from which listing pays. If one key in ten is deleted, single deletes take two thirds of the time. */
const LONG_RUN = 1.3

/**
 * Deletes keys, given in ascending order: they are merged with the store's own keys into runs
 * that no other key interrupts, and each run is one range. Where runs are short, the keys after them are deleted one by one.
 *
 * @param sure whether all of them are known to be there; otherwise the store's keys are listed throughout
 * @param stop called between slices of work; returns whether to leave the rest, once something was deleted
 * @returns the keys that were there and are deleted
 */
export async function deleteSorted(
  entries: IDBObjectStore,
  keys: readonly string[],
  sure = true,
  stop?: () => boolean,
): Promise<readonly string[]> {
  const deleted: string[] = []
  let before: Promise<unknown> | undefined
  /** How many keys are listed at once; 0 while they are so far apart that each is deleted by itself. */
  let asked = LISTED_TO_SEE
  for (let done = 0; done < keys.length;) {
    const rest = IDBKeyRange.bound(keys[done]!, keys.at(-1)!)
    const listed = asked ? ((await resultOf(entries.getAllKeys(rest, asked))) as string[]) : keys.slice(done, done + BETWEEN_LISTINGS)
    const start = deleted.length
    let ranges = 0
    for (let at = 0; at < listed.length;) {
      let request: IDBRequest | undefined
      for (let runs = 0; runs < RUNS_AT_ONCE && at < listed.length; runs++) {
        const first = deleted.length
        for (; at < listed.length && listed[at] === keys[done] && (asked || deleted.length === first); at++) deleted.push(keys[done++]!)
        if (deleted.length > first && ++ranges) request = entries.delete(IDBKeyRange.bound(deleted[first]!, deleted.at(-1)!))
        // On to the next key that both lists have: the others are live entries, or were deleted by somebody else.
        while (at < listed.length && listed[at] !== keys[done]) keys[done]! < listed[at]! ? done++ : at++
      }
      // The engine works on one slice while the next is put together.
      await before
      before = request && resultOf(request)
      before?.catch(() => {})
      if (stop?.() && deleted.length) done = at = Infinity
    }
    if (listed.length < asked) break
    asked = !sure || deleted.length - start >= ranges * LONG_RUN ? LISTED_AT_ONCE : asked ? 0 : LISTED_TO_SEE
  }
  await before
  return deleted
}

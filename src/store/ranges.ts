// Deleting many keys: primary-key ranges instead of single deletes, and never a value cursor.

import { resultOf } from './requests.ts'

/** Every key that starts with the prefix. Keys compare by UTF-16 code units, so the end is exact. */
export function prefixRange(prefix: string): IDBKeyRange {
  let end = prefix.length
  while (end > 0 && prefix.charCodeAt(end - 1) === 0xffff) end--
  if (end === 0) return IDBKeyRange.lowerBound(prefix)
  return IDBKeyRange.bound(prefix, prefix.slice(0, end - 1) + String.fromCharCode(prefix.charCodeAt(end - 1) + 1), false, true)
}

/**
 * Deletes keys that are all in the store, given in ascending order: they are merged with the store's own keys into runs
 * that no other key interrupts, and each run is one range.
 *
 * @param pause called between slices of work; when it says true, the work stops after the next slice of deletes
 * @returns how many of the keys, from the first, are deleted
 */
export async function deleteSorted(entries: IDBObjectStore, keys: readonly string[], pause: () => boolean = () => false): Promise<number> {
  const listing = new Pace(1_000)
  const deleting = new Pace(100)
  let deleted = 0
  while (deleted < keys.length) {
    const rest = IDBKeyRange.bound(keys[deleted]!, keys.at(-1)!)
    const listed = await listing.time((count) => resultOf(entries.getAllKeys(rest, count)))
    pause()
    let at = 0
    while (at < listed.length && deleted < keys.length) {
      await deleting.time((count) => {
        let request: IDBRequest | undefined
        for (let runs = 0; runs < count && at < listed.length && deleted < keys.length; runs++) {
          while (at < listed.length && listed[at] !== keys[deleted]) at++
          const first = deleted
          while (at < listed.length && listed[at] === keys[deleted]) {
            at++
            deleted++
          }
          if (deleted > first) request = entries.delete(IDBKeyRange.bound(keys[first]!, keys[deleted - 1]!))
        }
        return request && resultOf(request)
      })
      if (pause()) return deleted
    }
  }
  return deleted
}

/** A slice of work blocks readers for about this long, ms. */
const SLICE = 25

/** Finds how much work fits in a slice. */
export class Pace {
  #count: number

  constructor(count: number) {
    this.#count = count
  }

  async time<T>(work: (count: number) => T | Promise<T>): Promise<T> {
    const start = performance.now()
    const result = await work(this.#count)
    const elapsed = Math.max(performance.now() - start, 1)
    this.#count = Math.ceil(this.#count * Math.min(4, Math.max(0.25, SLICE / elapsed)))
    return result
  }
}

// Work that one tab of an origin does at a time. Locks only save work; nothing depends on them for correctness: if there are none, if
// waiting takes too long, or if other code steals one, the work is done all the same.

import { within } from '../within.ts'

/** The locks that a cache holds or waits for. */
export interface Locks {
  /**
   * Runs work once, under a lock if it can be had.
   *
   * @param limit ms to wait for an answer; then the work runs without the lock
   * @param work given the lock; null if it is taken and `ifAvailable` is true, undefined if it could not be had
   * @param ifAvailable does not wait
   * @see https://w3c.github.io/web-locks/#dom-lockmanager-request
   */
  run<T>(name: string, limit: number, work: (lock?: Lock | null) => Promise<T>, ifAvailable?: boolean): Promise<T>
  /**
   * In the back/forward cache, where it stands still, a page keeps its locks and is granted those that it waits for.
   * @param isAway lets go of all locks, waits for none, and asks for none until called with false
   */
  release(isAway: boolean): void
}

export function createLocks(): Locks {
  const leaving = new Set<AbortController>()
  let away = false
  return {
    async run(name, limit, work, ifAvailable) {
      let working: ReturnType<typeof work> | undefined
      const begin = (lock?: Lock | null): ReturnType<typeof work> => (working ??= work(lock))
      const left = new AbortController()
      const { signal } = left
      leaving.add(left)
      try {
        const hold = (lock: Lock | null): Promise<unknown> => Promise.race([begin(lock), new Promise((end) => (signal.onabort = end))])
        if (!away) await within(limit, navigator.locks.request(name, ifAvailable ? { ifAvailable } : { signal }, hold))
      } catch {
        // The work has failed, or there was no lock or no answer. In any case: if the work has not begun, it does now.
      }
      // Ends a wait that took too long.
      if (!working) left.abort()
      return begin().finally(() => leaving.delete(left))
    },

    release(isAway) {
      if ((away = isAway)) for (const each of leaving) each.abort()
    },
  }
}

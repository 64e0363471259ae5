// Work that one tab of an origin does at a time. Locks only save work; nothing depends on them for correctness: if there are none, if
// waiting takes too long, or if other code steals one, the work is done all the same.

import { within } from '../within.ts'

/**
 * Runs work once, under a lock if it can be had.
 *
 * @param options of `LockManager.request`; a signal ends the wait
 * @param limit ms to wait for an answer; then the work runs without the lock
 * @param work given the lock; null if it is taken and was asked for `ifAvailable`, undefined if it could not be had
 * @see https://w3c.github.io/web-locks/#dom-lockmanager-request
 */
export async function withLock<T>(name: string, options: LockOptions, limit: number, work: (lock?: Lock | null) => Promise<T>): Promise<T> {
  let working: Promise<T> | undefined
  const begin = (lock?: Lock | null): Promise<T> => (working ??= work(lock))
  try {
    await within(limit, navigator.locks.request(name, options, begin))
  } catch {
    // The work has failed, or there was no lock or no answer. In any case: if the work has not begun, it does now.
  }
  return begin()
}

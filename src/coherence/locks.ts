// Work that one tab of an origin does at a time. Locks save work, and nothing relies on them: where there are none, where
// waiting takes too long, or where foreign code steals one, the work is done all the same.

import { within } from '../within.ts'

/**
 * Runs work once, under a lock if there is one to be had.
 *
 * @param options of `LockManager.request`; a signal ends the wait
 * @param limit ms to wait for an answer; then the work runs without
 * @param work told the lock; null where it is taken and was asked for `ifAvailable`, undefined where it could not be had
 * @see https://w3c.github.io/web-locks/#dom-lockmanager-request
 */
export async function withLock<T>(name: string, options: LockOptions, limit: number, work: (lock?: Lock | null) => Promise<T>): Promise<T> {
  let working: Promise<T> | undefined
  const begin = (lock?: Lock | null): Promise<T> => (working ??= work(lock))
  try {
    await within(limit, navigator.locks.request(name, options, begin))
  } catch {
    // Of the work itself, or for want of the lock or of an answer: what counts is whether the work has begun.
  }
  return begin()
}

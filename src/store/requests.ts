// Promises for IndexedDB's requests and transactions.

import { ENTRIES } from './schema.ts'

/** What a transaction does. It awaits nothing but its own requests. Where it needs the log, that is in the same transaction. */
export type Work<T> = (entries: IDBObjectStore) => Promise<T>

/** The result of one request. A failure is for the caller to take or to pass on: alone it aborts nothing. */
export function resultOf<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result)
    request.onerror = (event) => {
      event.preventDefault()
      reject(request.error)
    }
  })
}

/**
 * Many requests of one transaction, made in slices, between which the page does other things. A put of 400 bytes takes a slow
 * machine 0.1 ms: 1,000 at once were a task of 105 ms in Chromium; in slices none takes 50. Puts take no longer in all, gets a tenth.
 */
export interface Slices {
  add<T>(request: IDBRequest<T>): IDBRequest<T>
  /** Where the slice has taken long enough: resolves in the transaction when it is time for the next. */
  pause(): Promise<void>
}

/** ms */
const SLICE = 10

export function createSlices(): Slices {
  let first: IDBRequest | undefined
  let end = performance.now() + SLICE
  return {
    add(request) {
      first ??= request
      return request
    },
    async pause() {
      if (!first || performance.now() < end) return
      const request = first
      first = undefined
      // The engine has the rest of the slice to do while the next is made.
      if (request.readyState === 'pending') await new Promise((resolve) => ['success', 'error'].forEach((type) => request.addEventListener(type, resolve)))
      end = performance.now() + SLICE
    },
  }
}

/**
 * Runs work in a transaction. What was only read is known at once; what was written, on `complete` and on nothing else, as
 * quotas are checked after every request has succeeded.
 *
 * @param onCommit called when all has been asked for
 */
export function complete<T>(transaction: IDBTransaction, work: Work<T>, onCommit: () => void): Promise<T> {
  return new Promise((resolve, reject) => {
    let result: T
    let failure: unknown
    const { db: database, mode } = transaction
    const end = ({ type }: { readonly type: string }): void => {
      database.removeEventListener('close', end)
      if (type === 'complete') resolve(result)
      else reject(transaction.error ?? failure ?? new DOMException('aborted', 'AbortError'))
    }
    transaction.onabort = end
    // Of one closed by force, Chromium may tell nothing else.
    database.addEventListener('close', end)
    work(transaction.objectStore(ENTRIES))
      .then((value) => {
        result = value
        // A read that asks for its end, or hears of it, takes 5 % longer.
        if (mode === 'readonly') return end({ type: 'complete' })
        transaction.oncomplete = end
        onCommit()
        // Saves a round trip: without it, sequential writes take 1.6 times as long.
        transaction.commit()
      })
      .catch((error) => {
        failure = error
        transaction.oncomplete = end
        try {
          transaction.abort()
        } catch {
          // It has ended, and one of its two events says how.
        }
      })
  })
}

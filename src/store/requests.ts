// Promises for IndexedDB's requests and transactions.

import { ENTRIES } from './schema.ts'

/** Work in a transaction, which includes the log. It may await nothing but the requests of that transaction. */
export type Work<T> = (entries: IDBObjectStore) => Promise<T>

/** The result of a request. Its failure alone does not abort the transaction: the caller decides. */
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
 * Many requests of one transaction, made in slices, so that the page can do other things in between. A put of 400 bytes takes a slow
 * machine 0.1 ms: 1,000 at once were a task of 105 ms in Chromium; in slices no task takes 50. Puts take no longer overall, gets a tenth.
 */
export interface Slices {
  add<T>(request: IDBRequest<T>): IDBRequest<T>
  /** If the slice has taken long enough: resolves, within the transaction, when it is time for the next. */
  pause(): Promise<void>
}

/** ms of a slice. */
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
      // Waits for the first request of the slice only: the engine works on the rest while the next slice is made.
      if (request.readyState === 'pending')
        await new Promise((resolve) => ['success', 'error'].forEach((type) => request.addEventListener(type, resolve)))
      end = performance.now() + SLICE
    },
  }
}

/**
 * Runs work in a transaction. A read resolves with its result at once; a write resolves on `complete` only, because the quota is checked
 * after all requests have succeeded.
 *
 * @param onCommit called when all requests were made
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
    // When the connection is closed by force, this may be the only event in Chromium.
    database.addEventListener('close', end)
    work(transaction.objectStore(ENTRIES))
      .then((value) => {
        result = value
        // Waiting for the end of a read, or committing it, takes 5 % longer.
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
          // It has ended already, and one of its two events will tell how.
        }
      })
  })
}

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
    const writes = mode === 'readwrite'
    const end = ({ type }: Event): void => {
      if (writes) database.removeEventListener('close', end)
      if (type === 'complete') resolve(result)
      else reject(transaction.error ?? failure ?? new DOMException('aborted', 'AbortError'))
    }
    transaction.onabort = end
    work(transaction.objectStore(ENTRIES))
      .then((value) => {
        // A read that asks for its end, or hears of it, takes 5 % longer.
        if (!writes) return resolve(value)
        result = value
        transaction.oncomplete = end
        onCommit()
        // Of one closed by force while it commits, Chromium may tell nothing else.
        database.addEventListener('close', end)
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

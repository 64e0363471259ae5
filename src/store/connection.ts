// One connection per cache: opened at first need, given up as soon as another tab needs it gone, opened again when needed.
// It never waits longer than the time limit; a database that opens later is adopted then.

import { openDB, unwrap } from 'idb'
import { CacheError } from '../errors.ts'
import { isStale, toCacheError } from './faults.ts'
import { createSchema, ENTRIES } from './schema.ts'

/** How long any call may wait for the database to open, ms. */
export const OPEN_TIME_LIMIT = 3_000

export class Connection {
  readonly #name: string
  readonly #durability: IDBTransactionDurability
  readonly #onAvailability: (failure: CacheError | undefined) => void
  #database: Promise<IDBDatabase> | undefined
  #handle: IDBDatabase | undefined
  #failure: CacheError | undefined
  #closed = false

  /** @param onAvailability told when opening failed, and when the database opened after that */
  constructor(name: string, durability: IDBTransactionDurability, onAvailability: (failure: CacheError | undefined) => void) {
    this.#name = name
    this.#durability = durability
    this.#onAvailability = onAvailability
  }

  /** Why there is no database; undefined while there is one, or nobody has asked. */
  get failure(): CacheError | undefined {
    return this.#failure
  }

  /**
   * Runs work in one transaction, and once more on a new handle if the old one proves dead.
   *
   * The work issues its requests on the object store, awaits nothing but them, and resolves when it has issued the last;
   * `run` resolves to its result when the transaction is complete.
   */
  async run<T>(mode: 'readonly' | 'readwrite', work: (entries: IDBObjectStore) => T | Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      const database = await this.#open()
      try {
        return await transact(database.transaction(ENTRIES, mode, { durability: this.#durability }), work)
      } catch (error) {
        if (attempt > 1 || !isStale(error)) throw error
        this.#drop(database)
      }
    }
  }

  close(): void {
    this.#closed = true
    this.#database?.then((database) => database.close(), () => {})
    this.#database = undefined
  }

  #open(): Promise<IDBDatabase> {
    if (this.#closed) throw new CacheError('closed', 'Cannot use the store: the cache is closed')
    if (this.#failure) throw this.#failure
    this.#database ??= this.#openInTime()
    return this.#database
  }

  #openInTime(): Promise<IDBDatabase> {
    return new Promise((resolve, reject) => {
      const fail = (cause: unknown) => {
        this.#database = undefined
        this.#failure = toCacheError('open-failed', cause)
        this.#onAvailability(this.#failure)
        reject(this.#failure)
      }
      const timer = setTimeout(() => fail(new DOMException(`not open after ${OPEN_TIME_LIMIT} ms`, 'TimeoutError')), OPEN_TIME_LIMIT)
      this.#openDatabase().then(
        (database) => {
          clearTimeout(timer)
          this.#take(database)
          resolve(database)
        },
        (error: unknown) => {
          clearTimeout(timer)
          if (!this.#failure) fail(error)
        },
      )
    })
  }

  async #openDatabase(): Promise<IDBDatabase> {
    const database = await openDB(this.#name, 1, {
      upgrade: (db) => createSchema(unwrap(db)),
      blocking: () => this.#drop(unwrap(database)),
      terminated: () => this.#drop(unwrap(database)),
    })
    return unwrap(database)
  }

  /** Also a database that opened after the time limit. */
  #take(database: IDBDatabase): void {
    if (this.#closed) return database.close()
    this.#handle = database
    this.#database ??= Promise.resolve(database)
    const late = this.#failure !== undefined
    this.#failure = undefined
    if (late) this.#onAvailability(undefined)
  }

  #drop(database: IDBDatabase): void {
    database.close()
    if (this.#handle === database) this.#handle = this.#database = undefined
  }
}

/** Resolves on `complete` and on nothing else: a quota is checked after every request has succeeded. */
function transact<T>(transaction: IDBTransaction, work: (entries: IDBObjectStore) => T | Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    let result: T
    let failure: unknown
    transaction.oncomplete = () => resolve(result)
    transaction.onerror = (event) => (failure ??= (event.target as IDBRequest).error)
    transaction.onabort = () => reject(failure ?? transaction.error ?? new DOMException('The transaction was aborted', 'AbortError'))
    const finish = (value: T) => {
      result = value
      // Saves a round trip: without it, sequential writes take 1.6 times as long.
      transaction.commit()
    }
    const fail = (error: unknown) => {
      failure ??= error
      try {
        transaction.abort()
      } catch {
        reject(failure)
      }
    }
    try {
      const worked = work(transaction.objectStore(ENTRIES))
      if (worked instanceof Promise) worked.then(finish, fail).catch(fail)
      else finish(worked)
    } catch (error) {
      fail(error)
    }
  })
}

/** The result of one request. A failed one aborts its transaction, unless the caller prevents that. */
export function resultOf<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result)
    request.onerror = () => reject(request.error)
  })
}

// Reads of one tick share one readonly transaction. While a sweep's transaction runs, they ride in it instead of
// waiting for its end.

import { Deferred } from './batch.ts'
import { resultOf, type Connection } from './connection.ts'

export class ReadBatch {
  readonly #connection: Connection
  #waiting = new Map<string, Deferred<unknown>>()
  #scheduled = false
  #hosts = 0

  constructor(connection: Connection) {
    this.#connection = connection
  }

  /** The record of a key, or undefined. */
  get(key: string): Promise<unknown> {
    let read = this.#waiting.get(key)
    if (read === undefined) {
      read = new Deferred()
      this.#waiting.set(key, read)
      this.#schedule()
    }
    return read.promise
  }

  /** Runs `work`, during which reads wait for {@link ride}; those left over get their own transaction. */
  async host<T>(work: () => Promise<T>): Promise<T> {
    this.#hosts++
    try {
      return await work()
    } finally {
      this.#hosts--
      this.#schedule()
    }
  }

  /** Issues the waiting reads in a transaction of somebody else. If that fails, they are read again. */
  ride(entries: IDBObjectStore): void {
    for (const [key, read] of this.#take()) {
      resultOf(entries.get(key)).then(read.resolve, () => this.get(key).then(read.resolve, read.reject))
    }
  }

  #schedule(): void {
    if (this.#scheduled || this.#hosts > 0 || this.#waiting.size === 0) return
    this.#scheduled = true
    queueMicrotask(() => {
      this.#scheduled = false
      if (this.#hosts === 0) void this.#read(this.#take())
    })
  }

  async #read(reads: Map<string, Deferred<unknown>>): Promise<void> {
    try {
      await this.#connection.run('readonly', (entries) => {
        for (const [key, read] of reads) {
          const request = entries.get(key)
          request.onsuccess = () => read.resolve(request.result)
          request.onerror = (event) => {
            // One unreadable record must not fail the reads beside it.
            event.preventDefault()
            read.reject(request.error)
          }
        }
      })
    } catch (error) {
      for (const read of reads.values()) read.reject(error)
    }
  }

  #take(): Map<string, Deferred<unknown>> {
    const reads = this.#waiting
    this.#waiting = new Map()
    return reads
  }
}

// The second tier on IndexedDB: puts the connection, the write queue, the read batch and the sweep together.

import { deleteDB } from 'idb'
import type { CacheError } from '../errors.ts'
import type { Entry } from '../entry.ts'
import { Connection, resultOf } from './connection.ts'
import { toCacheError } from './faults.ts'
import { ReadBatch } from './read-batch.ts'
import { belongsTo, BY_EXPIRY, databaseName, toEntry } from './schema.ts'
import type { Decide, Decision, Store, Swept } from './store.ts'
import { sweepExpired, trim } from './sweep.ts'
import { WriteQueue } from './write-queue.ts'

export interface IndexedDbSettings {
  readonly name: string
  readonly version: string
  readonly durability: IDBTransactionDurability
  /** Bound on entries; holds after `flush` and `sweep`, and in between within a tenth. */
  readonly maxEntries: number
}

/** What the cache is told. */
export interface StoreListener {
  /** The database could not be opened, or is there again. */
  onAvailability(failure: CacheError | undefined): void
  /** These entries went from disk to keep the bound. */
  onEvict(keys: readonly string[]): void
  /** A fault of work that nobody waits for. */
  onError(error: CacheError): void
}

/** Entries that one transaction of a sweep lists at most. */
const SWEEP_AT_MOST = 25_000
/** The same when writes wait. */
const SWEEP_BETWEEN_WRITES = 500
/** Entries read at once by an iteration. */
const PAGE = 200
/** Writes between two looks at the bound, at least. */
const LEAST_TRIM_INTERVAL = 100

export class IndexedDbStore<V> implements Store<V> {
  readonly #settings: IndexedDbSettings
  readonly #listener: StoreListener
  readonly #connection: Connection
  readonly #reads: ReadBatch
  readonly #writes: WriteQueue<V>
  #writtenSinceTrim = 0

  constructor(settings: IndexedDbSettings, listener: StoreListener) {
    this.#settings = settings
    this.#listener = listener
    this.#connection = new Connection(databaseName(settings.name, settings.version), settings.durability, (failure) => listener.onAvailability(failure))
    this.#reads = new ReadBatch(this.#connection)
    this.#writes = new WriteQueue(this.#connection, (written) => this.#onCommit(written))
  }

  async get(key: string): Promise<Entry<V> | undefined> {
    for (;;) {
      const outlook = this.#writes.outlook(key)
      if (outlook?.known) return outlook.entry
      if (outlook === undefined) break
      await outlook.settled
    }
    const removed = this.#writes.bulks()
    const entry = toEntry<V>(await this.#reads.get(key))
    return entry === undefined || removed(entry) ? undefined : entry
  }

  set(entry: Entry<V>): Promise<void> {
    return this.#writes.set(entry)
  }

  setMany(entries: readonly Entry<V>[]): Promise<void> {
    return this.#writes.setMany(entries)
  }

  change<R>(key: string, decide: Decide<V, R>): Promise<Decision<V, R>> {
    return this.#writes.change(key, decide)
  }

  deletePrefix(prefix: string): Promise<void> {
    return this.#writes.bulk({ type: 'prefix', prefix })
  }

  deleteTag(tag: string): Promise<void> {
    return this.#writes.bulk({ type: 'tag', tag })
  }

  clear(): Promise<void> {
    return this.#writes.bulk({ type: 'clear' })
  }

  async *entries(): AsyncGenerator<Entry<V>, undefined> {
    await this.#writes.settled()
    let range: IDBKeyRange | null = null
    for (;;) {
      const records: unknown[] = await this.#connection.run('readonly', (entries) => resultOf(entries.getAll(range, PAGE)))
      for (const record of records) {
        const entry = toEntry<V>(record)
        if (entry !== undefined) yield entry
      }
      if (records.length < PAGE) return undefined
      range = IDBKeyRange.lowerBound((records.at(-1) as { key: string }).key, true)
    }
  }

  async sweep(now: number): Promise<Swept> {
    await this.#writes.settled()
    const keys = await this.#reads.host(() => this.#sweep(now))
    await this.#trim()
    const next = await this.#connection.run('readonly', (entries) => resultOf(entries.index(BY_EXPIRY).getKey(IDBKeyRange.lowerBound(-Infinity))))
    return { keys, more: next !== undefined }
  }

  async flush(): Promise<void> {
    await this.#writes.settled()
    if (this.#writtenSinceTrim > 0) await this.#trim()
  }

  async close(): Promise<void> {
    await this.#writes.settled()
    this.#connection.close()
  }

  async destroy(): Promise<void> {
    await this.#writes.bulk({ type: 'clear' }).catch(() => {})
    this.#connection.close()
    const all = (await indexedDB.databases?.()) ?? [{ name: databaseName(this.#settings.name, this.#settings.version) }]
    const own = all.flatMap(({ name }) => (name !== undefined && belongsTo(name, this.#settings.name) ? [name] : []))
    // A database that another tab holds open goes when that tab lets go; its rows are gone already.
    await Promise.all(own.map((name) => new Promise<void>((resolve, reject) => void deleteDB(name, { blocked: () => resolve() }).then(resolve, reject))))
  }

  async #sweep(now: number): Promise<readonly string[]> {
    let swept: readonly string[] = []
    let most = SWEEP_AT_MOST
    for (;;) {
      const { deleted, done } = await this.#connection.run('readwrite', (entries) => {
        const pause = () => {
          this.#reads.ride(entries)
          return this.#writes.waiting
        }
        pause()
        return sweepExpired(entries, now, most, pause)
      })
      swept = swept.length === 0 ? deleted : swept.concat(deleted)
      if (done) return swept
      most = this.#writes.waiting ? SWEEP_BETWEEN_WRITES : SWEEP_AT_MOST
      await this.#writes.settled()
    }
  }

  #onCommit(written: number): void {
    this.#writtenSinceTrim += written
    const interval = Math.max(LEAST_TRIM_INTERVAL, this.#settings.maxEntries / 10)
    if (this.#writtenSinceTrim >= interval) this.#trim().catch((error: unknown) => this.#listener.onError(toCacheError('write-failed', error)))
  }

  async #trim(): Promise<void> {
    this.#writtenSinceTrim = 0
    if (this.#settings.maxEntries === Infinity) return
    const evicted = await this.#connection.run('readwrite', (entries) => trim(entries, this.#settings.maxEntries))
    if (evicted.length > 0) this.#listener.onEvict(evicted)
  }
}

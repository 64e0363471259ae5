// When writes reach the disk: those of one tick, and those that arrive while a transaction is committing, form the next
// one. A failed batch leaves its keys owed: deleted before anything else is written, and not read until then, so that no
// older value comes back.

import type { Entry } from '../entry.ts'
import { Batch, concerns, Deferred, type Bulk, type Outlook, type Step } from './batch.ts'
import type { Connection } from './connection.ts'
import { toCacheError } from './faults.ts'
import type { Decide, Decision } from './store.ts'
import { GROUP_FAILED, writeBatch } from './write-batch.ts'

/** Owed keys remembered one by one; beyond it nothing on disk is trusted, and all of it is owed. */
const MOST_OWED = 10_000

export class WriteQueue<V> {
  readonly #connection: Connection
  readonly #onCommit: (written: number) => void
  #pending = new Batch<V>()
  #committing: Batch<V> | undefined
  #owed: Batch<V> | undefined
  #draining = false

  /** @param onCommit told how many records a transaction put */
  constructor(connection: Connection, onCommit: (written: number) => void) {
    this.#connection = connection
    this.#onCommit = onCommit
  }

  /** Whether writes wait for a transaction. */
  get waiting(): boolean {
    return !this.#pending.empty
  }

  async set(entry: Entry<V>): Promise<void> {
    await this.#enqueue((batch) => batch.set(entry))
  }

  setMany(entries: readonly Entry<V>[]): Promise<void> {
    return this.#enqueue((batch) => batch.setMany(entries))
  }

  change<R>(key: string, decide: Decide<V, R>): Promise<Decision<V, R>> {
    const caller = new Deferred<Decision<V, R>>()
    return this.#enqueue((batch) => {
      batch.add(key, { decide, blind: false, caller })
      return caller.promise
    })
  }

  bulk(bulk: Bulk): Promise<void> {
    return this.#enqueue((batch) => batch.addBulk(bulk))
  }

  /** What the queue knows of a key; undefined when it has nothing to say, and the disk holds the truth. */
  outlook(key: string): Outlook<V> | undefined {
    const layers = this.#layers()
    for (const [index, layer] of layers.entries()) {
      const outlook = layer.outlook(key)
      if (outlook === undefined) continue
      const removed = outlook.known && outlook.entry !== undefined && layers.slice(0, index).some((newer) => newer.removes(outlook.entry!))
      return removed ? { known: true, entry: undefined } : outlook
    }
    return undefined
  }

  /** Tells of an entry on disk whether a bulk that is now in the queue will remove it. */
  bulks(): (entry: Entry<V>) => boolean {
    const bulks = this.#layers().flatMap((layer) => layer.bulks.map(({ bulk }) => bulk))
    return (entry) => bulks.some((bulk) => concerns(bulk, entry))
  }

  /** Resolves when everything asked for so far is settled; never rejects. */
  async settled(): Promise<void> {
    await (this.#pending.empty ? this.#committing : this.#pending)?.settled
  }

  /** Newest first. */
  #layers(): Batch<V>[] {
    return [this.#pending, this.#committing, this.#owed].filter((batch) => batch !== undefined)
  }

  #enqueue<T>(add: (batch: Batch<V>) => Promise<T>): Promise<T> {
    const promise = add(this.#pending)
    if (!this.#draining) {
      this.#draining = true
      void this.#drain()
    }
    return promise
  }

  async #drain(): Promise<void> {
    await null
    while (!this.#pending.empty) {
      const batch = this.#pending
      this.#committing = batch
      this.#pending = new Batch()
      try {
        await this.#settleOwed()
        const written = await this.#commit(batch)
        this.#committing = undefined
        batch.resolve()
        this.#onCommit(written)
      } catch (error) {
        this.#owe(batch)
        this.#committing = undefined
        const failure = toCacheError('write-failed', error)
        if (failure.code !== 'open-failed') await this.#settleOwed().catch(() => {})
        batch.reject(failure)
      }
    }
    this.#draining = false
  }

  async #commit(batch: Batch<V>): Promise<number> {
    for (;;) {
      try {
        return await this.#connection.run('readwrite', (entries) => writeBatch(entries, batch))
      } catch (error) {
        if (error !== GROUP_FAILED) throw error
      }
    }
  }

  async #settleOwed(): Promise<void> {
    if (this.#owed === undefined) return
    await this.#commit(this.#owed)
    this.#owed = undefined
  }

  #owe(failed: Batch<V>): void {
    const owed = (this.#owed ??= new Batch())
    const gone: Step<V> = { blind: true, decide: () => ({ next: undefined, result: undefined }) }
    for (const key of failed.chains.keys()) owed.add(key, gone)
    for (const { bulk } of failed.bulks) void owed.addBulk(bulk)
    if (owed.chains.size + owed.bulks.length <= MOST_OWED) return
    this.#owed = new Batch()
    void this.#owed.addBulk({ type: 'clear' })
  }
}

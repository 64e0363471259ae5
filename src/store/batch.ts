// The writes that one transaction will carry: per key a chain of steps that folds into one write, and the range
// deletes between them. Nothing here touches the database; what is known without it can be asked at once.

import type { Entry } from '../entry.ts'
import type { Decide, Decision } from './store.ts'

/** Removes many entries at once. */
export type Bulk = { readonly type: 'clear' } | { readonly type: 'prefix'; readonly prefix: string } | { readonly type: 'tag'; readonly tag: string }

/** The result of a write, handed to its caller when the transaction is complete. */
export class Deferred<T> {
  resolve!: (value: T) => void
  reject!: (error: unknown) => void
  readonly promise: Promise<T> = new Promise<T>((resolve, reject) => {
    this.resolve = resolve
    this.reject = reject
  })

  constructor() {
    // A fault may reach a caller who does not wait; it is reported elsewhere.
    this.promise.catch(() => {})
  }
}

/** The callers of plain writes of one key that follow each other. */
class SetCaller extends Deferred<unknown> {}

/** One change of one key. */
export interface Step<V> {
  readonly decide: Decide<V, unknown>
  /** Decides alike whatever it finds, so nothing has to be read first. */
  readonly blind: boolean
  /** Whom to tell; a bulk's step has nobody of its own. */
  readonly caller?: Caller<V> | undefined
  readonly group?: Group | undefined
  outcome?: Decision<V, unknown> | undefined
  error?: unknown
}

export interface Caller<V> {
  resolve(outcome: Decision<V, unknown>): void
  reject(error: unknown): void
}

/** The steps of one `setMany`: either all of them count or none. */
export interface Group {
  readonly caller: Deferred<void>
  error?: unknown
}

/** What a batch makes of a key: the entry, or, where that depends on what is on disk, when it will be there. */
export type Outlook<V> = { readonly known: true; readonly entry: Entry<V> | undefined } | { readonly known: false; readonly settled: Promise<void> }

export class Batch<V> {
  readonly chains = new Map<string, Step<V>[]>()
  readonly bulks: { readonly bulk: Bulk; readonly caller: Deferred<void> }[] = []
  readonly groups: Group[] = []
  readonly #settled = new Deferred<void>()

  /** Resolves when the batch was written or has failed; never rejects. */
  get settled(): Promise<void> {
    return this.#settled.promise
  }

  get empty(): boolean {
    return this.chains.size === 0 && this.bulks.length === 0
  }

  add(key: string, step: Step<V>): void {
    const chain = this.#chain(key)
    if (!step.blind) {
      chain.push(step)
      return
    }
    // What went before still has callers to answer, but no effect.
    const waiting = chain.filter((earlier) => earlier.caller !== undefined || earlier.group !== undefined)
    this.chains.set(key, [...waiting, step])
  }

  /** A plain write; those of one key that follow each other are one step, with one promise. */
  set(entry: Entry<V>): Promise<unknown> {
    const chain = this.chains.get(entry.key)
    const last = chain?.at(-1)
    const caller = last?.caller instanceof SetCaller ? last.caller : new SetCaller()
    if (last?.caller === caller) chain!.pop()
    this.add(entry.key, { decide: () => ({ next: entry, result: undefined }), blind: true, caller })
    return caller.promise
  }

  setMany(entries: readonly Entry<V>[]): Promise<void> {
    const group: Group = { caller: new Deferred<void>() }
    this.groups.push(group)
    for (const entry of entries) this.add(entry.key, { decide: () => ({ next: entry, result: undefined }), blind: true, group })
    return group.caller.promise
  }

  addBulk(bulk: Bulk): Promise<void> {
    for (const [key, chain] of this.chains) chain.push(...bulkSteps<V>(bulk, key))
    const caller = new Deferred<void>()
    this.bulks.push({ bulk, caller })
    return caller.promise
  }

  outlook(key: string): Outlook<V> | undefined {
    const chain = this.chains.get(key)
    if (chain === undefined) return undefined
    return chain[0]!.blind ? { known: true, entry: fold(chain, undefined) } : { known: false, settled: this.settled }
  }

  /** Whether a bulk of this batch removes an entry that it has no chain for. */
  removes(entry: Entry<V>): boolean {
    return this.bulks.some(({ bulk }) => concerns(bulk, entry))
  }

  resolve(): void {
    for (const chain of this.chains.values()) {
      for (const step of chain) {
        if (step.error !== undefined) step.caller?.reject(step.error)
        else step.caller?.resolve(step.outcome!)
      }
    }
    for (const group of this.groups) {
      if (group.error !== undefined) group.caller.reject(group.error)
      else group.caller.resolve()
    }
    for (const { caller } of this.bulks) caller.resolve()
    this.#settled.resolve()
  }

  reject(error: unknown): void {
    for (const chain of this.chains.values()) for (const step of chain) step.caller?.reject(step.error ?? error)
    for (const group of this.groups) group.caller.reject(group.error ?? error)
    for (const { caller } of this.bulks) caller.reject(error)
    this.#settled.resolve()
  }

  #chain(key: string): Step<V>[] {
    let chain = this.chains.get(key)
    if (chain === undefined) {
      chain = this.bulks.flatMap(({ bulk }) => bulkSteps<V>(bulk, key))
      this.chains.set(key, chain)
    }
    return chain
  }
}

/** Runs a chain on what was found; every step keeps its outcome, for its caller. */
export function fold<V>(chain: readonly Step<V>[], found: Entry<V> | undefined): Entry<V> | undefined {
  let entry = found
  for (const step of chain) {
    if (step.group?.error !== undefined) entry = undefined
    else {
      step.outcome = step.decide(entry)
      entry = step.outcome.next
    }
  }
  return entry
}

/** What a bulk does to one key: no step at all where the key alone tells that it is spared. */
function bulkSteps<V>(bulk: Bulk, key: string): Step<V>[] {
  if (bulk.type === 'tag') {
    return [{ blind: false, decide: (found) => ({ next: found && concerns(bulk, found) ? undefined : found, result: undefined }) }]
  }
  return concerns(bulk, { key, tags: [] }) ? [{ blind: true, decide: () => ({ next: undefined, result: undefined }) }] : []
}

export function concerns(bulk: Bulk, entry: { readonly key: string; readonly tags: readonly string[] }): boolean {
  switch (bulk.type) {
    case 'clear':
      return true
    case 'prefix':
      return entry.key.startsWith(bulk.prefix)
    case 'tag':
      return entry.tags.includes(bulk.tag)
  }
}

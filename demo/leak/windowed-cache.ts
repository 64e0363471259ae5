// A model of the memory cache of GoFrame's gcache, with the bookkeeping that leaked: a removed key is not taken out of the
// index but filed under a second in the past, and the sweeper, once a second, looks at the last five seconds alone.
// See https://github.com/gogf/gf/issues/3467, and https://github.com/gogf/gf/pull/3779 for the fix of one constant.

import type { Clock } from '../../src/index.ts'

/** ms before now under which a removed key is filed: v1.15.2 to v2.7.3, and from v2.7.4 on. */
export const REMOVED_BEFORE_FIX = 1_000_000
export const REMOVED_SINCE_FIX = 1_000

/** Seconds that the sweeper looks back. */
const WINDOW = 5
const SECOND = 1_000

export class WindowedCache<V> {
  readonly #clock: Clock
  readonly #removedAgo: number
  readonly #data = new Map<string, { readonly value: V; readonly expiresAt: number }>()
  /** The second, as epoch ms, under which a key is filed. */
  readonly #filedUnder = new Map<string, number>()
  /** The keys that are filed under a second. */
  readonly #files = new Map<number, Set<string>>()
  /** What the sweeper has not filed yet. */
  #events: { readonly key: string; readonly expiresAt: number }[] = []

  constructor(clock: Clock, removedAgo: number) {
    this.#clock = clock
    this.#removedAgo = removedAgo
  }

  set(key: string, value: V, ttl: number): void {
    const expiresAt = this.#clock.now() + ttl
    this.#data.set(key, { value, expiresAt })
    this.#events.push({ key, expiresAt })
  }

  get(key: string): V | undefined {
    const item = this.#data.get(key)
    return item && item.expiresAt >= this.#clock.now() ? item.value : undefined
  }

  remove(key: string): void {
    if (this.#data.delete(key)) this.#events.push({ key, expiresAt: this.#clock.now() - this.#removedAgo })
  }

  /** What its timer does every second. */
  tick(): void {
    for (const { key, expiresAt } of this.#events) this.#file(key, secondAfter(expiresAt))
    this.#events = []
    const last = secondAfter(this.#clock.now())
    for (let back = 1; back <= WINDOW; back++) this.#clear(last - back * SECOND)
  }

  /** What it says it holds. */
  get size(): number {
    const now = this.#clock.now()
    let live = 0
    for (const { expiresAt } of this.#data.values()) if (expiresAt > now) live++
    return live
  }

  /** Calls back once for each key that is anywhere inside, with its value if that is still there too. */
  eachHeld(visit: (key: string, value: V | undefined) => void): void {
    for (const [key, { value }] of this.#data) visit(key, value)
    for (const key of this.#filedUnder.keys()) if (!this.#data.has(key)) visit(key, undefined)
    const unfiled = new Set(this.#events.map(({ key }) => key))
    for (const key of unfiled) if (!this.#data.has(key) && !this.#filedUnder.has(key)) visit(key, undefined)
  }

  #file(key: string, second: number): void {
    const before = this.#filedUnder.get(key)
    if (before === second) return
    if (before !== undefined) this.#files.get(before)?.delete(key)
    this.#filedUnder.set(key, second)
    let file = this.#files.get(second)
    if (!file) this.#files.set(second, (file = new Set()))
    file.add(key)
  }

  #clear(second: number): void {
    for (const key of this.#files.get(second) ?? []) {
      this.#data.delete(key)
      this.#filedUnder.delete(key)
    }
    this.#files.delete(second)
  }
}

function secondAfter(at: number): number {
  return (Math.floor(at / SECOND) + 1) * SECOND
}

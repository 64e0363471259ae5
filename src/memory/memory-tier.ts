// The memory tier: an exact LRU with per-entry expiry and weights. Item, recency position and expiry position live under
// one slot number and change in the same synchronous step; there is no queue, no tombstone and no timer.
// The caller reads the clock and passes `now`; an item is anything, and this room never looks inside.
//
// A `Map<key, slot>` with typed arrays measured 77 ns a hit against 100 for linked entry objects and 57 for a bare Map
// (50,000 entries, Zipf 0.9 keys).

import { reportLater } from '../errors.ts'
import { ExpiryWheel } from './expiry-wheel.ts'
import { copyInto, RecencyList } from './recency-list.ts'

/** Why an entry left: made room, ran out of time, was overwritten, or was removed by a caller. */
export type RemovalCause = 'evicted' | 'expired' | 'replaced' | 'deleted'

export interface MemoryTierSettings<T> {
  readonly maxEntries: number
  readonly maxWeight: number
  readonly weigh: ((item: T, key: string) => number) | undefined
  readonly onRemove: ((key: string, item: T, cause: RemovalCause) => void) | undefined
}

const SMALLEST_CAPACITY = 16
/** Below this no storage is given back while entries remain. */
const SHRINK_FROM = 1024
/** Expired entries that a write frees on its way, so that they leave as fast as new ones come. */
const EXPIRE_PER_SET = 4

export class MemoryTier<T> {
  evictions = 0
  expirations = 0

  readonly #settings: MemoryTierSettings<T>
  #slots!: Map<string, number>
  #keys!: (string | undefined)[]
  #items!: (T | undefined)[]
  #recency!: RecencyList
  #expiry!: ExpiryWheel
  #weights: Float64Array | undefined
  #weight = 0
  #removed: [key: string, item: T, cause: RemovalCause][] = []

  constructor(settings: MemoryTierSettings<T>) {
    this.#settings = settings
    this.#reset(0)
  }

  /** Weight of all entries; 0 without `weigh`. */
  get weight(): number {
    return this.#weight
  }

  /** Entries held, those included that expired and were not yet freed. */
  get held(): number {
    return this.#slots.size
  }

  /** Whether a later sweep could find something. */
  get canExpire(): boolean {
    return this.#expiry.size > 0
  }

  size(now: number): number {
    return this.#slots.size - this.#expiry.countExpired(now)
  }

  /** The slot of a live entry, valid until the next change; 0 when missing. Frees the entry if it expired. */
  find(key: string, now: number): number {
    const slot = this.#findLive(key, now)
    if (slot === 0) this.#notify()
    return slot
  }

  /** The item of a slot, marked as used. */
  use(slot: number): T {
    this.#recency.use(slot)
    return this.#items[slot] as T
  }

  /** The item of a slot, recency untouched. */
  item(slot: number): T {
    return this.#items[slot] as T
  }

  /** Epoch ms; `Infinity` for never. */
  expiresAt(slot: number): number {
    return this.#expiry.expiresAt(slot)
  }

  peek(key: string, now: number): T | undefined {
    const slot = this.find(key, now)
    return slot === 0 ? undefined : this.item(slot)
  }

  /** @throws RangeError or TypeError when `weigh` gives no weight. */
  weigh(key: string, item: T): number {
    const weight = this.#settings.weigh?.(item, key) ?? 0
    if (typeof weight !== 'number') throw new TypeError(`Cannot weigh entry: weigh must return a number: received ${typeof weight}`)
    if (!(weight >= 0)) throw new RangeError(`Cannot weigh entry: weight must be >= 0: received ${weight}`)
    return weight
  }

  /** Puts an item in as the most recently used and makes room for it, expired entries first. */
  set(key: string, item: T, expiresAt: number, now: number, weight: number): void {
    const { maxEntries, maxWeight } = this.#settings
    for (let freed = 0; freed < EXPIRE_PER_SET && this.#removeExpired(now); freed++);
    let slot = this.#findLive(key, now)
    if (weight > maxWeight || expiresAt <= now) {
      if (slot !== 0) this.#remove(slot, weight > maxWeight ? 'replaced' : 'deleted')
    } else {
      if (slot === 0) {
        if (this.#slots.size >= maxEntries) this.#makeRoom(now)
        slot = this.#add(key)
      } else {
        this.#noteRemoval(slot, 'replaced')
        this.#recency.use(slot)
      }
      this.#items[slot] = item
      this.#expiry.schedule(slot, expiresAt, now)
      if (this.#weights !== undefined) {
        this.#weight += weight - this.#weights[slot]!
        this.#weights[slot] = weight
        while (this.#weight > maxWeight) this.#makeRoom(now)
      }
    }
    this.#notify()
  }

  /** Gives a live entry another item or expiry of the same weight; recency untouched, no removal is told. */
  renew(slot: number, item: T, expiresAt: number, now: number): void {
    this.#items[slot] = item
    this.#expiry.schedule(slot, expiresAt, now)
  }

  /** True when a live entry was there. */
  delete(key: string, now: number, cause: RemovalCause = 'deleted'): boolean {
    const slot = this.find(key, now)
    if (slot === 0) return false
    this.#remove(slot, cause)
    this.#notify()
    return true
  }

  /** Removes every live entry that matches. */
  deleteWhere(matches: (key: string, item: T) => boolean, now: number): void {
    for (const key of this.keys(now)) {
      const slot = this.#slots.get(key)!
      if (matches(key, this.item(slot))) this.#remove(slot, 'deleted')
    }
    this.#notify()
  }

  clear(now: number): void {
    for (let slot = this.#recency.mostRecent; slot !== 0; slot = this.#recency.after(slot)) {
      this.#noteRemoval(slot, this.#expiry.expiresAt(slot) <= now ? 'expired' : 'deleted')
    }
    this.#reset(this.#expiry.time)
    this.#notify()
  }

  /** Lets go of everything, and tells nobody. */
  discard(): void {
    this.#reset(this.#expiry.time)
  }

  /** Frees everything that expired and returns how many entries that were; tells `each` their keys. */
  sweep(now: number, each?: (key: string) => void): number {
    let count = 0
    for (let slot = this.#expiry.firstExpired(now); slot !== 0; slot = this.#expiry.firstExpired(now)) {
      each?.(this.#keys[slot]!)
      this.#remove(slot, 'expired')
      count++
    }
    this.#notify()
    return count
  }

  /** Keys of live entries, most recently used first, as they are now. */
  keys(now: number): string[] {
    const keys: string[] = []
    for (let slot = this.#recency.mostRecent; slot !== 0; slot = this.#recency.after(slot)) {
      if (this.#expiry.expiresAt(slot) > now) keys.push(this.#keys[slot]!)
    }
    return keys
  }

  /** Live entries, most recently used first: a snapshot of the keys, without those removed meanwhile. */
  *entries(now: number): Generator<[key: string, item: T], undefined> {
    for (const key of this.keys(now)) {
      const slot = this.#slots.get(key)
      if (slot !== undefined && this.#expiry.expiresAt(slot) > now) yield [key, this.item(slot)]
    }
  }

  #findLive(key: string, now: number): number {
    const slot = this.#slots.get(key)
    if (slot === undefined) return 0
    if (this.#expiry.expiresAt(slot) > now) return slot
    this.#remove(slot, 'expired')
    return 0
  }

  #reset(time: number): void {
    const capacity = Math.min(SMALLEST_CAPACITY, this.#settings.maxEntries)
    this.#slots = new Map()
    this.#keys = []
    this.#items = []
    this.#recency = new RecencyList(capacity)
    this.#expiry = new ExpiryWheel(capacity, time)
    this.#weights = this.#settings.weigh && new Float64Array(capacity + 1)
    this.#weight = 0
  }

  #add(key: string): number {
    if (this.#slots.size >= this.#recency.capacity) {
      const capacity = Math.min(2 * this.#recency.capacity, this.#settings.maxEntries)
      this.#recency.grow(capacity)
      this.#expiry.grow(capacity)
      this.#weights &&= copyInto(new Float64Array(capacity + 1), this.#weights)
    }
    const slot = this.#recency.add()
    this.#slots.set(key, slot)
    this.#keys[slot] = key
    return slot
  }

  #makeRoom(now: number): void {
    if (this.#removeExpired(now)) return
    this.#remove(this.#recency.leastRecent, 'evicted')
  }

  #removeExpired(now: number): boolean {
    const slot = this.#expiry.firstExpired(now)
    if (slot !== 0) this.#remove(slot, 'expired')
    return slot !== 0
  }

  #remove(slot: number, cause: RemovalCause): void {
    this.#noteRemoval(slot, cause)
    this.#slots.delete(this.#keys[slot]!)
    this.#keys[slot] = this.#items[slot] = undefined
    this.#recency.remove(slot)
    this.#expiry.cancel(slot)
    if (this.#weights !== undefined) {
      this.#weight -= this.#weights[slot]!
      this.#weights[slot] = 0
    }
    this.#giveBack()
  }

  /** Storage follows the entries down: after a burst, neither arrays nor their slots stay behind. */
  #giveBack(): void {
    const { capacity } = this.#recency
    const held = this.#slots.size
    if (held === 0 && capacity > SMALLEST_CAPACITY) this.#reset(this.#expiry.time)
    else if (capacity > SHRINK_FROM && held < capacity / 8) this.#rebuild()
  }

  #rebuild(): void {
    const time = this.#expiry.time
    const old = { keys: this.#keys, items: this.#items, recency: this.#recency, expiry: this.#expiry, weights: this.#weights }
    const order: number[] = []
    for (let slot = old.recency.mostRecent; slot !== 0; slot = old.recency.after(slot)) order.push(slot)
    this.#reset(time)
    for (const from of order.reverse()) {
      const slot = this.#add(old.keys[from]!)
      this.#items[slot] = old.items[from]
      this.#expiry.schedule(slot, old.expiry.expiresAt(from), time)
      if (this.#weights !== undefined) {
        this.#weights[slot] = old.weights![from]!
        this.#weight += this.#weights[slot]!
      }
    }
  }

  #noteRemoval(slot: number, cause: RemovalCause): void {
    if (cause === 'evicted') this.evictions++
    else if (cause === 'expired') this.expirations++
    if (this.#settings.onRemove) this.#removed.push([this.#keys[slot]!, this.item(slot), cause])
  }

  /** Listeners run when the change is complete, so that they see, and may use, a cache in order. */
  #notify(): void {
    while (this.#removed.length > 0) {
      const removed = this.#removed
      this.#removed = []
      for (const [key, item, cause] of removed) {
        try {
          this.#settings.onRemove!(key, item, cause)
        } catch (error) {
          reportLater(error)
        }
      }
    }
  }
}

// The naive memory cache that the real one is compared with: an array, most recently used first.
//
// It does not foresee which expired entry is freed when, which is the cache's own business. It takes that from onRemove and
// judges every removal instead: an entry is freed only once it expired, a live one evicted only where it is the last, nothing
// expired is held and a bound would break. So it also knows what a step of the clock back to before can bring to life.

import type { MemoryCacheOptions } from '../../src/options.ts'

export interface Weighty {
  readonly id: number
  readonly weight: number
}

export type Removal = readonly [key: string, value: Weighty, cause: string]

interface Held {
  readonly key: string
  value: Weighty
  expiresAt: number
}

export class MemoryOracle {
  readonly stats = { hits: 0, misses: 0, sets: 0, evictions: 0, expirations: 0 }
  now: number
  #held: Held[] = []
  readonly #maxEntries: number
  readonly #maxWeight: number
  readonly #weighs: boolean

  constructor(options: MemoryCacheOptions<Weighty>, now: number) {
    this.now = now
    this.#maxEntries = options.maxEntries ?? 1000
    this.#maxWeight = options.maxWeight ?? Infinity
    this.#weighs = options.weigh !== undefined
  }

  live(): Held[] {
    return this.#held.filter((entry) => entry.expiresAt > this.now)
  }

  find(key: string): Held | undefined {
    return this.live().find((entry) => entry.key === key)
  }

  /** Of all that is held, that which expired and was not freed included. */
  weight(): number {
    return this.#weighs ? this.#held.reduce((sum, { value }) => sum + value.weight, 0) : 0
  }

  get(key: string, removals: readonly Removal[]): Weighty | undefined {
    const found = this.find(key)
    this.#allowOnlyExpired(removals)
    if (found === undefined) this.stats.misses++
    else {
      this.stats.hits++
      this.#held = [found, ...this.#held.filter((entry) => entry !== found)]
    }
    return found?.value
  }

  /** peek, has, expiresAt, size, iteration. */
  look(removals: readonly Removal[]): void {
    this.#allowOnlyExpired(removals)
  }

  touch(key: string, ttl: number, removals: readonly Removal[]): boolean {
    const found = this.find(key)
    if (found !== undefined) found.expiresAt = this.#after(ttl)
    this.#allowOnlyExpired(removals)
    return found !== undefined
  }

  delete(key: string, removals: readonly Removal[]): boolean {
    const found = this.find(key)
    for (const removal of removals) {
      if (removal[2] === 'expired') this.#expire(removal)
      else if (found !== undefined && removal[0] === key) this.#take(removal, 'deleted')
      else throw new Error(`delete(${key}) removed ${tell(removal)}`)
    }
    if (found !== undefined && this.#held.includes(found)) throw new Error(`delete(${key}) told no removal`)
    return found !== undefined
  }

  sweep(removals: readonly Removal[]): number {
    const due = this.#held.length - this.live().length
    this.#allowOnlyExpired(removals)
    if (this.#held.length !== this.live().length) throw new Error(`a sweep left ${this.#held.length - this.live().length} expired entries`)
    return due
  }

  clear(removals: readonly Removal[]): void {
    for (const removal of removals) {
      if (removal[2] === 'expired') this.#expire(removal)
      else if (this.#take(removal, 'deleted').expiresAt <= this.now) throw new Error(`${tell(removal)}, but had expired`)
    }
    if (this.#held.length > 0) throw new Error(`clear told nothing of ${this.#held.length} entries`)
  }

  set(key: string, value: Weighty, ttl: number, removals: readonly Removal[]): void {
    const weight = this.#weighs ? value.weight : 0
    const entry: Held = { key, value, expiresAt: this.#after(ttl) }
    const tooHeavy = weight > this.#maxWeight
    const kept = !tooHeavy && entry.expiresAt > this.now
    const old = this.find(key)
    this.stats.sets++
    for (const removal of removals) {
      if (removal[2] === 'expired') this.#expire(removal)
      else if (removal[0] === key) this.#take(removal, kept || (tooHeavy && ttl > 0) ? 'replaced' : 'deleted')
      else if (kept) this.#evict(removal, weight)
      else throw new Error(`a value that is not kept evicted ${tell(removal)}`)
    }
    if (old !== undefined && this.#held.includes(old)) throw new Error(`set(${key}) did not tell of the older value`)
    if (this.#held.some((other) => other.key === key)) throw new Error(`set(${key}) left an expired entry under its key`)
    if (kept) this.#held.unshift(entry)
    if (this.#overBounds(0, 0)) throw new Error(`set(${key}) left ${this.#held.length} entries of weight ${this.weight()}`)
  }

  #after(ttl: number): number {
    const at = ttl === 0 ? this.now : Math.ceil(this.now + ttl)
    return at > 8.64e15 ? Infinity : at
  }

  #overBounds(moreEntries: number, moreWeight: number): boolean {
    return this.#held.length + moreEntries > this.#maxEntries || this.weight() + moreWeight > this.#maxWeight
  }

  #allowOnlyExpired(removals: readonly Removal[]): void {
    for (const removal of removals) this.#expire(removal)
  }

  #expire(removal: Removal): void {
    const entry = this.#take(removal, 'expired')
    if (entry.expiresAt > this.now) throw new Error(`${tell(removal)}, ${entry.expiresAt - this.now} ms early`)
    this.stats.expirations++
  }

  #evict(removal: Removal, weightOfNew: number): void {
    const last = this.#held.at(-1)
    if (last?.key !== removal[0]) throw new Error(`${tell(removal)}, but the least recently used is ${last?.key}`)
    if (this.#held.length > this.live().length) throw new Error(`${tell(removal)} before what had expired`)
    if (!this.#overBounds(1, weightOfNew)) throw new Error(`${tell(removal)} although there was room`)
    this.#take(removal, 'evicted')
    this.stats.evictions++
  }

  /** Removes what the cache says it removed, if it was there with this value. */
  #take(removal: Removal, cause: string): Held {
    const entry = this.#held.find(({ key }) => key === removal[0])
    if (entry === undefined) throw new Error(`${tell(removal)}, which was not there`)
    if (entry.value !== removal[1]) throw new Error(`${tell(removal)}, but the value was ${entry.value.id}`)
    if (removal[2] !== cause) throw new Error(`${tell(removal)}, but the cause should be ${cause}`)
    this.#held.splice(this.#held.indexOf(entry), 1)
    return entry
  }
}

function tell([key, value, cause]: Removal): string {
  return `${key} (value ${value.id}) was told as ${cause}`
}

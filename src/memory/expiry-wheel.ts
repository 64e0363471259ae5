// Which slot expires first: a hierarchical timing wheel over slot numbers in typed arrays.
//
// Design. Six levels of 32 buckets. A bucket of level L spans 32^L ms; an entry is filed at the level of the highest
// base-32 digit in which its time differs from the wheel's, so the first bucket of the lowest occupied level is always
// the earliest. When only a part of that bucket is due, its entries are filed again one level or more below, at most
// five times in an entry's life. What lies more than 2^30 ms (12 days) ahead waits in one far bucket.
//
// Rules. A bucket is a lower bound: an entry whose expiry moves later stays where it is until its bucket comes up, so a
// refresh writes one number. The wheel's time never passes an entry's bucket, so nothing is missed however late anyone
// looks; after a backward step of the clock the wheel is filed anew.
//
// Rejected: a binary heap (a hit 1.58 times a bare Map's, for its cold arrays), and one list per distinct ttl (exact and
// simple, but as many lists as entries where each entry brings its own expiry, as those promoted from disk do).
//
// Source: G. Varghese, A. Lauck, "Hashed and Hierarchical Timing Wheels", SOSP 1987, scheme 7.

import { copyInto } from './recency-list.ts'

const DIGIT_BITS = 5
const BUCKETS_PER_LEVEL = 1 << DIGIT_BITS
const LEVELS = 6
/** Ticks the levels can tell apart. */
const SPAN = 2 ** (DIGIT_BITS * LEVELS)
/** List heads: node 0 says "not filed", nodes 1 to 192 are the levels' buckets, 193 is the far one; slots follow. */
const FAR = LEVELS * BUCKETS_PER_LEVEL + 1
const UNFILED = 0

export class ExpiryWheel {
  #expiresAt: Float64Array
  #next: Uint32Array
  #previous: Uint32Array
  /** One bit per bucket of a level, set while the bucket may hold something. */
  readonly #occupied = new Int32Array(LEVELS)
  /** Epoch ms of tick 0. */
  #start: number
  /** The wheel's time in ticks after the start; no entry is filed before it. */
  #tick = 0
  #size = 0

  constructor(capacity: number, start: number) {
    this.#expiresAt = new Float64Array(capacity + 1)
    this.#next = new Uint32Array(FAR + capacity + 1)
    this.#previous = new Uint32Array(FAR + capacity + 1)
    this.#start = start
    this.#emptyBuckets()
  }

  /** How many slots have an expiry that is not `Infinity`. */
  get size(): number {
    return this.#size
  }

  /** Epoch ms before which nothing is filed. */
  get time(): number {
    return this.#start + this.#tick
  }

  /** Epoch ms; `Infinity` for never. */
  expiresAt(slot: number): number {
    return this.#expiresAt[slot]!
  }

  /** Gives a slot its expiry, or a new one. `now` serves to notice a clock that stepped back. */
  schedule(slot: number, expiresAt: number, now: number): void {
    const filed = this.#next[FAR + slot] !== UNFILED
    const before = this.#expiresAt[slot]!
    const at = Math.ceil(expiresAt)
    this.#expiresAt[slot] = at
    if (filed) {
      if (at >= before && at !== Infinity) return
      this.#unlink(FAR + slot)
    }
    if (at === Infinity) return
    if (at < this.time) this.#fileAnew(now)
    this.#file(slot)
  }

  /** Forgets a slot's expiry. */
  cancel(slot: number): void {
    if (this.#next[FAR + slot] !== UNFILED) this.#unlink(FAR + slot)
  }

  /** A slot that expired at or before `now`, the earliest bucket's first; 0 when there is none. It stays until cancelled. */
  firstExpired(now: number): number {
    for (;;) {
      const tick = Math.floor(now) - this.#start
      const level = this.#lowestLevel()
      if (level === LEVELS) {
        if (tick < SPAN || this.#next[FAR] === FAR) return 0
        this.#fileAnew(now)
        continue
      }
      const position = lowestBit(this.#occupied[level]!)
      const bucketTick = this.#bucketTick(level, position)
      if (bucketTick > tick) return 0
      const head = bucketHead(level, position)
      const node = this.#next[head]!
      if (node === head) {
        this.#occupied[level]! &= ~(1 << position)
      } else if (this.#expiresAt[node - FAR]! <= now) {
        return node - FAR
      } else if (bucketTick + bucketSpan(level) <= tick + 1) {
        this.#refile(node)
      } else {
        this.#tick = bucketTick
        for (let next = node; next !== head; next = this.#next[head]!) this.#refile(next)
      }
    }
  }

  /** How many slots expired at or before `now`; looks only at buckets that are due. */
  countExpired(now: number): number {
    if (this.firstExpired(now) === 0) return 0
    const tick = Math.floor(now) - this.#start
    let count = tick < SPAN ? 0 : this.#countIn(FAR, now)
    for (let level = 0; level < LEVELS; level++) {
      for (let bits = this.#occupied[level]!; bits !== 0; bits &= bits - 1) {
        const position = lowestBit(bits)
        if (this.#bucketTick(level, position) > tick) break
        count += this.#countIn(bucketHead(level, position), now)
      }
    }
    return count
  }

  grow(capacity: number): void {
    this.#expiresAt = copyInto(new Float64Array(capacity + 1), this.#expiresAt)
    this.#next = copyInto(new Uint32Array(FAR + capacity + 1), this.#next)
    this.#previous = copyInto(new Uint32Array(FAR + capacity + 1), this.#previous)
  }

  #lowestLevel(): number {
    let level = 0
    while (level < LEVELS && this.#occupied[level] === 0) level++
    return level
  }

  /** The first tick of a bucket: the wheel's digits above the level, the bucket's own, zeros below. */
  #bucketTick(level: number, position: number): number {
    const shift = level * DIGIT_BITS
    const above = shift + DIGIT_BITS
    return ((this.#tick >>> above) << above) | (position << shift)
  }

  #file(slot: number): void {
    const tick = this.#expiresAt[slot]! - this.#start
    if (tick >= SPAN) return this.#link(FAR, FAR + slot)
    const difference = tick ^ this.#tick
    const level = difference === 0 ? 0 : ((31 - Math.clz32(difference)) / DIGIT_BITS) | 0
    const position = (tick >>> (level * DIGIT_BITS)) & (BUCKETS_PER_LEVEL - 1)
    this.#occupied[level]! |= 1 << position
    this.#link(bucketHead(level, position), FAR + slot)
  }

  #refile(node: number): void {
    this.#unlink(node)
    this.#file(node - FAR)
  }

  /** Files everything again from a start that no entry precedes; needed every 12 days, or when the clock steps back. */
  #fileAnew(now: number): void {
    const slots: number[] = []
    let start = Math.floor(now)
    for (let node = FAR + 1; node < this.#next.length; node++) {
      if (this.#next[node] === UNFILED) continue
      slots.push(node - FAR)
      start = Math.min(start, this.#expiresAt[node - FAR]!)
    }
    this.#start = start
    this.#tick = 0
    this.#size = 0
    this.#emptyBuckets()
    for (const slot of slots) this.#file(slot)
  }

  #emptyBuckets(): void {
    this.#occupied.fill(0)
    for (let head = 1; head <= FAR; head++) this.#next[head] = this.#previous[head] = head
  }

  #countIn(head: number, now: number): number {
    let count = 0
    for (let node = this.#next[head]!; node !== head; node = this.#next[node]!) {
      if (this.#expiresAt[node - FAR]! <= now) count++
    }
    return count
  }

  #link(head: number, node: number): void {
    const last = this.#previous[head]!
    this.#size++
    this.#next[node] = head
    this.#previous[node] = last
    this.#next[last] = node
    this.#previous[head] = node
  }

  #unlink(node: number): void {
    const next = this.#next[node]!
    const previous = this.#previous[node]!
    this.#next[previous] = next
    this.#previous[next] = previous
    this.#next[node] = UNFILED
    this.#size--
  }
}

function bucketHead(level: number, position: number): number {
  return level * BUCKETS_PER_LEVEL + position + 1
}

function bucketSpan(level: number): number {
  return 1 << (level * DIGIT_BITS)
}

function lowestBit(bits: number): number {
  return 31 - Math.clz32(bits & -bits)
}

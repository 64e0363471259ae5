// Finds the slot that expires first: a radix heap, which is a timing wheel with two buckets per level.
//
// Design. The queue has a time of its own, in ms ("ticks") after a start. An entry is filed in the bucket of the highest bit
// in which its tick differs from the queue's, so the first bucket that is not empty is the earliest, and filing is one
// count of leading zeros. When a bucket is due but not all of its entries are, the queue's time moves to the bucket's first
// tick, and its entries are filed again, each into a lower bucket.
//
// Rules. A bucket is a lower bound: an entry whose expiry moves later stays until its bucket is due, so a refresh writes
// one number. The queue's time never passes an entry, so nothing is missed, however late the queue is asked. When the clock
// has stepped back, and every 24 days, when ticks no longer fit in 31 bits, all entries are filed again, with now as the start.
//
// Rejected: a binary heap (a hit took 1.58 times as long as a bare Map's, because its arrays are cold); one list per distinct
// ttl (as many lists as entries if each has its own expiry, like those copied from disk); a wheel of 32 buckets per level
// (moves an entry at most 6 times, not 31, but is twice the code, and most entries are freed without being moved at all).
//
// Source: R. Ahuja, K. Mehlhorn, J. Orlin, R. Tarjan, "Faster Algorithms for the Shortest Path Problem", JACM 37 (1990).

import { Links } from './links.ts'

/** The nodes 0 to 31 are the heads of the buckets; those of the slots, which begin with 1, come after them. */
const LAST_HEAD = 31
const LAST_TICK = 2 ** 31 - 1

export class ExpiryQueue {
  readonly #most: number
  readonly #buckets: Links
  /** By slot; `Infinity` for one that is not filed. */
  #times: Float64Array = new Float64Array(1).fill(Infinity)
  /** Nothing expires before this time, epoch ms; -Infinity if that is not known. */
  #earliest = Infinity
  /** One bit per bucket, set while it may hold something. */
  #occupied = 0
  /** Epoch ms of tick 0. */
  #start = 0
  #tick = 0

  /** @param most the highest slot number; the lowest is 1, and there are no gaps */
  constructor(most: number) {
    this.#most = most
    this.#buckets = new Links(LAST_HEAD + 1, most)
  }

  /** Epoch ms; `Infinity` for never. */
  expiresAt(slot: number): number {
    return this.#times[slot]!
  }

  /** Whether a slot expired at or before `now`. */
  isExpired(slot: number, now: number): boolean {
    return now >= this.#earliest && this.#times[slot]! <= now
  }

  /** Gives a slot its expiry, or a new one, in whole ms; `Infinity` for none. */
  set(slot: number, expiresAt: number): void {
    if (slot >= this.#times.length) {
      const full = this.#times
      this.#times = new Float64Array(Math.min(2 * slot, this.#most + 1)).fill(Infinity)
      this.#times.set(full)
    }
    const before = this.#times[slot]!
    this.#times[slot] = expiresAt
    // If it is later than before, its bucket is still a lower bound.
    if (before <= expiresAt && expiresAt < Infinity) return
    if (before < Infinity) this.#buckets.delete(LAST_HEAD + slot)
    if (expiresAt < Infinity) this.#file(slot)
  }

  /** A slot of the earliest bucket that expired at or before `now`; 0 if there is none. It stays until it is given another expiry. */
  first(now: number): number {
    return now < this.#earliest ? 0 : this.#search(now)
  }

  #search(now: number): number {
    const times = this.#times
    const buckets = this.#buckets
    while (this.#occupied) {
      const bit = this.#occupied & -this.#occupied
      const head = 31 - Math.clz32(bit)
      const slot = buckets.next(head) - LAST_HEAD
      // The first tick of the bucket: the queue's time with this bit set and zeros below; of bucket 0, that time itself.
      const half = bit >>> 1
      const due = (this.#tick | half) & -half || this.#tick
      const nowTick = Math.floor(now) - this.#start
      if (slot <= 0) {
        this.#occupied -= bit
      } else if (nowTick < this.#tick || nowTick >= LAST_TICK) {
        this.#start += nowTick
        this.#tick = this.#occupied = 0
        for (let filed = times.length; --filed;) if (times[filed]! < Infinity) this.#refile(filed)
      } else if (!(due <= nowTick)) {
        // Not due yet, or the clock gives NaN.
        this.#earliest = this.#start + due
        break
      } else if (times[slot]! <= now) {
        return slot
      } else {
        // The slot is not due, though its bucket is: it is filed again. In a bucket of more than one tick, all slots are.
        this.#tick = due
        do this.#refile(buckets.next(head) - LAST_HEAD)
        while (half && buckets.next(head) !== head)
      }
    }
    return 0
  }

  #file(slot: number): void {
    const bucket = 32 - Math.clz32(Math.max(this.#tick, Math.min(this.#times[slot]! - this.#start, LAST_TICK)) ^ this.#tick)
    this.#occupied |= 1 << bucket
    this.#earliest = -Infinity
    this.#buckets.add(LAST_HEAD + slot, this.#buckets.prev(bucket))
  }

  #refile(slot: number): void {
    this.#buckets.delete(LAST_HEAD + slot)
    this.#file(slot)
  }
}

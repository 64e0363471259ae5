// Which slot expires first: a radix heap, the timing wheel with two buckets per level.
//
// Design. The queue has a time of its own, in ms ("ticks") after a start. An entry lies in the bucket of the highest bit
// in which its tick differs from the queue's, so the first bucket that holds something is the earliest, and filing is one
// count of leading zeros. When a bucket is due but its entries are not all, the queue's time moves to the bucket's first
// tick and its entries are filed again, each into a lower one.
//
// Rules. A bucket is a lower bound: an entry whose expiry moves later stays until its bucket comes up, so a refresh
// writes one number. The queue's time passes no entry, so nothing is missed however late anyone looks. When the clock has
// stepped back, and every 24 days, when ticks no longer fit in 31 bits, all is filed anew from now on.
//
// Rejected: a binary heap (hits took 1.58 times a bare Map's, its arrays being cold); one list per distinct ttl (as many
// lists as entries when each brings its own expiry, as those copied from disk do); a wheel of 32 buckets per level (moves
// an entry at most 6 times, not 31, but is twice the code, and most entries are freed without being moved at all).
//
// Source: R. Ahuja, K. Mehlhorn, J. Orlin, R. Tarjan, "Faster Algorithms for the Shortest Path Problem", JACM 37 (1990).

import { createLinks } from './links.ts'

/** Heads of the buckets 0 to 31 are the nodes 1 to 32; a slot's node comes after them. 0 says: not filed. */
const HEADS = 33
const LAST_TICK = 2 ** 31 - 1

export interface ExpiryQueue {
  /** Epoch ms; `Infinity` for never. */
  expiresAt(slot: number): number
  /** Gives a slot its expiry, or a new one, in whole ms. Slot numbers begin with 1 and have no gaps. */
  set(slot: number, expiresAt: number): void
  /** Forgets a slot's expiry. */
  delete(slot: number): void
  /** A slot that expired at or before `now`, out of the earliest bucket; 0 when there is none. It stays until deleted. */
  first(now: number): number
}

export function createExpiryQueue(): ExpiryQueue {
  const buckets = createLinks(HEADS)
  const times = [0]
  /** One bit per bucket, set while it may hold something. */
  let occupied = 0
  /** Epoch ms of tick 0. */
  let start = 0
  let tick = 0

  const isFiled = (slot: number): boolean => buckets.next(HEADS + slot) > 0

  const file = (slot: number): void => {
    const bucket = 32 - Math.clz32(Math.max(tick, Math.min(times[slot]! - start, LAST_TICK)) ^ tick)
    occupied |= 1 << bucket
    buckets.add(HEADS + slot, buckets.prev(bucket + 1))
  }

  const remove = (slot: number): void => {
    if (isFiled(slot)) buckets.delete(HEADS + slot)
  }

  const refile = (slot: number): void => {
    remove(slot)
    file(slot)
  }

  return {
    expiresAt: (slot) => times[slot]!,
    set(slot, expiresAt) {
      const earlier = expiresAt < times[slot]!
      times[slot] = expiresAt
      if (earlier || expiresAt === Infinity) remove(slot)
      if (expiresAt < Infinity && !isFiled(slot)) file(slot)
    },
    delete: remove,
    first(now) {
      while (occupied) {
        const bit = occupied & -occupied
        const head = 32 - Math.clz32(bit)
        const slot = buckets.next(head) - HEADS
        // The first tick of the bucket: the queue's time with this bit set and zeros below; of bucket 0, that time itself.
        const half = bit >>> 1
        const due = ((tick | half) & -half) || tick
        const nowTick = Math.floor(now) - start
        if (slot <= 0) {
          occupied -= bit
        } else if (nowTick < tick || nowTick >= LAST_TICK) {
          start += nowTick
          tick = occupied = 0
          for (let filed = times.length; --filed; ) if (isFiled(filed)) refile(filed)
        } else if (!(due <= nowTick)) {
          // Not yet; nor does a clock that gives NaN get any further.
          break
        } else if (times[slot]! <= now) {
          return slot
        } else {
          // Not all that is in the bucket is due. One that is prolonged leaves it; of a longer bucket, so do the others.
          tick = due
          do refile(buckets.next(head) - HEADS)
          while (half && buckets.next(head) !== head)
        }
      }
      return 0
    },
  }
}

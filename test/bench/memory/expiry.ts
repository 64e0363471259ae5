// What it costs that entries expire: per entry, and at the worst in one operation.

import { createHome, createLives } from './lives.ts'
import type { Answer, ExpiryTask } from './plan.ts'
import { collect } from './timing.ts'

/** Lives that are timed, at the least. */
const TIMED = 300_000

/** Lives until as many entries expire as are set, also those of twice the usual ttl. */
const settled = (entries: number): number => 2 * entries

/**
 * @returns `use`: ns per expired entry while in use, that is its set, one get and its removal; `sweep`: ns per entry that one
 * call of `sweep` freed
 */
export async function expire(task: ExpiryTask): Promise<Answer> {
  const { contestant, entries } = task
  // As many calls before the first that is timed as are timed.
  const before = Math.max(settled(entries), TIMED)
  const timed = Math.max(entries, TIMED)
  const home = createHome(contestant, createLives(task, before + timed))
  const live = (from: number, to: number) => {
    for (let n = from; n < to; n++) {
      home.set(n)
      home.get(n)
    }
  }
  live(0, before)
  collect()
  const expiredBefore = home.expired()
  const start = performance.now()
  live(before, before + timed)
  const use = performance.now() - start
  const expiredInUse = home.expired() - expiredBefore
  const left = home.size

  collect()
  const sweepStart = performance.now()
  home.sweep()
  const sweep = performance.now() - sweepStart
  if (home.expired() !== before + timed || home.size > 0) throw new Error(`${contestant}: ${home.expired()} entries expired of ${before + timed}`)
  if (Math.abs(expiredInUse / timed - 1) > 0.05) throw new Error(`${contestant}: ${expiredInUse} entries expired while ${timed} were set`)
  return { use: (use * 1e6) / expiredInUse, sweep: (sweep * 1e6) / left }
}

/**
 * @returns ms of the longest single set or get: `growth` from nothing to all entries, `use` while one expires for each that is
 * set, `leap` after the clock went on beyond all of their times
 */
export async function pause(task: ExpiryTask): Promise<Answer> {
  const { contestant, entries } = task
  const home = createHome(contestant, createLives(task, 5 * entries))
  const longest = (from: number, to: number) => {
    let most = 0
    for (let n = from; n < to; n++) {
      const start = performance.now()
      home.set(n)
      const middle = performance.now()
      home.get(n)
      const end = performance.now()
      most = Math.max(most, middle - start, end - middle)
    }
    collect()
    return most
  }
  const growth = longest(0, settled(entries))
  const use = longest(settled(entries), 4 * entries)
  home.leap()
  const leap = longest(4 * entries, 5 * entries)
  const least = 4 * entries
  if (home.expired() < least) throw new Error(`${contestant}: ${home.expired()} entries have been freed, fewer than ${least}`)
  return { growth, use, leap }
}

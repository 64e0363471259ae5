// The four things that are timed, and the keys that each of them meets. One process runs these loops for one library only:
// for several, the engine could not bind the calls in them.

import { createRandom, createZipf, shuffle } from '../random.ts'
import type { Contestant, Value } from './contestants.ts'
import { createKeys } from './keys.ts'
import type { KeyKind, WorkloadName } from './plan.ts'
import { CALLS } from './timing.ts'

/** Distinct keys for each entry that there is room for. */
const KEYS_PER_ENTRY = 4
const EXPONENT = 0.9
const VALUES: readonly Value[] = Array.from({ length: 1_024 }, (_, id) => ({ id, weight: 1 + (id % 16) }))

export function valueAt(index: number): Value {
  return VALUES[index & (VALUES.length - 1)]!
}

export interface Supply {
  /** What is in the cache before the first call, in an order of its own. */
  readonly filling: readonly string[]
  /** The key of each call. Only those of `insert` are fewer than the calls: they come round again when they have been evicted. */
  calls(workload: WorkloadName): readonly string[]
}

export function createSupply(kind: KeyKind, entries: number, seed: number): Supply {
  const keys = createKeys(kind, entries * KEYS_PER_ENTRY, seed)
  const filling = shuffle(keys.slice(0, entries), createRandom(seed + 1_000))
  const draw = (below: number): string[] => {
    const rank = createZipf(keys.length, EXPONENT, createRandom(seed + 2_000))
    return Array.from({ length: CALLS }, () => {
      let at: number
      while ((at = rank()) >= below);
      return keys[at]!
    })
  }
  return {
    filling,
    calls(workload) {
      if (workload === 'insert') return [...keys.slice(entries), ...filling]
      return draw(workload === 'mix' ? keys.length : entries)
    },
  }
}

/** Calls the cache with the keys from `from` to `to`. Returns how many values it got. */
export type Workload = (cache: Contestant, keys: readonly string[], from: number, to: number) => number

export const workloads: Readonly<Record<WorkloadName, Workload>> = {
  /** Gets of keys that are there. */
  hit(cache, keys, from, to) {
    let found = 0
    for (let index = from; index < to; index++) if (cache.get(keys[index]!) !== undefined) found++
    return found
  },

  /** Sets of keys that are there. */
  update(cache, keys, from, to) {
    for (let index = from; index < to; index++) cache.set(keys[index]!, valueAt(index))
    return 0
  },

  /** Gets of any key; a set of those that are missing. */
  mix(cache, keys, from, to) {
    let found = 0
    for (let index = from; index < to; index++) {
      const key = keys[index]!
      if (cache.get(key) !== undefined) found++
      else cache.set(key, valueAt(index))
    }
    return found
  },

  /** Sets of keys that are not there, one round of all keys after the other: each evicts an entry. */
  insert(cache, keys, from, to) {
    for (let index = from; index < to; index++) cache.set(keys[index]!, valueAt(index))
    return 0
  },
}

// One contestant, one kind of keys: each workload on a cache of its own.

import { contestants } from './contestants.ts'
import { CONTESTANTS, LONG_TTL, TURN, type Answer, type RaceTask } from './plan.ts'
import { time } from './timing.ts'
import { createSupply, valueAt, workloads } from './workloads.ts'

/** ms for the calls of a contestant whose calls may take many µs. */
const LIMIT_MS = 600
/** Values weigh 1 to 16. With this bound the weight evicts before the count does. */
const TIGHT_WEIGHT = 8
const AMPLE_WEIGHT = 16

/**
 * @returns of each workload its ns per call, `<workload> found`, the values that all its gets got, and `<workload> size` at
 * the end; `empty`, the ns per call that a turn of the event loop costs without any call
 */
export async function race({ contestant, keys, entries, weighted, workloads: names, seed }: RaceTask): Promise<Answer> {
  const supply = createSupply(keys, entries, seed)
  const create = await contestants[contestant]()
  const limit = CONTESTANTS[contestant].slow ? LIMIT_MS : Infinity
  const answer: Record<string, number> = {}
  for (const name of names) {
    const evicts = name === 'mix' || name === 'insert'
    const maxWeight = entries * (evicts ? TIGHT_WEIGHT : AMPLE_WEIGHT)
    const cache = create({ maxEntries: entries, ttl: LONG_TTL, evicts, ...(weighted && { maxWeight }) })
    supply.filling.forEach((key, index) => cache.set(key, valueAt(index)))
    const sequence = supply.calls(name)
    const workload = workloads[name]
    const { ns, sum } = await time(sequence.length, (from, to) => workload(cache, sequence, from, to), limit)
    answer[name] = ns
    answer[`${name} found`] = sum
    answer[`${name} size`] = cache.size
  }
  answer.empty = (await time(TURN, () => 0)).ns
  return answer
}

// The phases that the pages of rivals share: one fills, one measures, and the last, which loads no library, looks at what
// is stored and deletes it.

import { openDatabaseOf, remove, verify } from '../page/database.ts'
import { nameOf, sleep } from '../page/steps.ts'
import { timed } from '../page/timed.ts'
import { createPairs, type Pair } from '../page/workload.ts'
import { joined } from '../shared/series.ts'
import type { Series, Step } from '../shared/suite.ts'
import { keysOf, REPEATS, STORES, type RivalName, type RivalWork } from './plan.ts'

/** ms for what the engine does behind earlier writes before the clock starts. */
const SETTLE_MS = 200

/** The entries of a contestant's database, those for warming up first. */
export function pairsOf({ round, work }: Step<RivalWork>): Pair[] {
  return createPairs(round, keysOf(work).all, work.bytes)
}

/** Warms up with the first pairs, then times the work with the others, `count` at a time. */
export async function measurePairs(step: Step<RivalWork>, work: (pairs: readonly Pair[]) => Promise<unknown>): Promise<Series> {
  const { count } = step.work
  const { warmUp } = keysOf(step.work)
  const pairs = pairsOf(step)
  await work(pairs.slice(0, warmUp))
  const answers: Series[] = []
  for (let repeat = 0; repeat < REPEATS; repeat++) {
    await sleep(SETTLE_MS)
    const start = warmUp + repeat * count
    answers.push(await timed(() => work(pairs.slice(start, start + count))))
  }
  return joined(answers)
}

/** @throws Error unless all that was to be stored is, and nothing else */
export async function checkStored(step: Step<RivalWork>): Promise<void> {
  const database = await openDatabaseOf(nameOf(step))
  await verify(database, STORES[step.contestant as RivalName], pairsOf(step))
  await remove(database)
}

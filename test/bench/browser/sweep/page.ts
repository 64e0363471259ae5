// The page that sweeps: one contestant on a fresh database. What is left must be what is live and nothing else, or nothing
// is reported.

import { createCache } from '../../../../src/index.ts'
import { createRandom, shuffle } from '../../random.ts'
import { fill, inspect, openDatabaseOf, remove } from '../page/database.ts'
import { nameOf, runStep, sleep } from '../page/steps.ts'
import { timed } from '../page/timed.ts'
import { createWorkload, NOW, type Workload } from '../page/workload.ts'
import type { Series, Step } from '../shared/suite.ts'
import { contestants, type Arena, type Contestant } from './contestants.ts'
import type { ContestantName, SweepWork } from './plan.ts'

const IDLE_READS = 20
/** ms for what the engine does behind a fill before the clock starts. */
const SETTLE_MS = 300
const SETTLE_MS_EACH = 0.02

async function compete(step: Step<SweepWork>): Promise<Series> {
  const { contestant: name, round, work } = step
  const contestant = contestants[name as ContestantName]
  const workload = createWorkload(round, work.size, work.share)
  const cacheName = nameOf(step)
  const faults: unknown[] = []
  const cache = createCache<string>({
    name: cacheName,
    // A get must find its key on disk.
    maxEntries: 1,
    maxStoredEntries: 1_000_000,
    sweepInterval: 2 ** 31 - 1,
    clock: { now: () => NOW },
    onError: (error) => faults.push(error),
  })
  // The first read makes the database, with the library's own schema.
  await cache.get('nothing')
  const database = await openDatabaseOf(cacheName)
  try {
    await fill(database, workload.rows)
    await sleep(SETTLE_MS + work.size * SETTLE_MS_EACH)
    const arena: Arena = { cache, database }
    const reader = createReader(contestant, arena, workload, round)
    const idleReads = await reader.run(IDLE_READS)

    let removed: unknown
    let watching: Promise<number[]> | undefined
    const series = await timed(async () => {
      const removing = contestant.remove(arena)
      watching = reader.run(Infinity)
      removed = await removing
      reader.stop()
    })
    const reads = (await watching) ?? []

    if (faults.length > 0) throw new Error(`${name}: ${faults.join('; ')}`)
    if (typeof removed === 'number' && removed !== workload.expired) throw new Error(`${name}: says ${removed} removed of ${workload.expired}`)
    await check(name, arena, workload)
    return { ...series, expired: [workload.expired], reads, idleReads }
  } finally {
    await cache.close()
    await remove(database)
  }
}

/** Everything that is live and nothing else must be left, in the store as in the index, and the library must read it. */
async function check(name: string, { cache, database }: Arena, { live, rows }: Workload): Promise<void> {
  const { keys, indexRows } = await inspect(database)
  const same = keys.length === live.length && keys.every((key, index) => key === live[index])
  if (!same) throw new Error(`${name}: ${keys.length} keys are left, which are not the ${live.length} live ones`)
  if (indexRows !== live.length) throw new Error(`${name}: ${indexRows} index rows for ${live.length} entries`)
  const values = new Map(rows.map(({ key, value }) => [key, value]))
  for (const key of [live[0], live.at(-1)]) {
    if (key !== undefined && (await cache.get(key)) !== values.get(key)) throw new Error(`${name}: cannot get ${key}`)
  }
}

/** Reads live keys one after the other until stopped, and tells how long each took. */
function createReader({ reader }: Contestant, arena: Arena, { live, rows }: Workload, seed: number) {
  const values = new Map(rows.map(({ key, value }) => [key, value]))
  const keys = shuffle(live, createRandom(seed + 1))
  let next = 0
  let stopped = false
  return {
    async run(most: number): Promise<number[]> {
      const times: number[] = []
      while (reader && !stopped && times.length < most) {
        const key = keys[next++ % keys.length]!
        const start = performance.now()
        const value = await reader.read(arena, key)
        times.push(performance.now() - start)
        if (value !== values.get(key)) throw new Error(`Read a wrong value of ${key}`)
        if (reader.pause > 0 && !stopped) await sleep(reader.pause)
      }
      return times
    },
    stop: () => {
      stopped = true
    },
  }
}

void runStep(compete)

// The page that measures: each contestant on a fresh database of the same entries, round after round. What is left must be
// the same for all of them, or nothing is reported. The runner (../run.ts) opens it and gets the answer by POST.

import { createCache } from '../../../../src/index.ts'
import { contestants, type Arena, type Contestant } from './contestants.ts'
import { fill, inspect, openDatabaseOf, remove } from './database.ts'
import type { Answer, ContestantName, Plan, Sample } from './plan.ts'
import { createWorkload, NOW, shuffle, type Workload } from './workload.ts'

const IDLE_READS = 20
/** ms for what the engine does behind a fill before the clock starts. */
const SETTLE_MS = 300

async function main(): Promise<void> {
  const plan: Plan = JSON.parse(new URLSearchParams(location.search).get('plan') ?? '')
  try {
    await post('answer', await measure(plan))
  } catch (error) {
    await post('failure', String((error as Error).stack ?? error))
  }
}

async function measure({ rounds, size, share, contestants: names }: Plan): Promise<Answer> {
  const samples: Sample[] = []
  let expired = 0
  for (let round = 0; round < rounds; round++) {
    const workload = createWorkload(round, size, share)
    expired = workload.expired
    // Each round begins with another contestant, so that no place in the order is anyone's own.
    for (let turn = 0; turn < names.length; turn++) {
      const name = names[(turn + round) % names.length]!
      const contestant = contestants[name]
      if (contestant.reader && workload.live.length === 0) continue
      const sample = await compete(name, contestant, round, workload)
      samples.push(sample)
      await post('progress', `round ${round + 1} of ${rounds}: ${name} ${sample.ms.toFixed(0)} ms`)
    }
  }
  return { userAgent: navigator.userAgent, expired, samples }
}

async function compete(name: ContestantName, contestant: Contestant, round: number, workload: Workload): Promise<Sample> {
  const cacheName = `bench-${name}-${round}`
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
    await sleep(SETTLE_MS)
    const arena: Arena = { cache, database }
    const reader = createReader(contestant, arena, workload, round)
    const idleReads = await reader.run(IDLE_READS)

    const start = performance.now()
    const removing = contestant.remove(arena)
    const watching = reader.run(Infinity)
    const removed = await removing
    const ms = performance.now() - start
    reader.stop()
    const reads = await watching

    if (faults.length > 0) throw new Error(`${name}: ${faults.join('; ')}`)
    if (typeof removed === 'number' && removed !== workload.expired) throw new Error(`${name}: says ${removed} removed of ${workload.expired}`)
    await check(name, arena, workload)
    return { contestant: name, round, ms, reads, idleReads }
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
  let state = seed + 1
  const keys = shuffle(live, (below) => (state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 1) % below)
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

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}

async function post(path: string, body: unknown): Promise<void> {
  await fetch(`/${path}`, { method: 'POST', body: JSON.stringify(body) })
}

void main()

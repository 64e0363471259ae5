// The page that uses one cache for long: second after second of the cache's clock, and now and then a sweep, a flush and a
// look at what has grown.

import { createCache } from '../../../../src/index.ts'
import { done, openDatabaseOf, remove } from '../page/database.ts'
import { nameOf, runStep, sleep } from '../page/steps.ts'
import { integers } from '../page/workload.ts'
import type { Series, Step } from '../shared/suite.ts'
import { createModel, isTagged } from './model.ts'
import type { EnduranceWork } from './plan.ts'
import { fill, read, write, type World } from './traffic.ts'

const BEGIN = 1_700_000_000_000
const SECOND_MS = 1_000
const MAX_ENTRIES = 5_000
const SETTLE_MS = 3_000
/** Seconds of the cache's clock. */
const SWEEP_EVERY = 60
const LOOK_EVERY = 10

async function use(step: Step<EnduranceWork>): Promise<Series> {
  const { size, seconds } = step.work
  const faults: unknown[] = []
  const world = createWorld(step, (error) => faults.push(error))
  const { cache, model } = world
  await fill(world, size)
  const database = await openDatabaseOf(nameOf(step))
  await sleep(SETTLE_MS)

  const [setMs, getMs, heapMb, rows, logRows]: number[][] = [[], [], [], [], []]
  const start = performance.now()
  for (let second = 1; second <= seconds; second++) {
    world.now += SECOND_MS
    setMs!.push(await write(world, second))
    getMs!.push(await read(world))
    if (second % SWEEP_EVERY === 0) await cache.sweep()
    if (second % LOOK_EVERY > 0) continue
    await cache.flush()
    // First, as a list of all keys is large too.
    heapMb!.push(...(await measureHeap()))
    const disk = await inspectDisk(database)
    rows!.push(disk.rows)
    logRows!.push(disk.logRows)
  }
  const ms = performance.now() - start

  if (faults.length > 0) throw new Error(`Reported: ${faults.join('; ')}`)
  if (model.count(world.now) <= size) throw new Error('The bound on stored entries was never needed')
  if (world.found < world.possible / 2) throw new Error(`Found ${world.found} of ${world.possible} values`)
  await cache.close()
  await remove(database)
  return { ms: [ms], setMs: setMs!, getMs: getMs!, heapMb: heapMb!, rows: rows!, logRows: logRows! }
}

function createWorld(step: Step<EnduranceWork>, onError: (error: unknown) => void): World {
  const { size } = step.work
  const keys = size * 1.5
  const cache = createCache<string>({ name: nameOf(step), maxEntries: MAX_ENTRIES, maxStoredEntries: size, clock: { now: () => world.now }, onError })
  const world: World = { cache, model: createModel(keys), keys, integer: integers(step.round), now: BEGIN, found: 0, possible: 0 }
  return world
}

/** @throws Error unless each entry has its row in the index on `expiresAt`, and each tagged one in that of tags */
async function inspectDisk(database: IDBDatabase): Promise<{ rows: number; logRows: number }> {
  const transaction = database.transaction(['entries', 'changes'], 'readonly')
  const entries = transaction.objectStore('entries')
  const [keys, byExpiry, byTag, logRows] = await Promise.all([
    done(entries.getAllKeys()),
    done(entries.index('expiresAt').count()),
    done(entries.index('tags').count()),
    done(transaction.objectStore('changes').count()),
  ])
  const tagged = keys.filter((key) => isTagged(Number(String(key).split(':')[1]))).length
  if (byExpiry !== keys.length || byTag !== tagged) throw new Error(`${keys.length} entries, ${tagged} of them tagged, have ${byExpiry} and ${byTag} index rows`)
  return { rows: keys.length, logRows }
}

/** MB in use after a collection, where the engine tells. */
async function measureHeap(): Promise<number[]> {
  // Chromium's own, behind switches.
  const { gc } = globalThis as { gc?: () => void }
  const { memory } = performance as { memory?: { usedJSHeapSize: number } }
  if (gc === undefined || memory === undefined) return []
  await sleep(0)
  gc()
  return [memory.usedJSHeapSize / 2 ** 20]
}

void runStep(use)

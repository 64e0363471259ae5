// The page that asks for its first entry. It has loaded the library's code and run none of it; the page that filled the
// database is gone.

import { fill, openDatabaseOf, remove, verifyCount } from '../page/database.ts'
import { nameOf, runStep, sleep } from '../page/steps.ts'
import { timed } from '../page/timed.ts'
import { createPairs, recordOf } from '../page/workload.ts'
import { STORES, TARGET_BYTES, type RivalName } from '../rivals/plan.ts'
import { loadRival } from '../rivals/rival.ts'
import type { Series, Step } from '../shared/suite.ts'
import { LOADS, type FirstGetWork } from './plan.ts'

/** ms until Chromium has closed the files of an origin that nobody uses: kBackingStoreGracePeriod and a little. */
const COLD_MS = 2_500

async function measure(step: Step<FirstGetWork>): Promise<Series> {
  switch (step.phase) {
    case 'fill':
      await store(step)
      return {}
    case 'check':
      await check(step)
      return {}
    default:
      return load(step, LOADS.findIndex((name) => name === step.phase))
  }
}

async function store(step: Step<FirstGetWork>): Promise<void> {
  const { round, work } = step
  const rival = await loadRival(step.contestant)
  const opened = await rival.open(nameOf(step), work.size)
  // The first read makes the database, with the library's own schema.
  await opened.get('nothing')
  const database = await openDatabaseOf(nameOf(step))
  const now = Date.now()
  await fill(database, createPairs(round, work.size, TARGET_BYTES).map((pair) => recordOf(pair, now)))
  database.close()
  await opened.close()
}

async function load(step: Step<FirstGetWork>, index: number): Promise<Series> {
  const rival = await loadRival(step.contestant)
  const { key, value } = createPairs(step.round, LOADS.length, TARGET_BYTES)[index]!
  await sleep(COLD_MS)
  let found: unknown
  let close = (): unknown => undefined
  const series = await timed(async () => {
    const opened = await rival.open(nameOf(step), step.work.size)
    found = await opened.get(key)
    close = opened.close
  })
  await close()
  if (found !== value) throw new Error(`Read another value than that of ${key}`)
  return series
}

async function check(step: Step<FirstGetWork>): Promise<void> {
  const database = await openDatabaseOf(nameOf(step))
  await verifyCount(database, STORES[step.contestant as RivalName], step.work.size)
  await remove(database)
}

void runStep(measure)

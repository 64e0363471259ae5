// The page that reads what the page before has stored: nothing is in memory, and each key is read once.

import { nameOf, runStep } from '../page/steps.ts'
import { checkStored, measurePairs, pairsOf } from '../rivals/page.ts'
import type { RivalWork } from '../rivals/plan.ts'
import { loadRival } from '../rivals/rival.ts'
import type { Series, Step } from '../shared/suite.ts'

const PUTS_AT_ONCE = 500

async function fill(step: Step<RivalWork>): Promise<Series> {
  const opened = await (await loadRival(step.contestant)).open(nameOf(step))
  const pairs = pairsOf(step)
  for (let start = 0; start < pairs.length; start += PUTS_AT_ONCE) await opened.setEach(pairs.slice(start, start + PUTS_AT_ONCE))
  await opened.close()
  return {}
}

async function read(step: Step<RivalWork>): Promise<Series> {
  const opened = await (await loadRival(step.contestant)).open(nameOf(step))
  const expected: unknown[] = []
  const found: unknown[] = []
  const series = await measurePairs(step, async (pairs) => {
    const keys = pairs.map(({ key }) => key)
    if (step.work.manner === 'concurrent') found.push(...(await opened.getEach(keys)))
    else for (const key of keys) found.push(await opened.get(key))
    expected.push(...pairs.map(({ value }) => value))
  })
  await opened.close()
  const wrong = expected.findIndex((value, index) => value !== found[index])
  if (wrong !== -1 || found.length !== expected.length) throw new Error(`Read ${found.length} values, of which number ${wrong} is wrong`)
  return series
}

async function check(step: Step<RivalWork>): Promise<Series> {
  await checkStored(step)
  return {}
}

const PHASES: Readonly<Record<string, (step: Step<RivalWork>) => Promise<Series>>> = { fill, read, check }

void runStep((step: Step<RivalWork>) => PHASES[step.phase]!(step))

// The page that writes: all keys are new, each repeat's are others.

import { nameOf, runStep } from '../page/steps.ts'
import { checkStored, measurePairs } from '../rivals/page.ts'
import type { RivalWork } from '../rivals/plan.ts'
import { loadRival } from '../rivals/rival.ts'
import type { Series, Step } from '../shared/suite.ts'

async function write(step: Step<RivalWork>): Promise<Series> {
  if (step.phase === 'check') {
    await checkStored(step)
    return {}
  }
  const opened = await (await loadRival(step.contestant)).open(nameOf(step))
  const series = await measurePairs(step, async (pairs) => {
    if (step.work.manner === 'concurrent') await opened.setEach(pairs)
    else for (const pair of pairs) await opened.set(pair)
  })
  await opened.close()
  return series
}

void runStep(write)

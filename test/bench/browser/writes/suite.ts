// Writes, all at once and one after the other, against raw IndexedDB and other libraries.

import { RIVAL_NAMES, RIVALS, targetOf, worksOf, type Calls, type RivalWork } from '../rivals/plan.ts'
import { summarizeRivals } from '../rivals/report.ts'
import type { Suite } from '../shared/suite.ts'
import { atLeast, atMost, figureOf, noLongTask } from '../shared/targets.ts'

const CONCURRENT: Calls = { call: 'set', manner: 'concurrent', counts: [1_000, 200] }
const SEQUENTIAL: Calls = { call: 'set', manner: 'sequential', counts: [300, 100] }
const AT_ONCE = targetOf(CONCURRENT)
const ONE_BY_ONE = targetOf(SEQUENTIAL)

export const writes: Suite<RivalWork> = {
  name: 'writes',
  contestants: RIVALS,
  phases: ['write', 'check'],
  comparedBy: 'xRaw',
  works: (choice) => [...worksOf(choice, CONCURRENT), ...worksOf(choice, SEQUENTIAL)],
  // One entry at a time is no work for calls that take many.
  contestantsOf: ({ manner }) => RIVAL_NAMES.filter((name) => manner === 'concurrent' || !name.endsWith('-bulk')),
  summarize: summarizeRivals,
  judge: (lines, engine) => [
    ...atMost(figureOf(lines, AT_ONCE, 'bestbefore', 'xRaw'), 1.3, `${AT_ONCE}, times raw`),
    ...(engine.startsWith('chromium') ? atLeast(figureOf(lines, AT_ONCE, 'idb-keyval', 'xBestbefore'), 5, `${AT_ONCE}, times faster than idb-keyval`) : []),
    ...atMost(figureOf(lines, ONE_BY_ONE, 'bestbefore', 'xRaw'), 1.15, `${ONE_BY_ONE}, times raw`),
    ...noLongTask(lines, ({ work, contestant }) => contestant === 'bestbefore' && (work === AT_ONCE || work === ONE_BY_ONE)),
  ],
}

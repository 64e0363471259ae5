// Reads of what is on disk and not in memory, against raw IndexedDB and other libraries.

import { RIVAL_NAMES, RIVALS, targetOf, worksOf, type Calls, type RivalWork } from '../rivals/plan.ts'
import { summarizeRivals } from '../rivals/report.ts'
import type { Suite } from '../shared/suite.ts'
import { atMost, figureOf, noLongTask } from '../shared/targets.ts'

const CONCURRENT: Calls = { call: 'cold get', manner: 'concurrent', counts: [1_000, 200] }
const AT_ONCE = targetOf(CONCURRENT)

export const reads: Suite<RivalWork> = {
  name: 'reads',
  contestants: RIVALS,
  phases: ['fill', 'read', 'check'],
  comparedBy: 'xRaw',
  works: (choice) => worksOf(choice, CONCURRENT),
  contestantsOf: () => RIVAL_NAMES.filter((name) => name !== 'raw-log'),
  summarize: summarizeRivals,
  judge: (lines) => [
    ...atMost(figureOf(lines, AT_ONCE, 'bestbefore', 'xRaw'), 1.3, `${AT_ONCE}, times raw`),
    ...noLongTask(lines, ({ work, contestant }) => contestant === 'bestbefore' && work === AT_ONCE),
  ],
}

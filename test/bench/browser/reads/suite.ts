// Reads of what is on disk and not in memory, against raw IndexedDB and other libraries.

import { RIVAL_NAMES, RIVALS, TARGET_BYTES, worksOf, type RivalWork } from '../rivals/plan.ts'
import { summarizeRivals } from '../rivals/report.ts'
import type { Suite } from '../shared/suite.ts'
import { atMost, figureOf, noLongTask } from '../shared/targets.ts'

const CONCURRENT = `1000 concurrent cold get, ${TARGET_BYTES} bytes`

export const reads: Suite<RivalWork> = {
  name: 'reads',
  contestants: RIVALS,
  phases: ['fill', 'read', 'check'],
  comparedBy: 'xRaw',
  works: (choice) => worksOf(choice, 'concurrent', 'cold get', [1_000, 200]),
  contestantsOf: () => RIVAL_NAMES,
  summarize: summarizeRivals,
  judge: (lines) => [
    ...atMost(figureOf(lines, CONCURRENT, 'bestbefore', 'xRaw'), 1.3, `${CONCURRENT}, times raw`),
    ...noLongTask(lines, ({ work, contestant }) => contestant === 'bestbefore' && work === CONCURRENT),
  ],
}

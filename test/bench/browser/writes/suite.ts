// Writes, all at once and one after the other, against raw IndexedDB and other libraries.

import { RIVAL_NAMES, RIVALS, TARGET_BYTES, worksOf, type RivalWork } from '../rivals/plan.ts'
import { summarizeRivals } from '../rivals/report.ts'
import type { Suite } from '../shared/suite.ts'
import { atLeast, atMost, figureOf, noLongTask } from '../shared/targets.ts'

const CONCURRENT = `1000 concurrent set, ${TARGET_BYTES} bytes`
const SEQUENTIAL = `300 sequential set, ${TARGET_BYTES} bytes`

export const writes: Suite<RivalWork> = {
  name: 'writes',
  contestants: RIVALS,
  phases: ['write', 'check'],
  comparedBy: 'xRaw',
  works: (choice) => [...worksOf(choice, 'concurrent', 'set', [1_000, 200]), ...worksOf(choice, 'sequential', 'set', [300, 100])],
  // One entry at a time is no work for calls that take many.
  contestantsOf: ({ manner }) => RIVAL_NAMES.filter((name) => manner === 'concurrent' || !name.endsWith('-bulk')),
  summarize: summarizeRivals,
  judge: (lines, engine) => [
    ...atMost(figureOf(lines, CONCURRENT, 'bestbefore', 'xRaw'), 1.3, `${CONCURRENT}, times raw`),
    ...(engine.startsWith('chromium') ? atLeast(figureOf(lines, CONCURRENT, 'idb-keyval', 'xBestbefore'), 5, `${CONCURRENT}, times faster than idb-keyval`) : []),
    ...atMost(figureOf(lines, SEQUENTIAL, 'bestbefore', 'xRaw'), 1.15, `${SEQUENTIAL}, times raw`),
    ...noLongTask(lines, ({ work, contestant }) => contestant === 'bestbefore' && (work === CONCURRENT || work === SEQUENTIAL)),
  ],
}

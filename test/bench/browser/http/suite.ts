// Responses that createCachedFetch gives from what it has stored, against those that are made by hand from the same.

import { MANNER_NAMES } from '../../answers.ts'
import { summarizeRivals } from '../rivals/report.ts'
import type { Suite } from '../shared/suite.ts'
import { atMost, figureOf, noLongTask } from '../shared/targets.ts'
import { ANSWERERS, httpWork, type HttpWork } from './plan.ts'

/** Times that they may take. */
const MOST: Readonly<Record<HttpWork['from'], number>> = { memory: 1.5, disk: 1.4 }

const DISK = httpWork('disk', MANNER_NAMES[0], 300)
const WORKS = [...MANNER_NAMES.map((asked) => httpWork('memory', asked, 2_000)), DISK]

export const http: Suite<HttpWork> = {
  name: 'http',
  contestants: ANSWERERS,
  phases: ['fill', 'answer'],
  comparedBy: 'xRaw',
  works: () => WORKS,
  contestantsOf: () => Object.keys(ANSWERERS),
  summarize: summarizeRivals,
  judge: (lines) => [
    ...WORKS.flatMap(({ label, from }) => atMost(figureOf(lines, label, 'bestbefore', 'xRaw'), MOST[from], `${label}, times by hand`)),
    // Answers from memory do not let go of the main thread, however many are asked for.
    ...noLongTask(lines, ({ work, contestant }) => contestant === 'bestbefore' && work === DISK.label),
  ],
}

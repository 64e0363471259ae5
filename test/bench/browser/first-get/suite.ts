// The first get after a page load, over the number of entries that are stored.

import type { RivalName } from '../rivals/plan.ts'
import { summarizeRivals } from '../rivals/report.ts'
import type { Suite } from '../shared/suite.ts'
import { atMost, figureOf, noLongTask } from '../shared/targets.ts'
import { LOADS, type FirstGetWork } from './plan.ts'

const SIZES = [1_000, 10_000, 50_000, 100_000]
const CONTESTANTS: Readonly<Partial<Record<RivalName, string>>> = {
  raw: 'raw IndexedDB: open, get',
  bestbefore: 'bestbefore createCache, get',
}
const TARGET = labelOf(50_000)

export const firstGet: Suite<FirstGetWork> = {
  name: 'first-get',
  contestants: CONTESTANTS,
  phases: ['fill', ...LOADS, 'check'],
  comparedBy: 'xRaw',
  growth: { title: 'First get after a page load', y: 'ms', figure: 'ms', series: { bestbefore: 'createCache, get', raw: 'raw open, get' } },
  works: ({ sizes = SIZES }) => sizes.map((size) => ({ label: labelOf(size), size })),
  contestantsOf: () => Object.keys(CONTESTANTS),
  summarize: summarizeRivals,
  judge: (lines) => [
    ...atMost(figureOf(lines, TARGET, 'bestbefore', 'xRaw'), 1.3, `${TARGET}, times raw open and get`),
    ...noLongTask(lines, ({ contestant }) => contestant === 'bestbefore'),
  ],
}

function labelOf(size: number): string {
  return `first get of ${size} entries`
}

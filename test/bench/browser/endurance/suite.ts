// Ten minutes of mixed use, compressed by the clock: nothing may grow, and nothing may get slower.

import { median, round } from '../../statistics.ts'
import type { Line, Sample, Suite } from '../shared/suite.ts'
import { atMost, figureOf } from '../shared/targets.ts'
import type { EnduranceWork } from './plan.ts'

const SIZE = 100_000
const SECONDS = 600
/** Times that the heap may be at the end what it was at the beginning. */
const MOST_HEAP_GROWTH = 1.1
/** Times that a call may take at the end what it took at the beginning. */
const MOST_DRIFT = 1.5
/** Records in the log of changes: 500, and those that are about to be cut. */
const MOST_LOG = 600

export const endurance: Suite<EnduranceWork> = {
  name: 'endurance',
  contestants: { bestbefore: 'bestbefore createCache, maxEntries 5000' },
  phases: ['use'],
  comparedBy: 'heapGrowth',
  // Elsewhere a page cannot tell the size of its heap.
  engines: ['chromium'],
  rounds: 1,
  switches: ['--js-flags=--expose-gc', '--enable-precise-memory-info'],
  works: ({ sizes = [SIZE] }) => sizes.map((size) => ({ label: labelOf(size), size, seconds: SECONDS })),
  contestantsOf: () => ['bestbefore'],
  summarize: (samples) => samples.map(lineOf),
  judge: (lines) =>
    lines.flatMap(({ work, figures: { bound } }) => {
      const figure = (column: string) => figureOf(lines, work, 'bestbefore', column)
      return [
        ...atMost(figure('heapGrowth'), MOST_HEAP_GROWTH, `${work}, heap in the last tenth of the time over that in the first`),
        ...atMost(figure('mostRows'), bound!, `${work}, most rows on disk after a flush`),
        ...atMost(figure('logRows'), MOST_LOG, `${work}, records in the log`),
        ...atMost(figure('getDrift'), MOST_DRIFT, `${work}, a cold get in the last tenth of the time over one in the first`),
        ...atMost(figure('setDrift'), MOST_DRIFT, `${work}, a set in the last tenth of the time over one in the first`),
      ]
    }),
}

function labelOf(size: number): string {
  return `${SECONDS / 60} minutes with ${size} entries`
}

function lineOf({ work, contestant, series }: Sample<EnduranceWork>): Line {
  const { ms = [], getMs = [], setMs = [], heapMb = [], rows = [], logRows = [] } = series
  const seconds = round(ms[0]! / 1_000)
  const [get, set, heap] = [tenths(getMs), tenths(setMs), tenths(heapMb)]
  return {
    work: work.label,
    contestant,
    figures: {
      seconds,
      getMs: round(get.first, 2),
      getDrift: round(get.growth, 2),
      setMs: round(set.first, 2),
      setDrift: round(set.growth, 2),
      ...(heapMb.length > 0 && { heapMb: round(heap.first, 2), heapGrowth: round(heap.growth, 2) }),
      mostRows: Math.max(...rows),
      bound: work.size,
      logRows: Math.max(...logRows),
    },
    perRound: [seconds],
  }
}

/** Medians of the first and, over it, of the last tenth of the time. */
function tenths(values: readonly number[]): { first: number; growth: number } {
  const length = Math.ceil(values.length / 10)
  const first = median(values.slice(0, length))
  return { first, growth: median(values.slice(-length)) / first }
}

// The sweep of what expired, against what an app would write itself, and the reads that go on meanwhile.

import type { EngineName } from '../../../browser/engines.ts'
import { median, round } from '../../statistics.ts'
import { linesOf, longTaskFigures, msOf, ratioTo, rounded, seriesOf } from '../shared/lines.ts'
import { percentiles } from '../shared/percentiles.ts'
import type { Choice, Line, Sample, Suite, Verdict } from '../shared/suite.ts'
import { atLeast, atMost, figureOf, noLongTask } from '../shared/targets.ts'
import { CONTESTANTS, type ContestantName, type SweepWork } from './plan.ts'

/** Sizes at which every share is swept. */
const SIZES = [20_000, 100_000] as const
const SHARES = [10, 50, 90, 100]
/** More sizes, and the share at which they show how the cost grows. */
const SIZES_OF_GROWTH = [1_000, 5_000, 50_000]
const SHARE_OF_GROWTH = 90

/** How many times faster than the value cursor a sweep must be, where 90 % of 20,000 entries expired. */
const LEAST_RATIO: Readonly<Record<EngineName, number>> = { chromium: 10, 'chromium-sqlite': 10, firefox: 35, webkit: 2.8 }
/** Times that a sweep may take of sorted single deletes, at any size and share. */
const MOST_OF_SORTED = 1.2
/** Times that an expired entry may cost of 100,000 entries what it costs of 20,000. */
const MOST_GROWTH = 1.5
/** ms within which 99 % of the gets during a sweep must be answered, and all of them. */
const MOST_P99 = 50
const MOST_MAX = 200

/** Beyond it a value cursor takes minutes. */
const MOST_FOR_CURSOR = 20_000
const ALWAYS: readonly ContestantName[] = ['sorted', 'sweep']
/** Readers of other kinds, at one work only. */
const READERS: readonly ContestantName[] = ['gets-10ms', 'other', 'other-10ms']

const NAMES = Object.keys(CONTESTANTS) as ContestantName[]

export const sweep: Suite<SweepWork> = {
  name: 'sweep',
  contestants: CONTESTANTS,
  phases: ['sweep'],
  comparedBy: 'xSorted',
  growth: {
    title: `Sweep, ${SHARE_OF_GROWTH} % of the entries expired`,
    y: 'µs per expired entry',
    figure: 'usPerExpired',
    series: { sweep: 'bestbefore sweep()', sorted: 'sorted single deletes' },
    where: { share: SHARE_OF_GROWTH },
  },
  works,
  contestantsOf: ({ size, share }) =>
    NAMES.filter((name) => {
      if (ALWAYS.includes(name)) return true
      if (name === 'cursor') return size <= MOST_FOR_CURSOR
      if (READERS.includes(name)) return size === SIZES[0] && share === SHARE_OF_GROWTH
      return share < 100 && size >= SIZES[0]
    }),
  summarize,
  judge: (lines, engine) => [
    ...atLeast(figureOf(lines, labelOf(SIZES[0], 90), 'sweep', 'timesFaster'), LEAST_RATIO[engine], `${labelOf(SIZES[0], 90)}, times faster than the value cursor`),
    ...lines.flatMap(({ work, contestant, figures: { xSorted } }) => (contestant === 'sweep' ? atMost(xSorted, MOST_OF_SORTED, `${work}, times sorted single deletes`) : [])),
    ...SHARES.flatMap((share) => judgeGrowth(lines, share)),
    ...lines.flatMap(({ work, contestant, figures: { gets, p99, max } }) => {
      if (!contestant.startsWith('gets')) return []
      const text = `${work}, ${CONTESTANTS[contestant as ContestantName]}, ${gets} in all`
      return [...atMost(p99, MOST_P99, `${text}, p99 in ms`), ...atMost(max, MOST_MAX, `${text}, longest in ms`)]
    }),
    ...noLongTask(lines, ({ contestant }) => contestant === 'sweep' || contestant.startsWith('gets')),
  ],
}

function works({ sizes, shares }: Choice): SweepWork[] {
  const asked = (sizes ?? SIZES).flatMap((size) => (shares ?? SHARES).map((share) => ({ size, share })))
  const growth = sizes || shares ? [] : SIZES_OF_GROWTH.map((size) => ({ size, share: SHARE_OF_GROWTH }))
  return [...growth, ...asked].map((work) => ({ label: labelOf(work.size, work.share), ...work }))
}

function labelOf(size: number, share: number): string {
  return `${size} entries, ${share} % expired`
}

function judgeGrowth(lines: readonly Line[], share: number): Verdict[] {
  const [few, many] = SIZES.map((size) => figureOf(lines, labelOf(size, share), 'sweep', 'usPerExpired'))
  if (few === undefined || many === undefined) return []
  return atMost(round(many / few, 2), MOST_GROWTH, `${share} % expired, ${few} µs per expired entry of ${SIZES[0]}, ${many} µs of ${SIZES[1]}, times`)
}

function summarize(samples: readonly Sample<SweepWork>[]): Line[] {
  return linesOf(samples, NAMES, (own, all) => {
    const { contestant, work, series } = own[0]!
    const ms = median(own.map(msOf))
    const [reads, idle] = [seriesOf(own, 'reads'), seriesOf(own, 'idleReads')]
    const xCursor = ratioTo('cursor', own, all)
    return {
      work: work.label,
      contestant,
      figures: {
        ms: round(ms),
        usPerExpired: round((ms * 1_000) / series['expired']![0]!),
        ...rounded({ timesFaster: xCursor && 1 / xCursor, xSorted: ratioTo('sorted', own, all) }, 2),
        ...(reads.length > 0 && { gets: reads.length, ...percentiles(reads), idleP50: percentiles(idle).p50, idleMax: percentiles(idle).max }),
        ...longTaskFigures(own),
        entries: work.size,
        share: work.share,
      },
      perRound: own.map((sample) => round(msOf(sample))),
    }
  })
}

// The sweep of what expired, against what an app would write itself, and the reads that go on meanwhile.

import type { EngineName } from '../../../browser/engines.ts'
import { median, percentiles, round } from '../shared/statistics.ts'
import type { Line, Sample, Suite } from '../shared/suite.ts'
import { CONTESTANTS, type ContestantName, type SweepWork } from './plan.ts'

/** How many times faster than the baseline a sweep must be, where 90 % of 20,000 entries expired. */
const LEAST_RATIO: Readonly<Record<EngineName, number>> = { chromium: 7, 'chromium-sqlite': 7, firefox: 25, webkit: 2.4 }
/** ms within which 99 % of the gets during a sweep must be answered. */
const MOST_P99 = 100

const NAMES = Object.keys(CONTESTANTS) as ContestantName[]

export const sweep: Suite<SweepWork> = {
  name: 'sweep',
  contestants: CONTESTANTS,
  phases: ['sweep'],
  comparedBy: 'timesFaster',
  works: ({ sizes = [20_000], shares = [90] }) => sizes.flatMap((size) => shares.map((share) => ({ label: labelOf(size, share), size, share }))),
  contestantsOf: ({ share }) => NAMES.filter((name) => share < 100 || name === 'cursor' || name === 'sorted' || name === 'sweep'),
  summarize,
  judge(lines, engine) {
    const timesFaster = lines.find(({ work, contestant }) => work === labelOf(20_000, 90) && contestant === 'sweep')?.figures['timesFaster']
    const least = LEAST_RATIO[engine]
    const speed = timesFaster === undefined ? [] : [{ text: `sweep() is ${timesFaster} times faster than the value cursor, target ${least}`, passed: timesFaster >= least }]
    const latency = lines.flatMap(({ work, contestant, figures: { gets, p99 } }) => {
      if (!contestant.startsWith('gets') || p99 === undefined) return []
      return [{ text: `${work}, ${contestant}: p99 ${p99} ms of ${gets}, target < ${MOST_P99}`, passed: p99 < MOST_P99 }]
    })
    return [...speed, ...latency]
  },
}

function labelOf(size: number, share: number): string {
  return `${size} entries, ${share} % expired`
}

function summarize(samples: readonly Sample<SweepWork>[]): Line[] {
  const lines: Line[] = []
  for (const label of new Set(samples.map(({ work }) => work.label))) {
    const all = samples.filter(({ work }) => work.label === label)
    const baseline = new Map(all.filter(({ contestant }) => contestant === 'cursor').map((sample) => [sample.round, msOf(sample)]))
    for (const contestant of NAMES) {
      const own = all.filter((sample) => sample.contestant === contestant)
      if (own.length === 0) continue
      const ms = median(own.map(msOf))
      const ratios = own.flatMap((sample) => (baseline.get(sample.round) ?? NaN) / msOf(sample)).filter(Number.isFinite)
      const reads = own.flatMap(({ series }) => series['reads'] ?? [])
      const idle = own.flatMap(({ series }) => series['idleReads'] ?? [])
      lines.push({
        work: label,
        contestant,
        figures: {
          ms: round(ms),
          usPerExpired: round((ms * 1_000) / own[0]!.series['expired']![0]!),
          ...(ratios.length > 0 && { timesFaster: round(median(ratios), 2) }),
          ...(reads.length > 0 && { gets: reads.length, ...percentiles(reads), idleP50: percentiles(idle).p50, idleMax: percentiles(idle).max }),
        },
        perRound: own.map((sample) => round(msOf(sample))),
      })
    }
  }
  return lines
}

function msOf({ series }: Sample): number {
  return series['ms']![0]!
}

// Tables of rivals: each one's time as a multiple of the limit's in the same round.

import { median, round } from '../shared/statistics.ts'
import type { Line, Sample, Work } from '../shared/suite.ts'
import { RIVAL_NAMES } from './plan.ts'

/** @param samples of works that are one call, or `count` of them */
export function summarizeRivals(samples: readonly Sample<Work & { readonly count?: number }>[]): Line[] {
  const lines: Line[] = []
  for (const label of new Set(samples.map(({ work }) => work.label))) {
    const all = samples.filter(({ work }) => work.label === label)
    for (const contestant of RIVAL_NAMES) {
      const own = all.filter((sample) => sample.contestant === contestant)
      if (own.length === 0) continue
      const ms = median(own.map(msOf))
      const { count } = own[0]!.work
      const longTasks = own.flatMap(({ series }) => series['longTasks'] ?? [])
      lines.push({
        work: label,
        contestant,
        figures: {
          ms: round(ms, 2),
          ...(count !== undefined && { usEach: round((ms * 1_000) / count) }),
          ...ratioTo('raw', 'xRaw', own, all),
          ...ratioTo('bestbefore', 'xBestbefore', own, all),
          ...(own[0]!.series['longTasks'] && { longTasks: longTasks.length, longest: round(Math.max(0, ...longTasks)) }),
        },
        perRound: own.map((sample) => round(msOf(sample), 2)),
      })
    }
  }
  return lines
}

/** The median of each round's own ratio; nothing where the other was not measured. */
function ratioTo(other: string, column: string, own: readonly Sample[], all: readonly Sample[]): Record<string, number> {
  const others = new Map(all.filter(({ contestant }) => contestant === other).map((sample) => [sample.round, msOf(sample)]))
  const ratios = own.map((sample) => msOf(sample) / (others.get(sample.round) ?? NaN)).filter(Number.isFinite)
  return ratios.length > 0 ? { [column]: round(median(ratios), 2) } : {}
}

/** The median of what one round's pages repeated. */
function msOf({ series }: Sample): number {
  return median(series['ms']!)
}

// Tables of rivals: each one's time as a multiple of the limit's in the same round.

import { linesOf, longTaskFigures, msOf, ratioTo, rounded } from '../shared/lines.ts'
import { median, round } from '../shared/statistics.ts'
import type { Line, Sample, Work } from '../shared/suite.ts'
import { RIVAL_NAMES } from './plan.ts'

/** @param samples of works that are one call, or `count` of them */
export function summarizeRivals(samples: readonly Sample<Work & { readonly count?: number }>[]): Line[] {
  return linesOf(samples, RIVAL_NAMES, (own, all) => {
    const { contestant, work } = own[0]!
    const ms = median(own.map(msOf))
    return {
      work: work.label,
      contestant,
      figures: {
        ms: round(ms, 2),
        ...(work.count !== undefined && { usEach: round((ms * 1_000) / work.count) }),
        ...rounded({ xRaw: ratioTo('raw', own, all), xBestbefore: ratioTo('bestbefore', own, all) }, 2),
        ...longTaskFigures(own),
      },
      perRound: own.map((sample) => round(msOf(sample), 2)),
    }
  })
}

// Tables of rivals: each one's time as a multiple of the limit's in the same round.

import { median, round } from '../../statistics.ts'
import { linesOf, longTaskFigures, msOf, ratioTo, rounded } from '../shared/lines.ts'
import type { Line, Sample, Work } from '../shared/suite.ts'
import { RIVAL_NAMES } from './plan.ts'

/** A call, or `count` of them, on a database that is new or has `size` entries. */
interface CallWork extends Work {
  readonly count?: number
  readonly size?: number
}

export function summarizeRivals(samples: readonly Sample<CallWork>[]): Line[] {
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
        ...(work.size !== undefined && { entries: work.size }),
      },
      perRound: own.map((sample) => round(msOf(sample), 2)),
    }
  })
}

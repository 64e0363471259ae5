// Makes the rows of a table of samples.

import { median, round } from '../../statistics.ts'
import type { Line, Sample, Work } from './suite.ts'

/** A row for each contestant at each work. `lineOf` gets its samples, and those of all contestants at the same work. */
export function linesOf<S extends Sample>(samples: readonly S[], contestants: readonly string[], lineOf: (own: readonly S[], all: readonly S[]) => Line): Line[] {
  const labels = [...new Set(samples.map(({ work }) => work.label))]
  return labels.flatMap((label) => {
    const all = samples.filter(({ work }) => work.label === label)
    const owns = contestants.map((contestant) => all.filter((sample) => sample.contestant === contestant))
    return owns.filter((own) => own.length > 0).map((own) => lineOf(own, all))
  })
}

/** ms of a round: the median of what its pages repeated. */
export function msOf({ series }: Sample<Work>): number {
  return median(series['ms']!)
}

export function seriesOf(samples: readonly Sample[], name: string): number[] {
  return samples.flatMap(({ series }) => series[name] ?? [])
}

/** The time as a multiple of another contestant's: the median of each round's own ratio, undefined without the other. */
export function ratioTo(other: string, own: readonly Sample[], all: readonly Sample[]): number | undefined {
  const others = new Map(all.filter(({ contestant }) => contestant === other).map((sample) => [sample.round, msOf(sample)]))
  const ratios = own.map((sample) => msOf(sample) / (others.get(sample.round) ?? NaN)).filter(Number.isFinite)
  return ratios.length > 0 ? median(ratios) : undefined
}

/** How many tasks kept the main thread over 50 ms, and the longest; nothing where the engine cannot tell. */
export function longTaskFigures(own: readonly Sample[]): Record<string, number> {
  if (own[0]?.series['longTasks'] === undefined) return {}
  const tasks = seriesOf(own, 'longTasks')
  return { longTasks: tasks.length, longest: round(Math.max(0, ...tasks)) }
}

/** The figures that there are, rounded. */
export function rounded(figures: Readonly<Record<string, number | undefined>>, digits: number): Record<string, number> {
  return Object.fromEntries(Object.entries(figures).flatMap(([name, figure]) => (figure === undefined ? [] : [[name, round(figure, digits)]])))
}

// What the laps come to: each library's time as a multiple of bestbefore's in the same round.

import { NAMES, type Name } from './contestant.ts'
import type { Lap } from './race.ts'
import type { Task } from './tasks.ts'

export interface Result {
  readonly name: Name
  /** Median over the rounds. */
  readonly ms: number
  readonly ratio: number
}

/** The libraries that have a round to be compared in, in the order of {@link NAMES}. */
export function resultsOf(task: Task, laps: readonly Lap[]): Result[] {
  const own = laps.filter((lap) => lap.task === task)
  const base = new Map(own.filter(({ name }) => name === 'bestbefore').map(({ round, ms }) => [round, ms]))
  return NAMES.flatMap((name) => {
    const compared = own.filter((lap) => lap.name === name && base.has(lap.round))
    if (compared.length === 0) return []
    return [{ name, ms: median(compared.map(({ ms }) => ms)), ratio: median(compared.map(({ ms, round }) => ms / base.get(round)!)) }]
  })
}

export function formatRatio(ratio: number): string {
  return ratio < 10 ? ratio.toFixed(2) : ratio.toFixed(1)
}

/** The table that the copy button copies. */
export function toMarkdown(tasks: readonly Task[], laps: readonly Lap[], rounds: number): string {
  const lines = tasks.map((task) => {
    const results = resultsOf(task, laps)
    const base = results.find(({ name }) => name === 'bestbefore')
    return `| ${[task.title, ...results.map(({ ratio }) => formatRatio(ratio)), base?.ms.toFixed(1)].join(' | ')} |`
  })
  return [
    `Times as multiples of bestbefore’s, median of ${rounds} ${rounds === 1 ? 'round' : 'rounds'}, ${new Date().toISOString().slice(0, 10)}, ${navigator.userAgent}`,
    '',
    `| | ${NAMES.join(' | ')} | bestbefore, ms |`,
    `|---|${'---|'.repeat(NAMES.length + 1)}`,
    ...lines,
  ].join('\n')
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2
}

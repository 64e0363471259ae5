// Finds the figures in what was measured. All ratios are those of one round, of which the median counts.

import { median } from '../statistics.ts'
import type { Sample, Task } from './plan.ts'

type Keys<T> = T extends unknown ? keyof T : never
type ValueOf<T, K extends PropertyKey> = T extends Readonly<Record<K, infer V>> ? V : never
/** What a task must be like, as far as it is said. */
export type Like = { readonly [K in Keys<Task>]?: ValueOf<Task, K> }

/** A figure of each round. */
export type PerRound = ReadonlyMap<number, number>

/** The samples of such tasks. */
export function samplesOf(samples: readonly Sample[], like: Like): readonly Sample[] {
  const wanted = Object.entries(like)
  return samples.filter(({ task }) => wanted.every(([key, value]) => (task as Like)[key as keyof Like] === value))
}

/** The figures of that name among the answers to such tasks. */
export function figuresOf(samples: readonly Sample[], like: Like, name: string): PerRound {
  return new Map(samplesOf(samples, like).flatMap(({ round, answer }) => (answer[name] === undefined ? [] : [[round, answer[name]]])))
}

/** The median; undefined when nothing was measured. */
export function middleOf(figures: PerRound): number | undefined {
  return figures.size === 0 ? undefined : median([...figures.values()])
}

/** The least; undefined when nothing was measured. */
export function leastOf(figures: PerRound): number | undefined {
  return figures.size === 0 ? undefined : Math.min(...figures.values())
}

/** The median of the quotients of each round; undefined when there is no round with both. */
export function ratioOf(figures: PerRound, others: PerRound): number | undefined {
  const ratios = [...figures].flatMap(([round, figure]) => {
    const other = others.get(round)
    return other === undefined ? [] : [figure / other]
  })
  return ratios.length === 0 ? undefined : median(ratios)
}

// Percentiles of many measured numbers.

import { round } from '../../statistics.ts'

export interface Percentiles {
  readonly p50: number
  readonly p99: number
  readonly max: number
}

/** By nearest rank: with fewer than 100 values, p99 is the largest. */
export function percentiles(values: readonly number[]): Percentiles {
  const sorted = values.toSorted((a, b) => a - b)
  const at = (share: number) => round(sorted[Math.ceil(share * sorted.length) - 1]!)
  return { p50: at(0.5), p99: at(0.99), max: at(1) }
}

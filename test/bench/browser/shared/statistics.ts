// Makes few numbers of many.

export interface Percentiles {
  readonly p50: number
  readonly p99: number
  readonly max: number
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2
}

/** By nearest rank: with fewer than 100 values, p99 is the largest. */
export function percentiles(values: readonly number[]): Percentiles {
  const sorted = values.toSorted((a, b) => a - b)
  const at = (share: number) => round(sorted[Math.ceil(share * sorted.length) - 1]!)
  return { p50: at(0.5), p99: at(0.99), max: at(1) }
}

export function round(value: number, digits = 1): number {
  return Number(value.toFixed(digits))
}

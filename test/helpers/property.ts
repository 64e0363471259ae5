// Parameters of property tests: one fixed seed, so that every run is the same; fast-check prints it with what failed.
// SEED=<number> tries another one, RUNS=<factor> tries more of them.

import type { Parameters } from 'fast-check'

const SEED = Number(process.env['SEED'] ?? 20_210_126)
const FACTOR = Number(process.env['RUNS'] ?? 1)

export function runs<T = unknown>(numRuns: number): Parameters<T> {
  return { seed: SEED, numRuns: Math.ceil(numRuns * FACTOR) }
}

/** Numbers in [0, 1), the same ones for the same seed (mulberry32). */
export function random(seed = SEED): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

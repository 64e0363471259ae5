// What is done in each round, and in which order.

import { MANNER_NAMES } from '../answers.ts'
import {
  DOOR_NAMES,
  ENTRIES,
  GROWTH_SIZES,
  KEY_KINDS,
  TTL_KINDS,
  WEIGHTED_NAMES,
  WORKLOAD_NAMES,
  CONTESTANTS,
  type ContestantName,
  type KeyKind,
  type PartName,
  type Task,
  type WorkloadName,
} from './plan.ts'

export interface Choice {
  readonly rounds: number
  readonly parts: readonly PartName[]
  readonly contestants: readonly ContestantName[]
  readonly workloads: readonly WorkloadName[]
  readonly keys: readonly KeyKind[]
}

const GROWTH_CONTESTANTS = ['map', 'bestbefore', 'lru-cache'] as const
const EXPIRY_CONTESTANTS = ['map', 'bestbefore'] as const
const EXPIRING = 200_000
const FOOTPRINT_SIZES = [10_000, ENTRIES, 70_000, 200_000] as const
/** Parts that show how a cost grows repeat as often; the largest size, which takes a quarter of a minute, is measured once. */
const GROWTH_ROUNDS = 3
const MEASURED_ONCE = 1_000_000

/** Each part, the tasks of one round, in the order of the contestants. */
const parts: Readonly<Record<PartName, (choice: Choice, round: number) => Task[]>> = {
  race: ({ contestants, keys, workloads }, seed) =>
    keys.flatMap((kind) =>
      contestants
        .filter((contestant) => !CONTESTANTS[contestant].slow || kind === KEY_KINDS[0])
        .map((contestant) => ({ type: 'race', contestant, keys: kind, entries: ENTRIES, weighted: false, workloads, seed }) as const),
    ),

  weights: ({ contestants, workloads }, seed) =>
    among(WEIGHTED_NAMES, contestants).map(
      (contestant) => ({ type: 'race', contestant, keys: 'strings', entries: ENTRIES, weighted: true, workloads, seed }) as const,
    ),

  growth: ({ contestants, workloads }, seed) =>
    (seed < GROWTH_ROUNDS ? sizesOf(seed) : []).flatMap((entries) =>
      among(GROWTH_CONTESTANTS, contestants).map(
        (contestant) => ({ type: 'race', contestant, keys: 'strings', entries, weighted: false, workloads, seed }) as const,
      ),
    ),

  expiry: ({ contestants }, seed) => {
    if (seed >= GROWTH_ROUNDS) return []
    const racing = among(EXPIRY_CONTESTANTS, contestants)
    return TTL_KINDS.flatMap((ttls) => [
      ...sizesOf(seed).flatMap((entries) => racing.map((contestant) => ({ type: 'expiry', contestant, entries, ttls, seed }) as const)),
      ...racing.map((contestant) => ({ type: 'pauses', contestant, entries: EXPIRING, ttls, seed }) as const),
    ])
  },

  footprint: ({ contestants }, seed) =>
    seed > 0 ? [] : FOOTPRINT_SIZES.flatMap((entries) => contestants.map((contestant) => ({ type: 'footprint', contestant, entries }) as const)),

  doors: ({ contestants }, seed) => (contestants.includes('bestbefore') ? DOOR_NAMES.map((door) => ({ type: 'door', door, seed }) as const) : []),

  http: ({ contestants }, seed) => (contestants.includes('bestbefore') ? MANNER_NAMES.map((manner) => ({ type: 'http', manner, seed }) as const) : []),
}

/** The tasks of a round. Each begins with another contestant, so that no place in the order is anyone's own. */
export function tasksOf(choice: Choice, round: number): Task[] {
  const first = round % choice.contestants.length
  const contestants = [...choice.contestants.slice(first), ...choice.contestants.slice(0, first)]
  return choice.parts.flatMap((part) => parts[part]({ ...choice, contestants }, round))
}

/** Whether nothing was left out: then the figures can stand for the library. */
export function isComplete({ parts: names, contestants, workloads, keys }: Choice): boolean {
  const chosen = names.length + contestants.length + workloads.length + keys.length
  return chosen === Object.keys(parts).length + Object.keys(CONTESTANTS).length + WORKLOAD_NAMES.length + KEY_KINDS.length
}

function sizesOf(round: number): readonly number[] {
  return GROWTH_SIZES.filter((size) => size < MEASURED_ONCE || round === 0)
}

function among<T extends ContestantName>(names: readonly T[], chosen: readonly ContestantName[]): T[] {
  return chosen.filter((name): name is T => names.some((other) => other === name))
}

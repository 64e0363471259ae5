// Prints what was measured: a table per part, then the targets.

import { MANNER_NAMES, type MannerName } from '../answers.ts'
import { round } from '../statistics.ts'
import { printTable } from '../table.ts'
import { figuresOf, leastOf, middleOf, ratioOf, samplesOf, type Like } from './figures.ts'
import type { Verdict } from './judge.ts'
import {
  CONTESTANT_NAMES,
  CONTESTANTS,
  DOOR_NAMES,
  ENTRIES,
  GROWTH_SIZES,
  KEY_KINDS,
  PAUSE_PHASES,
  TTL_KINDS,
  TURN,
  WEIGHTED_NAMES,
  WORKLOAD_NAMES,
  type ContestantName,
  type Sample,
  type Task,
} from './plan.ts'

export function printReport(samples: readonly Sample[]): void {
  const has = (like: Like) => samplesOf(samples, like).length > 0
  for (const keys of KEY_KINDS) {
    const like = { type: 'race', keys, entries: ENTRIES, weighted: false } as const
    if (has(like)) printRaces(`${keys} as keys, ${ENTRIES} entries`, samples, like, CONTESTANT_NAMES, 'map')
  }
  const weighted = { type: 'race', weighted: true } as const
  if (has(weighted)) printRaces(`with weights, ${ENTRIES} entries`, samples, weighted, WEIGHTED_NAMES, 'lru-cache')
  for (const entries of GROWTH_SIZES) {
    const like = { type: 'race', entries } as const
    if (has(like)) printRaces(`growth, ${entries} entries`, samples, like, ['map', 'bestbefore', 'lru-cache'], 'map')
  }
  if (has({ type: 'expiry' })) printExpiry(samples)
  if (has({ type: 'footprint' })) printFootprints(samples)
  if (has({ type: 'door' })) {
    console.log('\ncreateCache without a name: ns per call')
    printTable(DOOR_NAMES.map((door) => [door, number(middleOf(figuresOf(samples, { type: 'door', door }, 'ns')))]))
  }
  if (has({ type: 'http' })) {
    console.log('\ncreateCachedFetch, a hit from memory, and a Response made from a Map: ns per call')
    const cells = (manner: MannerName) => ['cachedFetch', 'map'].map((name) => number(middleOf(figuresOf(samples, { type: 'http', manner }, name))))
    printTable([['asked for by', 'cachedFetch', 'map'], ...MANNER_NAMES.map((manner) => [manner, ...cells(manner)])])
  }
}

function printRaces(title: string, samples: readonly Sample[], like: Like, names: readonly ContestantName[], base: ContestantName): void {
  const empty = middleOf(figuresOf(samples, { ...like, contestant: base }, 'empty'))
  console.log(`\n${title}: ns per call, and x the time of ${base}; a turn of ${TURN} calls adds ${number(empty)} ns to each`)
  const rows = names.flatMap((contestant) => {
    const cells = WORKLOAD_NAMES.flatMap((workload) => {
      const own = figuresOf(samples, { ...like, contestant }, workload)
      const times = ratioOf(own, figuresOf(samples, { ...like, contestant: base }, workload))
      return [number(middleOf(own)), times === undefined ? '' : times.toFixed(2)]
    })
    return cells.every((cell) => cell === '') ? [] : [[CONTESTANTS[contestant].label, ...cells]]
  })
  printTable([['', ...WORKLOAD_NAMES.flatMap((name) => [name, 'x'])], ...rows])
}

function printExpiry(samples: readonly Sample[]): void {
  console.log('\nexpiry: ns per entry in use (its set, a get, its removal) and in one call of sweep; ms of the longest operation, of the best round')
  const rows = TTL_KINDS.flatMap((ttls) =>
    (['map', 'bestbefore'] as const).map((contestant) => {
      const costs = GROWTH_SIZES.flatMap((entries) =>
        ['use', 'sweep'].map((name) => number(middleOf(figuresOf(samples, { type: 'expiry', contestant, ttls, entries }, name)))),
      )
      const pauses = PAUSE_PHASES.map((name) => number(leastOf(figuresOf(samples, { type: 'pauses', contestant, ttls }, name))))
      return [`${contestant}, ${ttls} ttl`, ...costs, ...pauses]
    }),
  )
  printTable([['', ...GROWTH_SIZES.flatMap((size) => [`${size} use`, 'sweep']), 'growing', 'in use', 'after a leap'], ...rows])
}

function printFootprints(samples: readonly Sample[]): void {
  const sizes = [...new Set(samples.flatMap(({ task }) => (isFootprint(task) ? [task.entries] : [])))]
  console.log('\nfootprint: bytes per entry, without key and value')
  const rows = CONTESTANT_NAMES.map((contestant) => [
    CONTESTANTS[contestant].label,
    ...sizes.map((entries) => number(middleOf(figuresOf(samples, { type: 'footprint', contestant, entries }, 'bytes')))),
  ])
  printTable([['entries', ...sizes], ...rows])
}

function isFootprint(task: Task): task is Extract<Task, { type: 'footprint' }> {
  return task.type === 'footprint'
}

/** @param earlier verdicts of a run that was kept */
export function printVerdicts(verdicts: readonly Verdict[], earlier: readonly Verdict[]): void {
  console.log('')
  for (const { name, value, most, least, passed, note } of verdicts) {
    const was = earlier.find((other) => other.name === name)?.value
    const asides = [note, was !== undefined && `was ${was}, is ${value}`].filter(Boolean).join('; ')
    const target = most === undefined ? `at least ${least}` : `at most ${most}`
    console.log(`${passed ? 'PASS' : 'FAIL'} ${name}: ${value}, target ${target}${asides && ` (${asides})`}`)
  }
}

function number(value: number | undefined): string {
  return value === undefined ? '' : round(value, value < 100 ? 1 : 0).toString()
}

// The targets of the memory tier, and whether the figures meet them.

import { MANNER_NAMES } from '../answers.ts'
import { round } from '../statistics.ts'
import { figuresOf, leastOf, middleOf, ratioOf } from './figures.ts'
import {
  CONTESTANT_NAMES,
  CONTESTANTS,
  ENTRIES,
  GROWTH_SIZES,
  KEY_KINDS,
  PAUSE_PHASES,
  TTL_KINDS,
  WORKLOAD_NAMES,
  type ContestantName,
  type KeyKind,
  type Sample,
  type TtlKind,
  type WorkloadName,
} from './plan.ts'

export interface Verdict {
  /** The same in every run, so that runs can be compared. */
  readonly name: string
  readonly value: number
  /** `value` must be at most this, or at least. */
  readonly most?: number
  readonly least?: number
  readonly passed: boolean
  /** What else one should know about it. */
  readonly note?: string
}

/** Times a bare Map's get; 1.3 is the aim. */
const MOST_OF_MAP = 1.5
/** Times faster than an exact LRU with a ttl. */
const LEAST_FASTER = 1.2
/** Times the time of an LRU that has no ttl to look at. */
const MOST_OF_LRU_MAP = 1.1
/** The greatest cost per expired entry over that among the fewest entries, both as multiples of a Map's. */
const MOST_GROWTH = 2
const MOST_PAUSE_MS = 10
const MOST_OF_PEEK = 1.2
const MOST_OF_GET = 2
const MOST_OF_RESPONSE = 1.5

const PEERS = CONTESTANT_NAMES.filter((name) => name !== 'bestbefore' && CONTESTANTS[name].exactLru && CONTESTANTS[name].ttl)

/** Those of what was measured. */
export function judge(samples: readonly Sample[]): Verdict[] {
  return [...judgeRaces(samples), ...judgeExpiry(samples), ...judgeFootprints(samples), ...judgeDoors(samples), ...judgeHttp(samples)]
}

function judgeRaces(samples: readonly Sample[]): Verdict[] {
  return KEY_KINDS.flatMap((keys) =>
    WORKLOAD_NAMES.flatMap((workload) => {
      const own = racesOf(samples, 'bestbefore', keys, workload)
      const peers = PEERS.flatMap((name) => {
        const faster = ratioOf(racesOf(samples, name, keys, workload), own)
        return faster === undefined ? [] : [{ name, faster }]
      }).sort((one, other) => one.faster - other.faster)
      const place = `${workload}, ${keys}`
      return [
        ...(workload === 'hit' ? atMost(`${place}: x the time of a Map`, ratioOf(own, racesOf(samples, 'map', keys, workload)), MOST_OF_MAP) : []),
        ...atLeast(`${place}: x faster than the fastest exact LRU with a ttl`, peers[0]?.faster, LEAST_FASTER, peers[0]?.name),
        ...atMost(`${place}: x the time of mnemonist LRUMap`, ratioOf(own, racesOf(samples, 'mnemonist', keys, workload)), MOST_OF_LRU_MAP),
      ]
    }),
  )
}

function racesOf(samples: readonly Sample[], contestant: ContestantName, keys: KeyKind, workload: WorkloadName) {
  return figuresOf(samples, { type: 'race', contestant, keys, entries: ENTRIES, weighted: false }, workload)
}

function judgeExpiry(samples: readonly Sample[]): Verdict[] {
  return TTL_KINDS.flatMap((ttls) => {
    const costs = GROWTH_SIZES.flatMap((entries) => {
      const [own, map] = (['bestbefore', 'map'] as const).map((contestant) => figuresOf(samples, { type: 'expiry', contestant, entries, ttls }, 'use'))
      const times = ratioOf(own!, map!)
      return times === undefined ? [] : [{ ns: round(middleOf(own!)!, 0), map: round(middleOf(map!)!, 0), times }]
    })
    const times = costs.map((cost) => cost.times)
    const growth = costs.length < GROWTH_SIZES.length ? undefined : Math.max(...times) / times[0]!
    const note = `${times.map((value) => round(value)).join(', ')}; ${costs.map(({ ns }) => ns).join(', ')} ns, Map ${costs.map(({ map }) => map).join(', ')}`
    return [
      // A Map's own operations take several times as long among a million entries as among a thousand.
      ...atMost(`expiry, ${ttls} ttl: most over first x the time of a Map at ${GROWTH_SIZES.join(', ')} entries`, growth, MOST_GROWTH, note),
      ...atMost(`expiry, ${ttls} ttl: ms of the longest operation`, longestPause(samples, 'bestbefore', ttls), MOST_PAUSE_MS, `Map ${round(longestPause(samples, 'map', ttls) ?? NaN)}`),
    ]
  })
}

/** Of each phase that of the best round: what else the machine does can only lengthen a pause. */
function longestPause(samples: readonly Sample[], contestant: 'map' | 'bestbefore', ttls: TtlKind): number | undefined {
  const pauses = PAUSE_PHASES.flatMap((phase) => leastOf(figuresOf(samples, { type: 'pauses', contestant, ttls }, phase)) ?? [])
  return pauses.length === 0 ? undefined : Math.max(...pauses)
}

function judgeFootprints(samples: readonly Sample[]): Verdict[] {
  const sizes = new Set(samples.flatMap(({ task }) => (task.type === 'footprint' ? [task.entries] : [])))
  return [...sizes].flatMap((entries) => {
    const [own, peer] = (['bestbefore', 'lru-cache'] as const).map((contestant) => figuresOf(samples, { type: 'footprint', contestant, entries }, 'bytes'))
    return atMost(`footprint, ${entries} entries: x the bytes of lru-cache`, ratioOf(own!, peer!), 1, `${round(middleOf(own!) ?? NaN)} per entry`)
  })
}

function judgeDoors(samples: readonly Sample[]): Verdict[] {
  const of = (door: Extract<Sample['task'], { type: 'door' }>['door']) => figuresOf(samples, { type: 'door', door }, 'ns')
  return [
    ...atMost('createCache in memory: peek, x the time of the memory tier', ratioOf(of('cache peek'), of('memory peek')), MOST_OF_PEEK),
    ...atMost('createCache in memory: get, x the time of an async function around the memory tier', ratioOf(of('cache get'), of('memory get in an async function')), MOST_OF_GET),
  ]
}

function judgeHttp(samples: readonly Sample[]): Verdict[] {
  return MANNER_NAMES.flatMap((manner) => {
    const [own, map] = ['cachedFetch', 'map'].map((name) => figuresOf(samples, { type: 'http', manner }, name))
    return atMost(`createCachedFetch, a hit from memory asked for by ${manner}: x the time of a Response made from a Map`, ratioOf(own!, map!), MOST_OF_RESPONSE)
  })
}

function atMost(name: string, value: number | undefined, most: number, note?: string): Verdict[] {
  return value === undefined ? [] : [{ name, value: round(value, 2), most, passed: value <= most, ...(note !== undefined && { note }) }]
}

function atLeast(name: string, value: number | undefined, least: number, note?: string): Verdict[] {
  return value === undefined ? [] : [{ name, value: round(value, 2), least, passed: value >= least, ...(note !== undefined && { note }) }]
}

// What the page can run, and how it says what is seen.

import { formatCount, plural } from '../format.ts'
import { memoryLane, storedLane, windowedLane, type Lane, type LaneFactory } from './lanes.ts'
import type { Run } from './loop.ts'
import { REMOVED_BEFORE_FIX, REMOVED_SINCE_FIX } from './windowed-cache.ts'

const MINUTE = 60_000

export interface Scene extends Run {
  readonly left: LaneFactory
  /** What the model on the left is a model of. */
  readonly model: string
}

const BEFORE_FIX = 'Model of gcache 1.15.2 to 2.7.3: a removed key is filed 1,000 seconds back'
const SINCE_FIX = 'Model of gcache since 2.7.4: a removed key is filed one second back'

export const SCENES = {
  remove: {
    ttl: 30 * MINUTE,
    removes: true,
    freezeEvery: Infinity,
    left: (clock) => windowedLane(clock, REMOVED_BEFORE_FIX),
    model: BEFORE_FIX,
  },
  frozen: {
    ttl: 30 * MINUTE,
    removes: true,
    freezeEvery: 4,
    left: (clock) => windowedLane(clock, REMOVED_SINCE_FIX),
    model: SINCE_FIX,
  },
  expired: {
    ttl: 2_000,
    removes: false,
    freezeEvery: 4,
    left: (clock) => windowedLane(clock, REMOVED_SINCE_FIX),
    model: SINCE_FIX,
  },
} as const satisfies Readonly<Record<string, Scene>>
export type SceneName = keyof typeof SCENES

export const RIGHT: Readonly<Record<string, LaneFactory>> = { memory: memoryLane, stored: storedLane }

export interface Seen {
  readonly keys: number
  readonly freezes: number
  readonly left: Count
  readonly right: Count
}

interface Count {
  readonly held: number
  readonly size: number
}

/** What is seen, in plain words. */
export function describe(name: SceneName, { keys, freezes, left, right }: Seen): string {
  if (keys === 0) return 'Start: keys are set on both sides alike.'
  const frozen = freezes === 0 ? '' : ` The tab was frozen for a minute ${plural(freezes, 'time', 'times')}.`
  const own = `bestbefore holds ${amount(right)}.`
  if (name === 'expired') {
    return `${formatCount(keys)} keys were set for two seconds and left to expire.${frozen} The left holds ${amount(left)}; ${own}`
  }
  return `${formatCount(keys)} keys were set and removed.${frozen} The left still holds ${amount(left)}; ${own}`
}

/** What is held, and how much of it is of any use. */
function amount({ held, size }: Count): string {
  if (held === 0) return 'none'
  if (size === held) return `${formatCount(held)}, all still fresh`
  return size === 0 ? formatCount(held) : `${formatCount(held)}, of which ${formatCount(size)} are fresh`
}

export function countOf(lane: Lane): Count & { readonly characters: number } {
  const { keys, characters } = lane.held()
  return { held: keys, size: Math.min(lane.size, keys), characters }
}

// createCache without a name against the memory tier that it stands on.

import { createCache, createMemoryCache } from '../../../src/index.ts'
import type { Value } from './contestants.ts'
import { ENTRIES, LONG_TTL, type Answer, type DoorName } from './plan.ts'
import { time } from './timing.ts'
import { createSupply, valueAt, type Supply } from './workloads.ts'

const OPTIONS = { maxEntries: ENTRIES, ttl: LONG_TTL }

type Call = (key: string) => unknown

/** What is called, of a cache that holds the entries. Each `await` of a get begins a new turn of microtasks. */
const doors: Readonly<Record<DoorName, (supply: Supply) => Call | Promise<Call>>> = {
  'memory peek'(supply) {
    const memory = filledMemory(supply)
    return (key) => memory.peek(key)
  },
  async 'cache peek'(supply) {
    const cache = await filledCache(supply)
    return (key) => cache.peek(key)
  },
  'memory get in an async function'(supply) {
    const memory = filledMemory(supply)
    return async (key) => memory.get(key)
  },
  async 'cache get'(supply) {
    const cache = await filledCache(supply)
    return (key) => cache.get(key)
  },
}

/** @returns `ns` per call, awaited one after the other where it is asynchronous */
export async function enter(door: DoorName, seed: number): Promise<Answer> {
  const supply = createSupply('strings', ENTRIES, seed)
  const keys = supply.calls('hit')
  const call = await doors[door](supply)
  let missing = 0
  const now = (from: number, to: number): number => {
    for (let index = from; index < to; index++) if (call(keys[index]!) === undefined) missing++
    return 0
  }
  const later = async (from: number, to: number): Promise<number> => {
    for (let index = from; index < to; index++) if ((await call(keys[index]!)) === undefined) missing++
    return 0
  }
  const { ns } = await time(keys.length, call(keys[0]!) instanceof Promise ? later : now)
  if (missing > 0) throw new Error(`${door}: ${missing} entries were missing`)
  return { ns }
}

function filledMemory({ filling }: Supply) {
  const memory = createMemoryCache<Value>(OPTIONS)
  filling.forEach((key, index) => memory.set(key, valueAt(index)))
  return memory
}

async function filledCache({ filling }: Supply) {
  const cache = createCache<Value>(OPTIONS)
  await cache.setMany(filling.map((key, index) => [key, valueAt(index)] as const))
  return cache
}

// Before anything is timed: does a contestant do what it is said to do? Its answers are compared, call by call, with those of
// a naive cache, and its entries must expire, if it has a ttl.

import { setTimeout as sleep } from 'node:timers/promises'
import { createRandom, createZipf } from '../random.ts'
import { contestants, type Contestant, type Create, type Value } from './contestants.ts'
import { CONTESTANTS, LONG_TTL, WEIGHTED_NAMES, type Answer, type ContestantName } from './plan.ts'
import { valueAt } from './workloads.ts'

const CALLS = 20_000
const MAX_ENTRIES = 100
const KEYS = 400
const MAX_WEIGHT = 500
/** ms; between a renewal and an expiry lies time enough for a busy machine. */
const SHORT_TTL = 400

/** @throws Error that says what differs */
export async function check(name: ContestantName): Promise<Answer> {
  const create = await contestants[name]()
  const { exactLru, ttl } = CONTESTANTS[name]
  const settings = { maxEntries: MAX_ENTRIES, ttl: LONG_TTL, evicts: true }
  if (exactLru || name === 'map') replay(name, create(settings), createOracle(exactLru))
  else replay(name, create(settings))
  if (WEIGHTED_NAMES.some((other) => other === name)) {
    replay(`${name} with weights`, create({ ...settings, maxWeight: MAX_WEIGHT }), createOracle(true, MAX_WEIGHT))
  }
  if (ttl) await expire(name, create)
  return {}
}

/** An array in a Map's clothes, least recently used (or first set) first. */
function createOracle(usesCount: boolean, maxWeight = Infinity): Contestant {
  const entries = new Map<string, Value>()
  const weight = () => (maxWeight === Infinity ? 0 : [...entries.values()].reduce((sum, value) => sum + value.weight, 0))
  const put = (key: string, value: Value) => {
    if (usesCount) entries.delete(key)
    entries.set(key, value)
  }
  return {
    get(key) {
      const value = entries.get(key)
      if (value !== undefined) put(key, value)
      return value
    },
    set(key, value) {
      put(key, value)
      for (const oldest of entries.keys()) {
        if (entries.size <= MAX_ENTRIES && weight() <= maxWeight) break
        entries.delete(oldest)
      }
    },
    get size() {
      return entries.size
    },
  }
}

/** Without an oracle, only what any cache promises: no wrong value, what was just set is there, and its bound, twice at most. */
function replay(name: string, cache: Contestant, oracle?: Contestant): void {
  const random = createRandom(1)
  const rank = createZipf(KEYS, 0.9, random)
  const latest = new Map<string, Value>()
  for (let call = 0; call < CALLS; call++) {
    const key = `key:${rank()}`
    const sets = random() < 0.3
    const value = sets ? undefined : cache.get(key)
    const expected = sets ? undefined : oracle?.get(key)
    if (oracle !== undefined && value !== expected) fail(name, call, `get(${key}) gave ${value?.id}, not ${expected?.id}`)
    if (value !== undefined && value !== latest.get(key)) fail(name, call, `get(${key}) gave a value that was not set last`)
    if (value === undefined) {
      const next = valueAt(Math.floor(random() * 1_024))
      latest.set(key, next)
      cache.set(key, next)
      oracle?.set(key, next)
      if (oracle === undefined && cache.get(key) !== next) fail(name, call, `${key} is missing after its set`)
    }
    const most = oracle?.size ?? 2 * MAX_ENTRIES
    if (cache.size > most || (oracle !== undefined && cache.size < most)) fail(name, call, `there are ${cache.size} entries, not ${most}`)
  }
}

function fail(name: string, call: number, what: string): never {
  throw new Error(`${name}, call ${call}: ${what}`)
}

/** A set renews the expiry, a get does not, and after it nothing is served. */
async function expire(name: string, create: Create): Promise<void> {
  const cache = create({ maxEntries: MAX_ENTRIES, ttl: SHORT_TTL, evicts: true })
  cache.set('renewed', valueAt(1))
  cache.set('used', valueAt(2))
  await sleep(SHORT_TTL * 0.6)
  if (cache.get('used') !== valueAt(2)) throw new Error(`${name}: an entry expired before its ttl`)
  cache.set('renewed', valueAt(3))
  await sleep(SHORT_TTL * 0.6)
  if (cache.get('used') !== undefined) throw new Error(`${name}: an entry outlived its ttl`)
  if (cache.get('renewed') !== valueAt(3)) throw new Error(`${name}: a set did not renew the expiry`)
  await sleep(SHORT_TTL)
  if (cache.get('renewed') !== undefined) throw new Error(`${name}: a renewed entry outlived its ttl`)
}

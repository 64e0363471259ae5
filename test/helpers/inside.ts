// Looks inside a memory cache: whether map, recency ring, expiry queue and weights tell the same story, and what is left
// when a cache should be empty. Reads private fields through the inspector, so that src needs no door for tests.

import { Session } from 'node:inspector'
import { expect } from 'vitest'
import type { ExpiryQueue } from '../../src/memory/expiry-queue.ts'
import type { Links } from '../../src/memory/links.ts'
import type { MemoryCache } from '../../src/memory/memory-cache.ts'

/** Fields of the Lru in memory. */
interface LruFields {
  slots: Map<string, number>
  keys: string[]
  values: unknown[]
  weights: number[]
  weight: number
  free: number[]
  recency: Links
  expiry: ExpiryQueue
  removed: unknown[]
}

export interface Counts {
  /** Keys in the map. */
  readonly keys: number
  /** Slots in the recency ring. */
  readonly recent: number
  /** Slots filed in the expiry queue. */
  readonly filed: number
  readonly values: number
  readonly weight: number
  /** Removals not yet told. */
  readonly untold: number
}

export const EMPTY: Counts = { keys: 0, recent: 0, filed: 0, values: 0, weight: 0, untold: 0 }

/** In the expiry queue's rings the slots' nodes, which begin with slot 1, come after the heads 0 to 31. */
const LAST_HEAD = 31

/** How many things each structure of a cache holds. Fails when the structures disagree. */
export function look<V>(cache: MemoryCache<V>): Counts {
  const names = ['slots', 'keys', 'values', 'weights', 'weight', 'free', 'recency', 'expiry', 'removed'] as const
  const { slots, keys, values, weights, weight, free, recency, expiry, removed } = fieldsOf<LruFields>(lruOf(cache), names)
  const order = ring(recency, 0)
  expect(new Set(order), 'map and recency ring hold the same slots').toEqual(new Set(slots.values()))
  for (const [key, slot] of slots) {
    if (keys[slot] !== key) expect.fail(`slot ${slot} of key ${JSON.stringify(key)} is named ${keys[slot]}`)
  }
  const unused = keys.flatMap((_key, slot) => (slot === 0 || order.includes(slot) ? [] : [slot]))
  expect(new Set(free), 'a slot that is not in use is free').toEqual(new Set(unused))
  expect(unused.filter((slot) => keys[slot] !== '' || values[slot] !== undefined || weights[slot]), 'a free slot holds nothing').toEqual([])
  const finite = order.filter((slot) => expiry.expiresAt(slot) !== Infinity)
  expect(filedSlots(expiry, keys.length), 'each expiry is filed, and nothing else').toEqual(finite.toSorted((a, b) => a - b))
  const sum = order.reduce((total, slot) => total + (weights[slot] ?? 0), 0)
  expect(weight, 'the weights add up').toBeCloseTo(sum, 6)
  return { keys: slots.size, recent: order.length, filed: finite.length, values: values.filter((value) => value !== undefined).length, weight, untold: removed.length }
}

/** How many slots a cache has made, free ones included. */
export function slotsMade<V>(cache: MemoryCache<V>): number {
  return Object.keys(fieldsOf<LruFields>(lruOf(cache), ['keys']).keys).length - 1
}

function ring(links: Links, head: number): number[] {
  const nodes: number[] = []
  for (let node = links.next(head); node !== head; node = links.next(node)) {
    if (links.prev(links.next(node)) !== node || nodes.length > 1e6) expect.fail(`the ring of ${head} is torn at ${node}`)
    nodes.push(node)
  }
  return nodes
}

/** Ascending. */
function filedSlots(expiry: ExpiryQueue, slots: number): number[] {
  const { buckets } = fieldsOf<{ buckets: Links }>(expiry, ['buckets'])
  const inRings: number[] = []
  for (let head = 0; head <= LAST_HEAD; head++) inRings.push(...ring(buckets, head).map((node) => node - LAST_HEAD))
  const marked: number[] = []
  for (let slot = 1; slot < slots; slot++) if (expiry.expiresAt(slot) < Infinity) marked.push(slot)
  inRings.sort((a, b) => a - b)
  expect(inRings, 'slots in the rings are those marked as filed').toEqual(marked)
  return inRings
}

const HANDOVER = Symbol.for('bestbefore.test.handover')
const HANDOVER_PLACE = `globalThis[Symbol.for('bestbefore.test.handover')]`
let session: Session | undefined

/** What the inspector says of a value: a primitive itself, or the number of an object. */
interface Remote {
  readonly value?: unknown
  readonly objectId?: string | undefined
  readonly description?: string
}

interface Listed {
  readonly privateProperties?: { name: string; value?: Remote }[]
}

function lruOf(cache: object): object {
  return fieldsOf<{ lru: object }>(cache, ['lru']).lru
}

/** Private fields of an object, by name without `#`. `T` says what the source declares. */
function fieldsOf<T extends object>(owner: object, names: readonly (keyof T & string)[]): T {
  const shared = globalThis as unknown as Record<symbol, unknown>
  shared[HANDOVER] = owner
  const { result } = post<{ result: Remote }>('Runtime.evaluate', { expression: HANDOVER_PLACE, objectGroup: 'look' })
  const listed = new Map(list(result).privateProperties?.map(({ name, value }) => [name.slice(1), value]))
  const missing = names.filter((name) => !listed.has(name))
  if (missing.length > 0) throw new Error(`The source has no field #${missing} any more: see test/helpers/inside.ts`)
  const found = Object.fromEntries(names.map((name) => [name, localValue(listed.get(name), shared)]))
  post('Runtime.releaseObjectGroup', { objectGroup: 'look' })
  delete shared[HANDOVER]
  return found as T
}

function list(remote: Remote | undefined): Listed {
  return post<Listed>('Runtime.getProperties', { objectId: remote?.objectId, ownProperties: true })
}

function localValue(remote: Remote | undefined, shared: Record<symbol, unknown>): unknown {
  if (remote?.objectId === undefined) return remote?.value
  const functionDeclaration = `function () { ${HANDOVER_PLACE} = this }`
  post('Runtime.callFunctionOn', { objectId: remote.objectId, functionDeclaration, objectGroup: 'look' })
  return shared[HANDOVER]
}

/** Asks the inspector of this very thread, which answers at once. */
function post<T>(method: string, parameters: object): T {
  if (session === undefined) {
    session = new Session()
    session.connect()
  }
  let answer: unknown
  session.post(method, parameters, (error, result) => {
    if (error) throw error
    answer = result
  })
  return answer as T
}

// Looks inside a memory cache: whether map, recency ring, expiry queue and weights tell the same story, and what is left
// when a cache should be empty. Reads the variables of closures through the inspector, so that src needs no door for tests.

import { Session } from 'node:inspector'
import { expect } from 'vitest'
import type { ExpiryQueue } from '../../src/memory/expiry-queue.ts'
import type { Links } from '../../src/memory/links.ts'
import type { MemoryCache } from '../../src/memory/memory-cache.ts'

/** Variables of createMemoryCache. */
interface CacheVariables {
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

/** The first node of the expiry queue's rings that is a slot's. */
const FIRST_NODE = 33

/** How many things each structure of a cache holds. Fails when the structures disagree. */
export function look<V>(cache: MemoryCache<V>): Counts {
  const names = ['slots', 'keys', 'values', 'weights', 'weight', 'free', 'recency', 'expiry', 'removed'] as const
  const { slots, keys, values, weights, weight, free, recency, expiry, removed } = variablesOf<CacheVariables>(cache.get, names)
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
  return variablesOf<CacheVariables>(cache.get, ['keys']).keys.length - 1
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
  const { buckets } = variablesOf<{ buckets: Links }>(expiry.first, ['buckets'])
  const inRings: number[] = []
  for (let head = 1; head < FIRST_NODE; head++) inRings.push(...ring(buckets, head).map((node) => node - FIRST_NODE))
  const marked: number[] = []
  for (let slot = 1; slot < slots; slot++) if (buckets.next(FIRST_NODE + slot) > 0) marked.push(slot)
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
  readonly result: { name: string; value?: Remote }[]
  readonly internalProperties?: { name: string; value?: Remote }[]
}

/** Variables around a function, by name. `T` says what the source declares. */
function variablesOf<T extends object>(closure: (...parameters: never[]) => unknown, names: readonly (keyof T & string)[]): T {
  const shared = globalThis as unknown as Record<symbol, unknown>
  const missing = new Set<string>(names)
  const found: Record<string, unknown> = {}
  shared[HANDOVER] = closure
  const { result } = post<{ result: Remote }>('Runtime.evaluate', { expression: HANDOVER_PLACE, objectGroup: 'look' })
  const scopes = list(result).internalProperties?.find(({ name }) => name === '[[Scopes]]')?.value
  for (const { value: scope } of list(scopes).result) {
    if (scope?.description === 'Global') continue
    for (const { name, value } of list(scope).result) if (missing.delete(name)) found[name] = localValue(value, shared)
    if (missing.size === 0) break
  }
  post('Runtime.releaseObjectGroup', { objectGroup: 'look' })
  delete shared[HANDOVER]
  if (missing.size > 0) throw new Error(`The source has no variable ${[...missing]} any more: see test/helpers/inside.ts`)
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

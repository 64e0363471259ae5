// Defaults and validation, the only place of either. A check throws before any state changes:
// TypeError for a wrong shape, RangeError for a number out of range.

import { type Clock, TurnClock } from './clock.ts'

/** What both caches take. */
export interface CommonOptions {
  /**
   * Bound on entries in memory; exact, never exceeded. A positive integer or `Infinity`.
   * @default 1000
   */
  readonly maxEntries?: number
  /** Bound on the sum of weights in memory, in the unit of `weigh`, which must be given too. */
  readonly maxWeight?: number
  /**
   * ms that an entry stays fresh; 0 is already expired, `Infinity` never.
   * @default Infinity
   */
  readonly ttl?: number
  /**
   * Source of epoch ms, read once in every operation.
   * @default Date.now, read once per turn of the event loop
   */
  readonly clock?: Clock
}

export interface CommonSettings {
  readonly maxEntries: number
  readonly maxWeight: number
  readonly ttl: number
  readonly clock: Clock
}

export function commonSettings(options: CommonOptions & { readonly weigh?: unknown; readonly onRemove?: unknown }): CommonSettings {
  const task = 'create cache'
  checkObject(task, options)
  const { maxEntries = 1000, maxWeight, weigh, ttl = Infinity, onRemove, clock = new TurnClock() } = options
  checkNumber(task, 'maxEntries', maxEntries, 'a positive integer or Infinity', (n) => n >= 1 && (n === Infinity || Number.isInteger(n)))
  if (maxWeight !== undefined) {
    checkNumber(task, 'maxWeight', maxWeight, '> 0', (n) => n > 0)
    if (weigh === undefined) throw invalid(TypeError, task, 'maxWeight', 'given together with weigh', maxWeight)
  }
  checkMs(task, 'ttl', ttl)
  checkFunction(task, 'weigh', weigh)
  checkFunction(task, 'onRemove', onRemove)
  checkObject(task, clock, 'clock')
  checkFunction(task, 'clock.now', clock.now ?? null)
  // The largest finite bound: an endless weight is over any bound, and sums stay numbers.
  return { maxEntries, maxWeight: Math.min(maxWeight ?? Infinity, Number.MAX_VALUE), ttl, clock }
}

/** How long an entry lives, in ms, and what else a write may say of it. */
export interface Lifetime {
  readonly ttl: number
  readonly staleWhileRevalidate: number
  readonly staleIfError: number
  readonly tags: readonly string[]
}

/** The settings of createCache beyond the common ones. */
export interface StoreSettings {
  readonly name: string | undefined
  readonly version: string
  readonly lifetime: Lifetime
  readonly maxStoredEntries: number
  readonly durability: 'relaxed' | 'strict'
  readonly sweepInterval: number
}

export function storeSettings(options: Partial<StoreSettings> & LifetimeOptions & { readonly store?: unknown; readonly onError?: unknown }): StoreSettings {
  const task = 'create cache'
  const { name, version = '', maxStoredEntries = 10_000, durability = 'relaxed', sweepInterval = 60_000, store, onError } = options
  if (name !== undefined && (typeof name !== 'string' || name === '')) throw invalid(TypeError, task, 'name', 'a string that is not empty', name)
  if (typeof version !== 'string') throw invalid(TypeError, task, 'version', 'a string', version)
  checkNumber(task, 'maxStoredEntries', maxStoredEntries, '> 0', (n) => n > 0)
  if (durability !== 'relaxed' && durability !== 'strict') throw invalid(TypeError, task, 'durability', "'relaxed' or 'strict'", durability)
  checkNumber(task, 'sweepInterval', sweepInterval, '> 0 and <= 2147483647 ms', (n) => n > 0 && n <= LONGEST_DELAY)
  if (store !== undefined && store !== false) checkObject(task, store, 'store')
  checkFunction(task, 'onError', onError)
  const defaults = { ttl: Infinity, staleWhileRevalidate: 0, staleIfError: 0, tags: [] }
  return { name, version, lifetime: lifetime(task, options, defaults), maxStoredEntries, durability, sweepInterval }
}

export interface LifetimeOptions {
  readonly ttl?: number
  readonly staleWhileRevalidate?: number
  readonly staleIfError?: number
  readonly tags?: readonly string[]
}

/** The lifetime that options ask for, where they are silent the default one. */
export function lifetime(task: string, options: LifetimeOptions | undefined, defaults: Lifetime): Lifetime {
  if (options === undefined) return defaults
  checkObject(task, options)
  const { ttl = defaults.ttl, staleWhileRevalidate = defaults.staleWhileRevalidate, staleIfError = defaults.staleIfError, tags } = options
  checkMs(task, 'ttl', ttl)
  checkMs(task, 'staleWhileRevalidate', staleWhileRevalidate)
  checkMs(task, 'staleIfError', staleIfError)
  return { ttl, staleWhileRevalidate, staleIfError, tags: tags === undefined ? defaults.tags : checkTags(task, tags) }
}

function checkTags(task: string, tags: readonly string[]): readonly string[] {
  if (!Array.isArray(tags)) throw invalid(TypeError, task, 'tags', 'an array of strings', tags)
  for (const tag of tags) if (typeof tag !== 'string') throw invalid(TypeError, task, 'tags', 'an array of strings', tag)
  return [...new Set(tags)]
}

/** The longest delay a timer takes, ms; a longer one overflows and fires at once. */
export const LONGEST_DELAY = 2 ** 31 - 1

/** Keys, or pairs, from the outside: all of them read before anything happens. */
export function listOf<T>(task: string, name: string, items: Iterable<T>): T[] {
  if (typeof items === 'string' || typeof (items as Partial<Iterable<T>> | null | undefined)?.[Symbol.iterator] !== 'function') {
    throw invalid(TypeError, task, name, 'an iterable', items)
  }
  return [...items]
}

export function checkKey(task: string, key: unknown): void {
  if (typeof key !== 'string') throw invalid(TypeError, task, 'key', 'a string', key)
}

export function checkValue(task: string, value: unknown): void {
  if (value === undefined) throw invalid(TypeError, task, 'value', 'anything but undefined', value)
}

/** A duration: a number of ms, 0 to `Infinity`. */
export function checkMs(task: string, name: string, ms: unknown): void {
  checkNumber(task, name, ms, '>= 0 ms', (n) => n >= 0)
}

export function checkNumber(task: string, name: string, value: unknown, rule: string, holds: (value: number) => boolean): void {
  if (typeof value !== 'number') throw invalid(TypeError, task, name, 'a number', value)
  if (!holds(value)) throw invalid(RangeError, task, name, rule, value)
}

/** Passes over undefined: an option that was not given. */
export function checkFunction(task: string, name: string, value: unknown): void {
  if (value !== undefined && typeof value !== 'function') throw invalid(TypeError, task, name, 'a function', value)
}

export function checkObject(task: string, value: unknown, name = 'options'): void {
  if (typeof value !== 'object' || value === null) throw invalid(TypeError, task, name, 'an object', value)
}

export function invalid(Kind: typeof TypeError | typeof RangeError, task: string, name: string, rule: string, value: unknown): Error {
  const received = typeof value === 'number' || typeof value === 'boolean' || value === null ? `${value}` : typeof value
  return new Kind(`Cannot ${task}: ${name} must be ${rule}: received ${received}`)
}

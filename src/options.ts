// Defaults and validation, the only place of either. A check throws before any state changes:
// TypeError for a wrong shape, RangeError for a number out of range.

import { turnClock, type Clock } from './clock.ts'

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

/** What a write says of an entry's life, in ms, and the tags it is found by. */
export interface Lifetime {
  readonly ttl: number
  readonly staleWhileRevalidate: number
  readonly staleIfError: number
  readonly tags: readonly string[]
}

/** The settings of createCache but for those of its memory tier. */
export interface CacheSettings {
  readonly clock: Clock
  readonly name: string | undefined
  readonly version: string
  readonly lifetime: Lifetime
  readonly maxStoredEntries: number
  readonly durability: 'relaxed' | 'strict'
  readonly sweepInterval: number
  readonly lockTimeout: number
  readonly errorTtl: number
}

/** What an entry has unless a write says otherwise. */
export const NO_WINDOWS: Omit<Lifetime, 'ttl'> = { staleWhileRevalidate: 0, staleIfError: 0, tags: [] }

const CREATE = 'create cache'
/** The longest delay a timer takes, ms; a longer one overflows and fires at once. */
export const LONGEST_DELAY = 2 ** 31 - 1

export function memorySettings<T extends CommonOptions & { readonly weigh?: unknown; readonly onRemove?: unknown }>(options: T | undefined): CommonSettings & Pick<Partial<T>, 'weigh' | 'onRemove'> {
  const { maxEntries = 1000, maxWeight = Infinity, weigh, ttl = Infinity, onRemove, clock = turnClock() }: Partial<T> = optionsOf(CREATE, options)
  // Infinity % 1 is NaN, so this lets it pass.
  checkNumber(maxEntries > 0 && !(maxEntries % 1), CREATE, 'maxEntries', 'an integer > 0 or Infinity', maxEntries)
  checkNumber(maxWeight > 0, CREATE, 'maxWeight', '> 0', maxWeight)
  check(weigh || maxWeight === Infinity, CREATE, 'weigh', 'set with maxWeight', weigh)
  checkMs(CREATE, 'ttl', ttl)
  checkFunction(CREATE, 'weigh', weigh)
  checkFunction(CREATE, 'onRemove', onRemove)
  checkFunction(CREATE, 'clock.now', clock.now ?? clock)
  return { maxEntries, maxWeight, weigh, ttl, onRemove, clock }
}

export function cacheSettings(options: Partial<Omit<CacheSettings, 'lifetime'> & Lifetime> & { readonly onError?: unknown; readonly store?: unknown }): CacheSettings {
  const { clock } = memorySettings(options)
  const { name, version = '', maxStoredEntries = 10_000, durability = 'relaxed', sweepInterval = 60_000, lockTimeout = 10_000, errorTtl = 0, store, onError } = options
  check(name === undefined || (name && typeof name === 'string'), CREATE, 'name', 'a non-empty string', name)
  checkString(CREATE, 'version', version)
  checkNumber(maxStoredEntries > 0, CREATE, 'maxStoredEntries', '> 0', maxStoredEntries)
  check(/^(relaxed|strict)$/.test(durability), CREATE, 'durability', "'relaxed' or 'strict'", durability)
  checkDelay('sweepInterval', sweepInterval)
  checkDelay('lockTimeout', lockTimeout)
  checkMs(CREATE, 'errorTtl', errorTtl)
  check(!store || typeof store === 'object', CREATE, 'store', 'an object', store)
  checkFunction(CREATE, 'onError', onError)
  return { name, version, lifetime: lifetimeOf(CREATE, options, { ttl: Infinity, ...NO_WINDOWS }), maxStoredEntries, durability, sweepInterval, lockTimeout, errorTtl, clock }
}

/** The lifetime that options ask for; where they are silent, the default one. */
export function lifetimeOf(task: string, options: Partial<Lifetime> | undefined, defaults: Lifetime): Lifetime {
  const { ttl = defaults.ttl, staleWhileRevalidate = defaults.staleWhileRevalidate, staleIfError = defaults.staleIfError, tags = defaults.tags } = optionsOf(task, options)
  checkMs(task, 'ttl', ttl)
  checkMs(task, 'staleWhileRevalidate', staleWhileRevalidate)
  checkMs(task, 'staleIfError', staleIfError)
  check(Array.isArray(tags) && tags.every((tag) => typeof tag === 'string'), task, 'tags', 'an array of strings', tags)
  return { ttl, staleWhileRevalidate, staleIfError, tags: [...new Set(tags)] }
}

/** Keys from the outside, all of them read and checked before anything happens. */
export function checkKeys(task: string, keys: Iterable<string>): string[] {
  // A string is an iterable of strings too, and a slip.
  check(keys && typeof keys === 'object' && Symbol.iterator in keys, task, 'keys', 'an iterable', keys)
  const list = [...keys]
  for (const key of list) checkString(task, 'key', key)
  return list
}

export function checkString(task: string, name: string, value: unknown): void {
  check(typeof value === 'string', task, name, 'a string', value)
}

/** A duration: a number of ms, 0 to `Infinity`. */
export function checkMs(task: string, name: string, ms: number): void {
  checkNumber(ms >= 0, task, name, '>= 0 ms', ms)
}

/** A duration for a timer. */
function checkDelay(name: string, ms: number): void {
  checkNumber(ms > 0 && ms <= LONGEST_DELAY, CREATE, name, `> 0 and <= ${LONGEST_DELAY} ms`, ms)
}

/** Options of a call: none, or an object. */
export function optionsOf<T extends object>(task: string, options: T | undefined): Partial<T> {
  const given = options === undefined ? {} : options
  check(given && typeof given === 'object', task, 'options', 'an object', given)
  return given
}

export function checkWeight(weight: number): void {
  checkNumber(weight >= 0, 'weigh entry', 'weight', '>= 0', weight)
}

/** Passes over undefined: an option that was not given. */
export function checkFunction(task: string, name: string, value: unknown): void {
  check(value === undefined || typeof value === 'function', task, name, 'a function', value)
}

/** @throws TypeError for what is no number, RangeError for one that breaks the rule */
export function checkNumber(holds: boolean, task: string, name: string, rule: string, value: unknown): void {
  const isNumber = typeof value === 'number'
  check(isNumber && holds, task, name, rule, value, isNumber ? RangeError : TypeError)
}

/** @throws Kind `Cannot <task>: <name> must be <rule>: received <value>`, unless the rule holds */
export function check(holds: unknown, task: string, name: string, rule: string, value: unknown, Kind: typeof TypeError | typeof RangeError = TypeError): void {
  if (!holds) throw new Kind(`Cannot ${task}: ${name} must be ${rule}: received ${typeof value === 'number' ? value : typeof value}`)
}

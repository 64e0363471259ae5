// Defaults and validation of the options and arguments of both caches. A check throws before any state changes: TypeError for a wrong
// shape, RangeError for a number out of range.

import { turnClock, type Clock } from './clock.ts'

/** Why an entry left memory: to make room, because its time was over, overwritten, or removed by a caller or another tab. */
export type RemovalCause = 'evicted' | 'expired' | 'replaced' | 'deleted'

/** The options that both caches have. */
export interface MemoryCacheOptions<V> {
  /**
   * Bound on entries in memory; exact, never exceeded. A positive integer or `Infinity`.
   * @default 1000
   */
  readonly maxEntries?: number
  /** Bound on the sum of weights in memory, in the unit of `weigh`, which must be given too. */
  readonly maxWeight?: number
  /**
   * Weight of an entry: a number >= 0 in any unit, the same at every call. Called when an entry enters memory, by a write or from
   * disk; some writes of `createCache` call it once more before that, so that nothing has changed if it throws.
   */
  readonly weigh?: ((value: V, key: string) => number) | undefined
  /**
   * ms that an entry stays fresh; with 0 it is already expired, with `Infinity` it never expires.
   * @default Infinity
   */
  readonly ttl?: number
  /**
   * Called for every value that leaves memory, after the change is complete. It may use the cache. What it throws, or its promise
   * rejects with, changes nothing and goes to `reportError`, or to the console where there is none.
   */
  readonly onRemove?: ((key: string, value: V, cause: RemovalCause) => void) | undefined
  /**
   * Source of epoch ms, read once in every operation.
   * @default the wall clock, read once per turn of the event loop; in `createMemoryCache` it keeps running forward if the clock is set back
   */
  readonly clock?: Clock
}

/** The options of a memory tier, with defaults filled in. */
export interface MemorySettings<V> {
  readonly maxEntries: number
  readonly maxWeight: number
  readonly weigh: MemoryCacheOptions<V>['weigh']
  readonly ttl: number
  readonly onRemove: MemoryCacheOptions<V>['onRemove']
  readonly clock: Clock
}

/** How long an entry lives, in ms, and the tags by which it is found. */
export interface Lifetime {
  readonly ttl: number
  readonly staleWhileRevalidate: number
  readonly staleIfError: number
  readonly tags: readonly string[]
}

/** The options of createCache, with defaults filled in. */
export interface CacheSettings<V> extends MemorySettings<V> {
  readonly name: string | undefined
  readonly version: string
  readonly lifetime: Lifetime
  readonly maxStoredEntries: number
  readonly durability: 'relaxed' | 'strict'
  readonly sweepInterval: number
  readonly lockTimeout: number
  readonly errorTtl: number
}

/** The default lifetime, without the ttl. */
export const NO_WINDOWS: Omit<Lifetime, 'ttl'> = { staleWhileRevalidate: 0, staleIfError: 0, tags: [] }

const CREATE = 'create cache'
/** The longest delay of a timer, ms; a longer one overflows and fires at once. */
export const LONGEST_DELAY: number = 2 ** 31 - 1

/** @param time what the default clock reads */
export function memorySettings<V>(options: MemoryCacheOptions<V> | undefined, time?: () => number): MemorySettings<V> {
  const { maxEntries = 1000, maxWeight = Infinity, weigh, ttl = Infinity, onRemove, clock = turnClock(time) } = optionsOf(CREATE, options)
  // Infinity % 1 is NaN, so Infinity passes.
  checkRange(CREATE, 'maxEntries', 'an integer > 0 or Infinity', maxEntries, (count) => count > 0 && !(count % 1))
  checkRange(CREATE, 'maxWeight', '> 0', maxWeight, isPositive)
  checkMs(CREATE, 'ttl', ttl)
  if (maxWeight < Infinity || weigh !== undefined) checkType(CREATE, 'weigh', 'function', weigh)
  if (onRemove !== undefined) checkType(CREATE, 'onRemove', 'function', onRemove)
  checkType(CREATE, 'clock.now', 'function', clock?.now)
  return { maxEntries, maxWeight, weigh, ttl, onRemove, clock }
}

export function cacheSettings<V>(
  options: MemoryCacheOptions<V> &
    Partial<Omit<CacheSettings<V>, 'lifetime' | keyof MemorySettings<V>> & Lifetime> & {
      readonly onError?: unknown
      readonly store?: false | { readonly write: unknown }
      readonly codec?: { readonly encode: unknown; readonly decode: unknown }
    },
): CacheSettings<V> {
  const memory = memorySettings(options)
  const {
    name,
    version = '',
    maxStoredEntries = 10_000,
    durability = 'relaxed',
    sweepInterval = 60_000,
    lockTimeout = 10_000,
    errorTtl = 0,
    store,
    codec,
    onError,
  } = options
  check(name === undefined || (name && typeof name === 'string'), CREATE, 'name', 'a non-empty string', name)
  checkString(CREATE, 'version', version)
  checkRange(CREATE, 'maxStoredEntries', '> 0', maxStoredEntries, isPositive)
  check(durability === 'relaxed' || durability === 'strict', CREATE, 'durability', "'relaxed' or 'strict'", durability)
  checkDelay('sweepInterval', sweepInterval)
  checkDelay('lockTimeout', lockTimeout)
  checkMs(CREATE, 'errorTtl', errorTtl)
  if (store !== undefined && store !== false) checkType(CREATE, 'store.write', 'function', store?.write)
  if (codec !== undefined) for (const name of ['encode', 'decode'] as const) checkType(CREATE, `codec.${name}`, 'function', codec?.[name])
  if (onError !== undefined) checkType(CREATE, 'onError', 'function', onError)
  return {
    ...memory,
    name,
    version,
    lifetime: lifetimeOf(CREATE, options, { ttl: Infinity, ...NO_WINDOWS }),
    maxStoredEntries,
    durability,
    sweepInterval,
    lockTimeout,
    errorTtl,
  }
}

/** The lifetime in the options; what they leave out comes from the defaults. */
export function lifetimeOf(task: string, options: Partial<Lifetime> | undefined, defaults: Lifetime): Lifetime {
  const {
    ttl = defaults.ttl,
    staleWhileRevalidate = defaults.staleWhileRevalidate,
    staleIfError = defaults.staleIfError,
    tags = defaults.tags,
  } = optionsOf(task, options)
  checkMs(task, 'ttl', ttl)
  checkMs(task, 'staleWhileRevalidate', staleWhileRevalidate)
  checkMs(task, 'staleIfError', staleIfError)
  return { ttl, staleWhileRevalidate, staleIfError, tags: checkStrings(task, 'tags', tags) }
}

/** Refuses a string, which is iterable too: passing one is a mistake. */
export function checkIterable(task: string, name: string, of: string, value: unknown): void {
  check(value && typeof value === 'object' && Symbol.iterator in value, task, name, `an iterable of ${of}`, value)
}

/** Reads and checks strings that the app has passed; returns each once. */
export function checkStrings(task: string, name: string, strings: Iterable<string>): string[] {
  checkIterable(task, name, 'strings', strings)
  const list = [...new Set(strings)]
  for (const each of list) checkString(task, name, each)
  return list
}

export function checkString(task: string, name: string, value: unknown): void {
  // First compared with a literal, which costs nothing: every hit runs this.
  if (typeof value !== 'string') checkType(task, name, 'string', value)
}

/** Checks a duration: a number of ms, 0 to `Infinity`. */
export function checkMs(task: string, name: string, ms: number): void {
  if (typeof ms !== 'number' || !(ms >= 0)) checkRange(task, name, '>= 0 ms', ms, isNotNegative)
}

/** Checks a quantity that is not a duration. */
export function checkAmount(task: string, name: string, amount: number): void {
  checkRange(task, name, '>= 0', amount, isNotNegative)
}

const isPositive = (value: number): boolean => value > 0
const isNotNegative = (value: number): boolean => value >= 0

/** Checks a duration for a timer. */
function checkDelay(name: string, ms: number): void {
  checkRange(CREATE, name, `> 0 and <= ${LONGEST_DELAY} ms`, ms, (ms) => ms > 0 && ms <= LONGEST_DELAY)
}

/** The options of a call, checked: none, or an object. */
export function optionsOf<T extends object>(task: string, options: Partial<T> | undefined = {}): Partial<T> {
  if (typeof options !== 'object' || !options) checkType(task, 'options', 'object', options)
  return options
}

/** @throws TypeError for anything but a number, RangeError for a number that breaks the rule */
function checkRange(task: string, name: string, rule: string, value: number, holds: (value: number) => boolean): void {
  checkType(task, name, 'number', value)
  check(holds(value), task, name, rule, value, RangeError)
}

/** @throws TypeError for a value of another type, and for null */
export function checkType(task: string, name: string, type: 'string' | 'number' | 'function' | 'object', value: unknown): void {
  if (typeof value !== type || value === null) check(false, task, name, `of type ${type}`, value)
}

/** @throws Kind `Cannot <task>: <name> must be <rule>: received <value>`, unless the rule holds */
export function check(
  holds: unknown,
  task: string,
  name: string,
  rule: string,
  value: unknown,
  Kind: typeof TypeError | typeof RangeError = TypeError,
): void {
  if (!holds)
    throw new Kind(
      `Cannot ${task}: ${name} must be ${rule}: received ${value === null || typeof value === 'number' ? value : typeof value}`,
    )
}

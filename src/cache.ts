// createCache: each call of the API, on top of the two tiers (tiers.ts). Arguments are checked before anything changes.

import { concerns, type Change } from './change.ts'
import type { Cache, CacheEvent, CacheOptions, Loader, LoadOptions, SetOptions } from './contract.ts'
import { createEntry, expiresAtOf, isFresh, isUsable, renewEntry, revalidatedUntil, staleAtOf, type Entry } from './entry.ts'
import { CacheError } from './errors.ts'
import { createLoads } from './loads.ts'
import {
  cacheSettings,
  check,
  checkAmount,
  checkIterable,
  checkMs,
  checkString,
  checkStrings,
  checkType,
  lifetimeOf,
  optionsOf,
} from './options.ts'
import { toCacheError } from './store/faults.ts'
import { createTiers } from './tiers.ts'

/**
 * Creates a cache in two tiers: an LRU in memory in front of IndexedDB, or of another store.
 *
 * Returns at once and opens the database at the first call that needs it. Where there is none (servers, private modes,
 * opaque origins) it runs on memory alone, and `status` says why.
 *
 * @throws TypeError for an option of the wrong shape, RangeError for a number out of range; never for storage
 * @example
 * const cache = createCache<User>({ name: 'users', ttl: 60_000 })
 * const user = await cache.getOrLoad('42', ({ signal }) => fetchUser('42', signal))
 */
export function createCache<V>(options: CacheOptions<V> = {}): Cache<V> {
  const settings = cacheSettings(options)
  const { lifetime, weigh } = settings
  const tiers = createTiers(options, settings)
  const { memory } = tiers
  const getOrLoad = createLoads(tiers, settings.lockTimeout, checkOne)

  /** Runs a write. If nobody awaits it, only bad arguments end as an unhandled rejection: faults were reported. */
  const write = <T>(operation: (now: number) => Promise<T>): Promise<T> => {
    let writing: Promise<T>
    try {
      writing = operation(tiers.begin())
    } catch (error) {
      writing = Promise.reject(error)
      if (!(error instanceof CacheError)) return writing
    }
    writing.catch(() => {})
    return writing
  }

  /** Checks an entry before anything changes: that it can be weighed and, if it is one of several, that it can be cloned. */
  function checkOne(task: string, key: string, value: V, several = true): void {
    checkString(task, 'key', key)
    check(value !== undefined, task, 'value', 'defined', value)
    if (weigh && (several || task !== SET)) checkAmount(task, 'weight', weigh(value, key))
    if (several && tiers.store && !options.codec) checkClone(key, value)
  }

  /** The entries to set; of several pairs with one key, the last counts. */
  const entriesOf = (
    task: string,
    pairs: Iterable<readonly [key: string, value: V]>,
    setOptions: SetOptions | undefined,
    now: number,
  ): Entry<V>[] => {
    const life = lifetimeOf(task, setOptions, lifetime)
    checkIterable(task, 'entries', 'pairs', pairs)
    const latest = new Map(pairs)
    return Array.from(latest, ([key, value]) => {
      checkOne(task, key, value, latest.size > 1)
      return createEntry(key, value, life, now)
    })
  }

  const remove = <T>(key: string, pick: (entry: Entry<V> | undefined) => T): Promise<T> =>
    write(() => {
      checkString(DELETE, 'key', key)
      return tiers.remove(key).then(pick)
    })

  const removeAll = (name: string, value: string, change: Change): Promise<void> =>
    write(() => {
      checkString(DELETE, name, value)
      return tiers.removeAll(change)
    })

  const get = async (key: string, getOptions?: { readonly stale?: boolean }, now: number = tiers.begin()): Promise<V | undefined> => {
    const limit = optionsOf(GET, getOptions).stale ? expiresAtOf : staleAtOf
    if (memory.checking) await memory.checking
    const held = tiers.fromMemory(key, now, limit)
    if (held && now < limit(held)) return held.value
    const stored = await tiers.fromStore(key, now, limit)
    return stored && now < limit(stored) ? stored.value : undefined
  }

  async function* fresh<T>(pick: (entry: Entry<V>) => T): AsyncGenerator<T, undefined> {
    for await (const entry of tiers.fresh(tiers.begin)) yield pick(entry)
  }

  const cache: Cache<V> = {
    get status() {
      return tiers.status
    },

    get: (key, getOptions) => get(key, getOptions),

    async getMany(keys) {
      const wanted = checkStrings(GET, 'keys', keys)
      const now = tiers.begin()
      const values = await Promise.all(wanted.map((key) => get(key, undefined, now)))
      return new Map(wanted.flatMap((key, place) => (values[place] === undefined ? [] : [[key, values[place]]])))
    },

    peek: (key) => tiers.peek(key)?.value,

    has: async (key) => (await cache.expiresAt(key)) !== undefined,

    async expiresAt(key) {
      const now = tiers.begin()
      const { entry } = await tiers.inspect(key)
      return isFresh(entry, now) ? staleAtOf(entry) : undefined
    },

    async info(key) {
      const now = tiers.begin()
      const { entry, tier } = await tiers.inspect(key)
      if (!isUsable(entry, now)) return undefined
      const { createdAt, tags = [] } = entry
      return { createdAt, staleAt: staleAtOf(entry), expiresAt: expiresAtOf(entry), tags, tier }
    },

    set: (key, value, setOptions) => cache.setMany([[key, value]], setOptions),

    setMany: (entries, setOptions) => write((now) => tiers.set(entriesOf(SET, entries, setOptions, now))),

    add: (key, value, setOptions) =>
      write((now) => {
        const [entry] = entriesOf('add entry', [[key, value]], setOptions, now)
        return tiers.change(key, (fresh) => (fresh ? undefined : entry), entry!.tags ?? []).then((fresh) => !fresh)
      }),

    update: (key, value) =>
      write(() => {
        checkOne('update entry', key, value, false)
        return tiers.change(key, (fresh) => fresh && { ...fresh, value }).then((fresh) => fresh?.value)
      }),

    touch: (key, ttl) =>
      write((now) => {
        const task = 'touch entry'
        checkString(task, 'key', key)
        checkMs(task, 'ttl', ttl)
        return tiers.change(key, (fresh) => fresh && renewEntry(fresh, ttl, now), undefined, true).then((fresh) => !!fresh)
      }),

    take: (key) => remove(key, (entry) => entry?.value),

    async getOrLoad(key: string, loader: Loader<V, V | undefined>, loadOptions?: LoadOptions): Promise<V> {
      const task = 'load entry'
      const life = lifetimeOf(task, loadOptions, lifetime)
      const { signal, timeout = Infinity, refresh, errorTtl = settings.errorTtl }: LoadOptions = loadOptions ?? {}
      checkType(task, 'loader', 'function', loader)
      // Checked by its shape, because an AbortSignal of another realm will do.
      check(signal === undefined || signal?.throwIfAborted, task, 'signal', 'an AbortSignal', signal)
      checkMs(task, 'timeout', timeout)
      checkMs(task, 'errorTtl', errorTtl)
      checkString(task, 'key', key)
      const now = tiers.begin()
      signal?.throwIfAborted()
      // The overloads in contract.ts tell callers whether undefined is possible.
      return getOrLoad({
        ...life,
        key,
        loader,
        now,
        signal,
        timeout,
        refresh,
        limit: refresh ? () => 0 : revalidatedUntil,
        errorTtl,
      }) as Promise<V>
    },

    delete: (key) => remove(key, (entry) => !!entry),

    deleteMany: (keys) =>
      write(() =>
        Promise.all(checkStrings(DELETE, 'keys', keys).map(tiers.remove)).then((removed) => removed.filter((entry) => entry).length),
      ),

    deletePrefix: (prefix) => removeAll('prefix', prefix, { type: 'deletePrefix', prefix }),
    deleteTag: (tag) => removeAll('tag', tag, { type: 'deleteTag', tag }),

    clear: () => cache.deletePrefix(''),

    keys: () => fresh(({ key }) => key),
    values: () => fresh(({ value }) => value),
    entries: () => fresh(({ key, value }) => [key, value]),

    async size() {
      let count = 0
      for await (const _ of cache.keys()) count++
      return count
    },

    sweep: () => write(tiers.sweep),
    flush: () => write(tiers.flush),

    stats: tiers.stats,

    subscribe(of: string | Listener, listener: Listener | undefined = of as Listener) {
      checkType('subscribe', 'listener', 'function', listener)
      const all = of === listener
      if (!all) checkString('subscribe', 'key', of)
      return tiers.events.subscribe((event) => {
        // Returned, because it may be a promise that rejects.
        return all || event.type === 'destroy' || (event.type !== 'status' && concerns(event, of as string)) ? listener(event) : undefined
      })
    },

    close: tiers.close,
    [Symbol.asyncDispose]: tiers.close,

    destroy: () => write(tiers.destroy),
  }
  return cache
}

type Listener = (event: CacheEvent) => void

const GET = 'get entry'
const DELETE = 'delete entry'
/** For a single `set`, memory checks the weight before it changes. */
const SET = 'set entry'

/** @throws CacheError `not-cloneable` */
function checkClone(key: string, value: unknown): void {
  try {
    structuredClone(value)
  } catch (error) {
    throw toCacheError('not-cloneable', error, 'put', { key })
  }
}

// getOrLoad: one load per key, shared by all callers in this tab and, under a lock, by all tabs; and what is served while it runs or
// when it fails.

import { concerns, type Change } from './change.ts'
import type { Loader } from './contract.ts'
import { createEntry, isFresh, isUsable, staleAtOf, type Entry } from './entry.ts'
import { CacheError, reportLater } from './errors.ts'
import { addFailure, failureOf, type Failure } from './failures.ts'
import { share, type Flight, type Join } from './flight.ts'
import { lifetimeOf, type Lifetime } from './options.ts'
import type { Limit } from './reads.ts'
import { createRecent } from './recent.ts'
import type { Tiers } from './tiers.ts'

/** What a caller asks for. The lifetime is the entry's, unless the loader sets another. */
export interface LoadRequest<V> extends Lifetime {
  readonly key: string
  readonly loader: Loader<V, V | undefined>
  /** When the caller asked, epoch ms. */
  readonly now: number
  readonly signal: AbortSignal | undefined
  readonly timeout: number
  readonly refresh: boolean | undefined
  /** Until when an entry is served instead of loading; never for a refresh. */
  readonly limit: Limit
  readonly errorTtl: number
}

/** A load is in flight from the call on, so that an invalidation also voids one whose loader has not begun. */
interface Load<V> extends LoadRequest<V>, Flight {
  readonly tags: readonly string[]
  /** Whether a stale entry has been served already, so that nobody waits for it. */
  readonly background: boolean
  /** The number of changes before it began. */
  readonly begun: number
  told: boolean
  /** The usable entry that was there, which may be served if the loader fails. */
  found: Entry<V> | undefined
  join: Join<V | undefined>
  /**
   * The earlier loads that took too long to be joined and were not overtaken, then this one: the first of them to get a value stores it.
   */
  rivals: readonly Load<V>[]
}

/** Loads of a key remembered as rivals, the latest included. */
const MOST_RIVALS = 6
/** Changes remembered while a load runs, at least. */
const MOST_RECENT = 10_000

/**
 * @param lockTimeout ms that a load waits for another tab's, and after its start in which callers join it
 * @param checkOne throws for an entry that cannot be stored
 */
export function createLoads<V>(
  tiers: Tiers<V>,
  lockTimeout: number,
  checkOne: (task: string, key: string, value: V) => void,
): (request: LoadRequest<V>) => Promise<V | undefined> {
  const { disk, locks, memory, store } = tiers
  const changes = createRecent<readonly [change: Change, local: boolean]>(MOST_RECENT)
  const loads = Object.assign(new Map<string, Load<V>>(), { recent: changes })
  const failures = new Map<string, Failure>()
  memory.fetches.push(loads, failures)

  /** Reads again if a removal of the entry was announced during the read: the message of another tab may come later than its removal. */
  const look = async (read: () => Promise<Entry<V> | undefined>): Promise<Entry<V> | undefined> => {
    for (;;) {
      const since = changes.count()
      const entry = await read()
      if (!entry || !changes.has(since, ([change]) => change.type !== 'set' && concerns(change, entry.key, entry.tags ?? []))) return entry
    }
  }

  /** Whether a change has overtaken a load. */
  const isVoid = (load: Load<V>): boolean => loads.get(load.key) !== load || load.told

  /**
   * Whether one of the keys was changed during a load, as far as its tags are known by now. With a single key and no tags there is
   * nothing to look for: a change of the load's own key has taken it out of `loads`, or marked it as told.
   * @param byThis true for changes by this tab, false for those by others, absent for both
   */
  const isChanged = ({ begun, tags }: Load<V>, of: ReadonlyMap<string, unknown> | ReadonlySet<string>, byThis?: boolean): boolean => {
    const isOne = (change: Change): boolean =>
      'key' in change ? of.has(change.key) : [...of.keys()].some((key) => concerns(change, key, tags))
    return (of.size > 1 || tags.length > 0) && changes.has(begun, ([change, local]) => local === (byThis ?? local) && isOne(change))
  }

  const isStandIn = (entry: Entry<V> | undefined): entry is Entry<V> =>
    !!entry?.staleIfError && memory.readClock() < staleAtOf(entry) + entry.staleIfError

  const leave = (load: Load<V>): void => {
    if (loads.get(load.key) === load) loads.delete(load.key)
    // A load that is no longer in `loads` may still ask, and then takes everything for changed.
    if (!loads.size) changes.forget()
  }

  const fail = (load: Load<V>, error: unknown): void => {
    const { key, found, background } = load
    // Otherwise the callers get the error.
    if (background || isStandIn(found))
      tiers.report(new CacheError('load-failed', 'Cannot load entry: loader failed', { cause: error, key }))
    // A failure from before a change says nothing about the key as it is now.
    if (!isVoid(load)) addFailure(failures, load, error, memory.readClock(), isUsable(found, memory.now))
  }

  /** Calls the loader. Resolves to its value and those that it passed to `also`, by key. */
  const callLoader = async (load: Load<V>, signal: AbortSignal): Promise<Map<string, V | undefined>> => {
    const { key, found } = load
    const values = new Map<string, V | undefined>([[key, undefined]])
    const value = await load.loader({
      key,
      signal,
      stale: found && memory.now >= staleAtOf(found) ? found.value : undefined,
      setOptions(options) {
        Object.assign(load, lifetimeOf('load entry', options, load))
        load.told ||= isChanged(load, new Set([key]))
      },
      also(key, value) {
        checkOne('load entry', key, value)
        values.set(key, value)
      },
    })
    return values.set(key, value)
  }

  /**
   * Stores the values of a loader, unless a change has overtaken the load.
   * @param before what was there when the loader began
   * @param since the position of the log then
   */
  const keep = async (
    load: Load<V>,
    values: ReadonlyMap<string, V>,
    before: Entry<V> | undefined,
    since: number | undefined,
  ): Promise<void> => {
    const now = tiers.begin()
    const entries = Array.from(values, ([key, value]) => createEntry(key, value, load, now))
    // From here on an invalidation does not release the lock early: other tabs wait until the value is stored.
    load.over = undefined
    // The latest load of the key, which may be a later one.
    const current = loads.get(load.key)
    // A value that expires at once changes nothing if nothing was there, but its event would make listeners load again: it is skipped. Not
    // for a refresh, which replaces what other tabs may hold.
    const matters = before ?? (load.refresh || values.size > 1 || isUsable(entries[0], now))
    if (matters && current?.rivals.includes(load) && !isChanged(load, values, true))
      await tiers.set(entries, current.told || load.told || isChanged(load, values, false), since)
  }

  /** Runs the loader, unless another tab has stored a fresh value meanwhile. Resolves when the value is stored. */
  const run = async (load: Load<V>, signal: AbortSignal, resolve: (value: V | undefined) => void): Promise<void> => {
    const { key, refresh } = load
    // Another tab may have loaded the value while this one waited for the lock; in another store, an entry that was stale may be fresh by
    // now. Awaited even without a store: if the loader began before its caller has joined, the caller could not detach.
    const [since, stored] = await (store
      ? Promise.all([
          disk?.locate(key),
          !refresh && (disk || (load.found && !memory.unsaved.has(load.found))) ? look(() => tiers.fetch(key)) : undefined,
        ])
      : [])
    if (stored && isFresh(stored, memory.readClock())) return resolve(stored.value)
    signal.throwIfAborted()
    // The loader is given the latest that is stored. Changes that other tabs have announced so far came before it begins, so they do not
    // void its result.
    if (isUsable(stored, memory.now) || (load.told && !refresh)) load.found = stored
    if (!refresh) load.told = false
    const before = load.found ?? stored
    const values = await callLoader(load, signal)
    const value = values.get(key)
    resolve(value)
    failures.delete(key)
    try {
      if (value !== undefined && !signal.aborted) await keep(load, values as ReadonlyMap<string, V>, before, since)
    } catch (error) {
      // Storage faults were reported, and a closed cache keeps nothing. Any other error comes from the app's `weigh`; no caller gets it.
      if (!(error instanceof CacheError)) reportLater(error)
    }
    // Before the lock is given back, which takes a while: if nothing was stored, whoever calls next loads anew.
    leave(load)
  }

  /** Serves a stored entry if it may; otherwise runs the loader when it is this tab's turn. */
  const answer = async (
    load: Load<V>,
    signal: AbortSignal,
    resolve: (value: V | undefined) => void,
    reject: (error: unknown) => void,
  ): Promise<void> => {
    const { key, now, limit } = load
    if (!load.background) {
      const found = (load.found ??= await look(() => tiers.fromStore(key, now, limit)))
      // Judged by the latest call: a caller that has joined meanwhile must not be served what had expired before it called.
      if (found && memory.now < limit(found)) {
        resolve(found.value)
        // A stale value that was removed during the look must not be served by another load.
        return isFresh(found, memory.now) || isVoid(load) ? undefined : revalidate(load, found)
      }
      const failure = failureOf(failures, load)
      if (failure && isStandIn(found)) return resolve(found.value)
      if (failure?.rethrown) return reject(failure.error)
    }
    // The lock is released before the loader ends if all callers have left, or if the value will not be stored: the next caller need not
    // wait.
    const idle = new Promise<void>((end) => {
      load.over = end
      signal.addEventListener('abort', () => end())
      if (loads.get(key) !== load) end()
    })
    let running: Promise<void> | undefined
    const work = (): Promise<unknown> => Promise.race([(running = run(load, signal, resolve)), idle])
    await (disk ? locks.run(`${disk.database} ${key}`, lockTimeout, work) : work())
    await running
  }

  const start = (request: LoadRequest<V>, found: Entry<V> | undefined, background: boolean): Load<V> => {
    const { key, refresh } = request
    const load: Load<V> = { ...request, background, begun: changes.count(), told: false, found, join: undefined as never, rivals: [] }
    const before = loads.get(key)
    // A refresh was asked for because the values of earlier loads would not do.
    load.rivals = [...(before && !before.told && !refresh ? before.rivals : []), load].slice(-MOST_RIVALS)
    // Or each would keep those before it, without end.
    if (before) before.rivals = []
    before?.over?.()
    loads.set(key, load)
    load.join = share(
      (signal) =>
        new Promise((resolve, reject) => {
          signal.onabort = () => leave(load)
          answer(load, signal, resolve, reject)
            .catch((error) => {
              if (!signal.aborted) fail(load, error)
              reject(error)
            })
            .finally(() => leave(load))
        }),
    )
    return load
  }

  /** Loads in the background. No caller waits, so none can abort it. */
  const revalidate = (request: LoadRequest<V>, found: Entry<V>): void => {
    if (!failureOf(failures, request)) void start(request, found, true).join()
  }

  /** The load that a caller may join. Not looked up in `getOrLoad`: as it waits, that would keep one which it has replaced. */
  const joinable = ({ key, now, refresh }: LoadRequest<V>): Load<V> | undefined => {
    const current = loads.get(key)
    return current && !current.told && (current.refresh || !refresh) && now < current.now + lockTimeout ? current : undefined
  }

  const getOrLoad = async (request: LoadRequest<V>): Promise<V | undefined> => {
    const { key, now, refresh, limit, signal, timeout } = request
    const called = changes.count()
    const lateError = (): CacheError => new CacheError('load-timeout', `Cannot load entry: no value after ${timeout} ms`, { key })
    let left = timeout
    if (memory.checking) {
      const since = performance.now()
      await share(async () => memory.checking)(signal, timeout, lateError)
      signal?.throwIfAborted()
      left -= performance.now() - since
    }
    const joined = joinable(request)
    const held = tiers.fromMemory(key, now, limit) ?? joined?.found
    if (held && now < limit(held)) {
      if (!isFresh(held, now) && !joined) revalidate(request, held)
      return held.value
    }
    const load = joined ?? start(request, held, false)
    const waiting = performance.now()
    try {
      const loading = load.join(signal, left, () => {
        // The load goes on, for the next caller.
        if (isStandIn(load.found)) void load.join()
        return lateError()
      })
      // A refresh that was joined ignores stored values, but this caller may be served one.
      const stored =
        !refresh &&
        !held &&
        load.refresh &&
        tiers.fromStore(key, now, limit).then((entry) => (entry && now < limit(entry) ? entry.value : loading))
      const value = await (stored ? Promise.race([loading, stored]) : loading)
      // The loader may have set a tag that was removed before this call: then the value is too old for this caller.
      if (!joined || !load.told || called <= load.begun) return value
      try {
        tiers.begin()
      } catch {
        // A closed cache has nothing newer.
        return value
      }
      return getOrLoad({ ...request, now: memory.now, timeout: left - (performance.now() - waiting) })
    } catch (error) {
      if (!signal?.aborted && isStandIn(load.found)) return load.found.value
      throw error
    }
  }
  return getOrLoad
}

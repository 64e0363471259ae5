// getOrLoad: one load per key, of all callers in this tab and, under a lock, of all tabs; and what is served instead while it
// runs or when it fails.

import { concerns, type Change } from './change.ts'
import type { Loader } from './contract.ts'
import { withLock } from './coherence/locks.ts'
import { createEntry, isFresh, isUsable, staleAtOf, type Entry } from './entry.ts'
import { CacheError, reportLater } from './errors.ts'
import { addFailure, failureOf, type Failure } from './failures.ts'
import { share, type Flight, type Join } from './flight.ts'
import { lifetimeOf, type Lifetime } from './options.ts'
import type { Limit } from './reads.ts'
import { createRecent } from './recent.ts'
import type { Tiers } from './tiers.ts'

export interface LoadRequest<V> {
  readonly key: string
  readonly loader: Loader<V, V | undefined>
  readonly life: Lifetime
  /** When it was asked for. */
  readonly now: number
  readonly signal: AbortSignal | undefined
  readonly timeout: number
  readonly refresh: boolean | undefined
  /** Until when an entry is served instead of loading; a refresh is served none. */
  readonly limit: Limit
  readonly errorTtl: number
}

/** A load is in flight from the call on, so that an invalidation which comes before its loader has begun voids it too. */
interface Load<V> extends Flight {
  readonly request: LoadRequest<V>
  told: boolean
  /** The usable entry that it found, which may stand in for what it brings. */
  found: Entry<V> | undefined
  join: Join<V | undefined>
  /** Those before it that took too long to be joined, and that nothing else has overtaken: the first to come is kept. */
  late: readonly Load<V>[]
}

/** Loads of a key that take too long and are remembered. */
const MOST_LATE = 5
/** Changes during a load that are remembered, at least. */
const MOST_RECENT = 10_000

/**
 * @param lockTimeout ms that a load waits for another tab's, and in which a load is joined
 * @param checkOne throws for an entry that cannot be stored with others
 */
export function createLoads<V>(tiers: Tiers<V>, lockTimeout: number, checkOne: (task: string, key: string, value: V) => void): (request: LoadRequest<V>) => Promise<V | undefined> {
  const { disk, memory } = tiers
  const changes = createRecent<readonly [change: Change, local: boolean]>(MOST_RECENT)
  const loads = Object.assign(new Map<string, Load<V>>(), { recent: changes })
  const failures = new Map<string, Failure>()
  memory.fetches.push(loads, failures)

  /** What a read gives; read again where it may have been removed meanwhile, as what others tell late may have come before. */
  const look = async (read: () => Promise<Entry<V> | undefined>): Promise<Entry<V> | undefined> => {
    for (;;) {
      const since = changes.count()
      const entry = await read()
      if (!entry || !changes.has(since, ([change]) => change.type !== 'set' && concerns(change, entry.key, entry.tags ?? []))) return entry
    }
  }

  /** Whether a change has overtaken it. */
  const isVoid = (load: Load<V>): boolean => loads.get(load.request.key) !== load || load.told

  /** The load that callers join by now: itself, or one after it if it has only taken too long. Undefined for one that is overtaken. */
  const currentOf = (load: Load<V>): Load<V> | undefined => {
    const current = loads.get(load.request.key)
    return current === load || current?.late.includes(load) ? current : undefined
  }

  const isStandIn = (entry: Entry<V> | undefined): entry is Entry<V> =>
    !!entry?.staleIfError && memory.readClock() < staleAtOf(entry) + entry.staleIfError

  const fail = (load: Load<V>, background: boolean, error: unknown): void => {
    const { request, found } = load
    // Else the error reaches those who wait.
    if (background || isStandIn(found)) tiers.report(new CacheError('load-failed', 'Cannot load entry: loader failed', { cause: error, key: request.key }))
    const now = memory.readClock()
    // What it says of a key that has changed is of the time before.
    if (!isVoid(load)) addFailure(failures, request, error, now, isUsable(found, now))
  }

  /** @param background for a stale entry that has been served: there is no other answer than the loader's */
  const start = (request: LoadRequest<V>, found: Entry<V> | undefined, background: boolean): Load<V> => {
    const { key, loader, now, refresh, limit } = request
    let { life } = request
    const load: Load<V> = { request, found, tags: life.tags, told: false, join: undefined as never, late: [] }
    const begun = changes.count()
    const leave = (): void => {
      if (loads.get(key) === load) loads.delete(key)
      // One that was voided may still ask.
      if (!loads.size) changes.forget()
    }
    /**
     * Whether a change came meanwhile for one of the keys, with the tags that are known by now. One of the load's own key has taken it out, or was told.
     * @param byThis whether this tab made it; absent for any
     */
    const isChanged = (keys: readonly string[], byThis?: boolean): boolean =>
      (keys.length > 1 || life.tags.length > 0) && changes.has(begun, ([change, local]) => local === (byThis ?? local) && keys.some((key) => concerns(change, key, life.tags)))

    /** Runs the loader, unless another tab has stored what it would bring; ends when the value is stored. */
    const run = async (signal: AbortSignal, resolve: (value: V | undefined) => void): Promise<void> => {
      // Another tab may have loaded it while this one waited for its turn.
      // A loader never begins in the call itself: who calls must have joined, to leave.
      const [since, stored] = await (disk ? Promise.all([disk.locate(key), refresh ? undefined : look(() => tiers.fetch(key))]) : [])
      if (stored && isFresh(stored, memory.readClock())) return resolve(stored.value)
      signal.throwIfAborted()
      // What others have told of until now its loader comes after.
      if (load.told && !refresh) {
        load.told = false
        load.found = stored
      }
      const { found } = load
      const values = new Map<string, V | undefined>([[key, undefined]])
      const value = await loader({
        key,
        signal,
        stale: found && now >= staleAtOf(found) ? found.value : undefined,
        setOptions(options) {
          life = lifetimeOf('load entry', options, life)
          load.tags = life.tags
          load.told ||= isChanged([key])
        },
        also(key, value) {
          checkOne('load entry', key, value)
          values.set(key, value)
        },
      })
      resolve(value)
      failures.delete(key)
      if (value === undefined || signal.aborted) return
      try {
        const now = tiers.begin()
        const keys = [...values.keys()]
        const entries = Array.from(values.set(key, value), ([key, value]) => createEntry(key, value!, life, now))
        // Others wait until it is stored.
        load.over = undefined
        const current = currentOf(load)
        // What is not to be kept, where nothing is, is no change: who is told of one loads again. A refresh is to replace what others hold.
        const matters = found ?? stored ?? (refresh || keys.length > 1 || isUsable(entries[0], now))
        if (matters && current && !isChanged(keys, true)) await tiers.set(entries, current.told || load.told || isChanged(keys, false), since)
      } catch (error) {
        // Faults are reported, and a cache that has been closed keeps nothing. A `weigh` of the app that throws has no caller here who waits to be told.
        if (!(error instanceof CacheError)) reportLater(error)
      }
    }

    /** Answers from what is stored if it may; else it is this tab's or another's turn to load. */
    const answer = async (signal: AbortSignal, resolve: (value: V | undefined) => void, reject: (error: unknown) => void): Promise<void> => {
      if (!background) {
        const found = (load.found ??= await look(() => tiers.fromStore(key, now, limit)))
        if (found && now < limit(found)) {
          resolve(found.value)
          // What was removed during the look is not to be served by another load.
          return isFresh(found, now) || isVoid(load) ? undefined : revalidate(request, found)
        }
        const failure = failureOf(failures, request)
        if (failure && isStandIn(found)) return resolve(found.value)
        if (failure?.rethrown) return reject(failure.error)
      }
      // Once all have left, or what it brings is not kept, whoever comes next need not wait for a loader that goes on.
      const idle = new Promise<void>((end) => {
        load.over = end
        signal.addEventListener('abort', () => end())
        if (loads.get(key) !== load) end()
      })
      let running: Promise<void> | undefined
      const work = (): Promise<unknown> => Promise.race([(running = run(signal, resolve)), idle])
      await (disk ? withLock(`${disk.database} ${key}`, { signal: AbortSignal.timeout?.(lockTimeout) }, lockTimeout, work) : work())
      await running
    }

    const before = loads.get(key)
    // A refresh was asked for as what others bring would not do.
    if (before && !before.told && !refresh) load.late = [...before.late, before].slice(-MOST_LATE)
    before?.over?.()
    loads.set(key, load)
    load.join = share(
      (signal) =>
        new Promise((resolve, reject) => {
          signal.onabort = leave
          answer(signal, resolve, reject)
            .catch((error) => {
              if (!signal.aborted) fail(load, background, error)
              reject(error)
            })
            .finally(leave)
        }),
    )
    return load
  }

  /** Loads in the background. Nobody waits for it, so nobody leaves it. */
  const revalidate = (request: LoadRequest<V>, found: Entry<V>): void => {
    if (!failureOf(failures, request)) void start(request, found, true).join()
  }

  return async (request) => {
    const { key, now, refresh, limit, signal, timeout } = request
    const lateError = (): CacheError => new CacheError('load-timeout', `Cannot load entry: no value after ${timeout} ms`, { key })
    let left = timeout
    if (memory.checking) {
      const since = performance.now()
      await share(async () => memory.checking)(signal, timeout, lateError)
      signal?.throwIfAborted()
      left -= performance.now() - since
    }
    const current = loads.get(key)
    const joined = current && !current.told && (current.request.refresh || !refresh) && now < current.request.now + lockTimeout
    const held = tiers.fromMemory(key, now, limit) ?? (joined ? current.found : undefined)
    if (held && now < limit(held)) {
      if (!isFresh(held, now) && !joined) revalidate(request, held)
      return held.value
    }
    const load = joined ? current : start(request, held, false)
    try {
      const loading = load.join(signal, left, () => {
        // For the sake of the next caller it goes on.
        if (isStandIn(load.found)) void load.join()
        return lateError()
      })
      if (refresh || held || !load.request.refresh) return await loading
      // A refresh passes over a value that will do here.
      const stored = tiers.fromStore(key, now, limit).then((entry) => (entry && now < limit(entry) ? entry.value : loading))
      return await Promise.race([loading, stored])
    } catch (error) {
      if (!signal?.aborted && isStandIn(load.found)) return load.found.value
      throw error
    }
  }
}

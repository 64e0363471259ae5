// createCachedFetch: the course of one call of fetch. verdict.ts decides whether a stored response may be used, policy.ts what may be
// stored; exchange.ts and loader.ts ask the origin.

import { concerns, EVERYTHING, type Change } from '../change.ts'
import type { Cache, CacheEvent } from '../contract.ts'
import { call, CacheError, reportLater } from '../errors.ts'
import { createRecent, type Recent } from '../recent.ts'
import { within } from '../within.ts'
import { gatewayTimeout, pass, restore } from './answer.ts'
import { createReader, type Ask, type Input } from './ask.ts'
import { isSame } from './body.ts'
import type { CachedFetch, CachedFetchOptions, ExtendableEventLike } from './contract.ts'
import { exchange, type Task } from './exchange.ts'
import { invalidateAfter, invalidateSelected } from './invalidation.ts'
import { ALL, prefixOf, urlOf } from './keys.ts'
import { memoize } from './memoize.ts'
import { outgoing } from './network.ts'
import { httpSettings } from './options.ts'
import { find, list, peek, type Found } from './responses.ts'
import { createDigest } from './user.ts'
import type { HttpEntry, StoredResponse } from './variants.ts'
import { judge, mayStandIn, replacesError } from './verdict.ts'

/**
 * Makes a drop-in `fetch` that is a private HTTP cache (RFC 9111, 5861, 8246, 9211, 9875) on top of a cache of this library.
 *
 * @param cache holds the responses: one entry each, and another for a large body. It may hold other entries too (then pass it `as
 *   Cache<HttpEntry>`)
 * @throws TypeError, RangeError for a bad cache or bad options
 * @example
 * const cache = createCache<HttpEntry>({ name: 'api' })
 * const cachedFetch = createCachedFetch(cache, { partition: () => userId })
 */
export function createCachedFetch(cache: Cache<HttpEntry>, options?: CachedFetchOptions): CachedFetch {
  const settings = httpSettings(cache, options)
  const { name, clock, partition, match, networkTimeout, onUpdate } = settings
  const digestOf = createDigest()
  const readAsk = createReader()
  const keyOf = memoize((url, prefix: string) => prefix + url)
  const removals = removalsIn(cache)

  const prefixFor = (ask: Ask): string => prefixOf(partition ? partition(ask.request()) : '')

  const isHandled = (ask: Ask): boolean =>
    /^https?:/.test(ask.url) &&
    ask.mode !== 'navigate' &&
    // Its response is opaque: it can neither be read nor stored.
    !(ask.mode === 'no-cors' && !ask.own) &&
    !(ask.mode === 'same-origin' && ask.own === false) &&
    // Developer tools send it with other modes (Chromium issue 1098389).
    !(ask.cache === 'only-if-cached' && ask.mode !== 'same-origin') &&
    (!match || match(ask.request()))

  /** Bypasses the stored responses, and invalidates after an unsafe request. */
  const forward = async (ask: Ask, why: string, request = ask.request()): Promise<Response> => {
    // First, so that a request is not sent if its partition is invalid.
    const prefix = SAFE.test(ask.method) ? undefined : prefixFor(ask)
    const response = await settings.fetch(request)
    if (prefix && (response.redirected || response.status < 400)) {
      await invalidateAfter(cache, prefix, ask, response, settings.invalidates).catch((error) => {
        // Faults of the cache were reported. A mistake of the app must not hide that the origin has carried out the request.
        if (!(error instanceof CacheError)) reportLater(error)
      })
    }
    return pass(response, `${name}; fwd=${why}`, ask.signal)
  }

  const serve = (stored: StoredResponse, bytes: ArrayBuffer, ask: Ask, how: string): Response =>
    restore(stored, bytes, ask, `${name}; ${how}`, clock.now())

  /** Serves a stored response, or asks the origin. */
  const answer = (wanted: Wanted, found: Found): Response | Promise<Response> => {
    const { ask } = wanted
    ask.signal?.throwIfAborted()
    const { variants, stored, bytes } = found
    const now = clock.now()
    const verdict = stored && judge(stored, ask, now)
    const background = verdict === 'swr' && !ask.directives.has('only-if-cached')
    const why = stored ? (now < stored.staleAt ? 'request' : 'stale') : variants.length ? 'vary-miss' : 'uri-miss'
    const about = ask.cache === 'reload' ? undefined : stored
    const task = (): Task => ({ ...wanted, ...found, background, why, asked: now, stored: about })
    if (stored && bytes && verdict !== 'validate') {
      if (background) answerOf(task()).catch(() => {})
      const ttl = Math.floor((stored.staleAt - now) / 1000)
      return serve(stored, bytes, ask, `hit; ttl=${ttl}${background ? '; detail=swr' : ''}`)
    }
    if (ask.cache === 'only-if-cached') throw new TypeError('Cannot fetch: not stored')
    if (ask.directives.has('only-if-cached')) return gatewayTimeout(`${name}; fwd=miss`)
    return request(task())
  }

  /** Asks the origin; if that fails, serves the stored response if it may. */
  const request = async (task: Task): Promise<Response> => {
    const { ask, stored, bytes } = task
    const standsIn = stored && settings.offlineStale && task.asked < stored.end && mayStandIn(stored, ask)
    try {
      // The answer to a Range request, or to HEAD if nothing is stored, is not stored.
      const answer = ask.headers.has('range') || (ask.method === 'HEAD' && !stored) ? forward(ask, task.why) : answerOf(task)
      if (!standsIn || networkTimeout >= 2 ** 31) return await answer
      return await within(networkTimeout, answer).catch((error) => {
        // A response that was removed meanwhile is not served.
        if (ask.signal?.aborted || task.isOvertaken(stored.tags)) return answer
        task.background = true
        // Otherwise its unread body would hold the connection.
        answer.then(({ body }) => body?.cancel()).catch(() => {})
        throw error
      })
    } catch (error) {
      if (ask.signal?.aborted || error instanceof CacheError) throw error
      if (standsIn && !task.isOvertaken(stored.tags)) return serve(stored, bytes!, ask, `fwd=${task.why}; detail=offline`)
      if (settings.unreachable === '504') return gatewayTimeout(`${name}; fwd=${task.why}`)
      throw error
    }
  }

  /**
   * Asks the origin, or joins the request of another caller and looks at what that has stored. If nothing fits, it sends its own request.
   */
  const answerOf = async (task: Task): Promise<Response> => {
    const { ask, why, asked } = task
    const refreshes = why === 'request' || why === 'vary-miss' || ask.cache === 'reload'
    for (const refresh of [refreshes, true]) {
      // A response that was asked for before a removal must not be stored after it. Once the load has begun, the load itself prevents that.
      if (task.isOvertaken()) break
      const response = await exchange(cache, settings, task, refresh)
      if (response) return response
      const { stored, bytes } = await find(cache, task)
      const now = clock.now()
      // It joined a request that was not made in the background, which `listen` does not report.
      if (task.background && stored && bytes && stored.changed === undefined && stored.responseTime > task.stored!.responseTime)
        tellUpdate(ask.url, stored, !isSame(bytes, task.bytes!))
      // If a stale response may not be served, the new one must have been asked for after this call.
      const isNew = stored && stored[task.background || mayStandIn(stored, ask) ? 'responseTime' : 'requestTime'] > asked
      if (stored && bytes && !stored.matchesNone && (isNew || judge(stored, ask, now) === 'use'))
        return serve(stored, bytes, ask, `fwd=${why}; collapsed`)
      // A load does not ask while the list of variants is fresh, which may be because of another variant: then it tries again.
      if (task.background && !(await cache.has(task.key))) break
    }
    if (task.background) throw new TypeError('Cannot fetch: nobody waits for it')
    const response = await forward(ask, `${why}; collapsed=?0`, outgoing(ask, settings.revalidate, ask.signal ?? null))
    const { stored, bytes } = task
    if (!stored || !replacesError(response.status, stored, ask, asked) || task.isOvertaken(stored.tags)) return response
    response.body?.cancel().catch(() => {})
    return serve(stored, bytes!, ask, `fwd=${why}; fwd-status=${response.status}; collapsed=?0; detail=sie`)
  }

  const tellUpdate = (url: string, { status }: StoredResponse, changed: boolean): void => {
    if (onUpdate) call(onUpdate, [{ url, status, changed }])
  }

  const listen = async (event: CacheEvent): Promise<void> => {
    const url = event.type === 'set' && urlOf(event.key)
    if (!url) return
    const [latest] = await list(cache, event.key).catch(() => [])
    if (latest?.changed !== undefined) tellUpdate(url, latest, latest.changed)
  }
  if (onUpdate) cache.subscribe(listen)

  const cachedFetch = async (input: Input, init?: RequestInit, event?: ExtendableEventLike): Promise<Response> => {
    const ask = readAsk(input, init)
    ask.signal?.throwIfAborted()
    if (!isHandled(ask)) return settings.fetch(ask.request())
    if (!/^(GET|HEAD)$/.test(ask.method)) return forward(ask, 'method')
    // A caller that sends preconditions validates by itself (Fetch, HTTP-network-or-cache fetch).
    const validates =
      (ask.cache === 'default' || ask.cache === 'no-cache') && [...ask.headers.keys()].some((name) => name.startsWith('if-'))
    // In a service worker: across origins these are the requests of a page's own cachedFetch, which holds the lock of the load meanwhile.
    const passes = event && /^(no-cache|reload)$/.test(ask.cache) && !ask.own
    if (validates || passes || ask.integrity || ask.cache === 'no-store' || ask.directives.has('no-store')) {
      // In a service worker unchanged: a page's own cachedFetch must see redirects, which a newly built response does not show.
      return event ? settings.fetch(ask.request()) : forward(ask, 'bypass')
    }
    try {
      // The partition is determined now: the app may switch users before the answer comes.
      const prefix = prefixFor(ask)
      const began = removals.count()
      const digest = digestOf(ask.headers)
      const user = digest && (await digest)
      if (user === undefined && !partition) return forward(ask, 'bypass')
      const whose = user && !partition ? `\0@${user}` : ''
      const key = keyOf(ask.url, prefix) + whose
      const isOvertaken: Task['isOvertaken'] = (tags) => removals.has(began, (removal) => concerns(removal, key, tags))
      const wanted = { ask, event, prefix, whose, key, user, isOvertaken }
      const response = answer(wanted, peek(cache, wanted) ?? (await find(cache, wanted)))
      // No await for a hit.
      return response instanceof Promise ? await response : response
    } catch (error) {
      if (error instanceof CacheError && error.code === 'closed') return forward(ask, 'bypass')
      throw error
    }
  }

  return Object.assign(cachedFetch, {
    handles: (request: Request): boolean => isHandled(readAsk(request)),
    invalidate: async (selector) => invalidateSelected(cache, selector, readAsk, prefixFor),
    clear: async (whose) => cache.deletePrefix(whose === undefined ? ALL : prefixOf(whose)),
  } satisfies Omit<CachedFetch, never>)
}

/** One call of fetch, and where its responses are stored. */
type Wanted = Pick<Task, 'ask' | 'event' | 'prefix' | 'whose' | 'key' | 'user' | 'isOvertaken'>

type Removal = Exclude<Change, { type: 'set' }>

/** How many removals are remembered, at least. */
const MOST_REMOVALS = 500

/** By cache. */
const recorders = new WeakMap<object, Recent<Removal>>()

/**
 * The removals in a cache that may concern responses. All its cachedFetch share one subscription: a server may create one cachedFetch per
 * request, and each event would call all of them.
 */
function removalsIn(cache: Cache<HttpEntry>): Recent<Removal> {
  const known = recorders.get(cache)
  if (known) return known
  const removals = createRecent<Removal>(MOST_REMOVALS)
  recorders.set(cache, removals)
  cache.subscribe((event) => {
    if (event.type === 'destroy') removals.add(EVERYTHING as Removal)
    // Not those of the app's own keys.
    else if (/^delete/.test(event.type) && !('key' in event && urlOf(event.key) === undefined)) removals.add(event as Removal)
  })
  return removals
}

/** Methods that change nothing (RFC 9110, section 9.2.1). */
const SAFE = /^(GET|HEAD|OPTIONS|TRACE)$/

// createCachedFetch: the order of things for one call of fetch. What may be used is verdict.ts's business, what is stored
// policy.ts's, and how it comes from the origin exchange.ts's.

import { concerns, EVERYTHING, type Change } from '../change.ts'
import type { Cache, CacheEvent } from '../contract.ts'
import { call, CacheError, reportLater } from '../errors.ts'
import { createRecent } from '../recent.ts'
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
import { judge, mayStandIn } from './verdict.ts'

/**
 * Makes a drop-in `fetch` that is a private HTTP cache (RFC 9111, 5861, 8246, 9211, 9875) on top of a cache of this library.
 *
 * @param cache holds the responses, one entry each, and another for a long body; apart from them it may hold what it likes (then hand it over `as Cache<HttpEntry>`)
 * @throws TypeError, RangeError for bad options
 * @example
 * const cache = createCache<HttpEntry>({ name: 'api' })
 * const cachedFetch = createCachedFetch(cache, { partition: () => userId })
 */
export function createCachedFetch(cache: Cache<HttpEntry>, options?: CachedFetchOptions): CachedFetch {
  const settings = httpSettings(options)
  const { name, clock, partition, match, networkTimeout, onUpdate } = settings
  const digestOf = createDigest()
  const readAsk = createReader()
  const keyOf = memoize((url, prefix: string) => prefix + url)
  const removals = createRecent<Removal>(MOST_REMOVALS)

  const prefixFor = (ask: Ask): string => prefixOf(partition ? partition(ask.request()) : '')

  const isHandled = (ask: Ask): boolean =>
    /^https?:/.test(ask.url) &&
    ask.mode !== 'navigate' &&
    // Nothing can be seen of it, nor stored.
    !(ask.mode === 'no-cors' && !ask.own) &&
    !(ask.mode === 'same-origin' && ask.own === false) &&
    // Developer tools ask so in other modes (Chromium issue 1098389).
    !(ask.cache === 'only-if-cached' && ask.mode !== 'same-origin') &&
    (!match || match(ask.request()))

  /** Goes past what is stored. What an unsafe request has changed is not used any more. */
  const forward = async (ask: Ask, why: string, request = ask.request()): Promise<Response> => {
    // One whose partition cannot be told is refused before anything is done.
    const prefix = SAFE.test(ask.method) ? undefined : prefixFor(ask)
    const response = await settings.fetch(request)
    if (prefix && (response.redirected || response.status < 400)) {
      await invalidateAfter(cache, prefix, ask, response, settings.invalidates).catch((error) => {
        // Faults of the cache are reported. The app's must not hide that the origin has done what it was asked for.
        if (!(error instanceof CacheError)) reportLater(error)
      })
    }
    return pass(response, `${name}; fwd=${why}`, ask.signal)
  }

  const serve = (stored: StoredResponse, bytes: ArrayBuffer, ask: Ask, how: string): Response => restore(stored, bytes, ask, `${name}; ${how}`, clock.now())

  /** Uses what is stored, or asks the origin. */
  const answer = (wanted: Wanted, found: Found): Response | Promise<Response> => {
    const { ask } = wanted
    ask.signal?.throwIfAborted()
    const { variants, stored, bytes } = found
    const now = clock.now()
    const verdict = stored && judge(stored, ask, now)
    const background = verdict === 'swr'
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

  /** Asks the origin; what is stored stands in where it may. */
  const request = async (task: Task): Promise<Response> => {
    const { ask, stored, bytes } = task
    const standsIn = stored && settings.offlineStale && task.asked < stored.end && mayStandIn(stored, ask)
    try {
      // What comes of a part, or of HEAD where nothing is stored, is not stored.
      const answer = ask.headers.has('range') || (ask.method === 'HEAD' && !stored) ? forward(ask, task.why) : answerOf(task)
      if (!standsIn || networkTimeout >= 2 ** 31) return await answer
      return await within(networkTimeout, answer).catch((error) => {
        // What was removed meanwhile stands in for nothing.
        if (ask.signal?.aborted || task.isOvertaken(stored.tags)) return answer
        task.background = true
        // Or it would hold its connection.
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

  /** Whoever joined another's request looks at what it has stored; where that does not fit, it asks for itself. */
  const answerOf = async (task: Task): Promise<Response> => {
    const { ask, why, asked } = task
    const refreshes = why === 'request' || why === 'vary-miss' || ask.cache === 'reload'
    for (const refresh of [refreshes, true]) {
      // What was asked for before a removal is not stored after it; once it has begun, the load sees to that.
      if (task.isOvertaken()) break
      const response = await exchange(cache, settings, task, refresh)
      if (response) return response
      const { stored, bytes } = await find(cache, task)
      const now = clock.now()
      // What it joined was asked for by one who waited.
      if (task.background && stored && bytes && stored.changed === undefined && stored.responseTime > task.stored!.responseTime) tellUpdate(ask.url, stored, !isSame(bytes, task.bytes!))
      // Where it or the request forbids to use it without asking, it was asked for after the call.
      const isNew = stored && stored[task.background || mayStandIn(stored, ask) ? 'responseTime' : 'requestTime'] > asked
      if (stored && bytes && !stored.matchesNone && (isNew || judge(stored, ask, now) === 'use')) return serve(stored, bytes, ask, `fwd=${why}; collapsed`)
      // A list that is fresh for another variant's sake has kept the load from asking.
      if (task.background && !(await cache.has(task.key))) break
    }
    if (task.background) throw new TypeError('Cannot fetch: nobody waits for it')
    return forward(ask, `${why}; collapsed=?0`, outgoing(ask, settings.revalidate, ask.signal ?? null))
  }

  const tellUpdate = (url: string, { status }: StoredResponse, changed: boolean): void => {
    if (onUpdate) call(onUpdate, [{ url, status, changed }])
  }

  const listen = async (event: CacheEvent): Promise<void> => {
    const removal = event.type === 'destroy' ? EVERYTHING : event.type.startsWith('delete') && event
    if (removal) removals.add(removal as Removal)
    const url = event.type === 'set' && urlOf(event.key)
    if (!url || !onUpdate) return
    const [latest] = await list(cache, event.key).catch(() => [])
    if (latest?.changed !== undefined) tellUpdate(url, latest, latest.changed)
  }
  // A server may make one for each of its requests. Whoever is to be told of updates stays.
  if (onUpdate) cache.subscribe(listen)
  else subscribeFor(removals, cache, listen)

  const cachedFetch = async (input: Input, init?: RequestInit, event?: ExtendableEventLike): Promise<Response> => {
    const ask = readAsk(input, init)
    ask.signal?.throwIfAborted()
    if (!isHandled(ask)) return settings.fetch(ask.request())
    if (!/^(GET|HEAD)$/.test(ask.method)) return forward(ask, 'method')
    // A caller with preconditions sees to validation itself (Fetch, HTTP-network-or-cache fetch).
    const validates = (ask.cache === 'default' || ask.cache === 'no-cache') && [...ask.headers.keys()].some((name) => name.startsWith('if-'))
    // Across origins a page's own cache asks through its service worker so, and holds the load meanwhile.
    const passes = event && /^(no-cache|reload)$/.test(ask.cache) && !ask.own
    if (validates || passes || ask.integrity || ask.cache === 'no-store' || ask.directives.has('no-store')) {
      // A page's own cache must see where its request was redirected to: of a response that is made anew, its worker does not tell.
      return event ? settings.fetch(ask.request()) : forward(ask, 'bypass')
    }
    try {
      // Whose it is counts now: the app may go on to another user.
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
      // A hit waits for nothing.
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

/** One call of fetch, and where its responses are. */
type Wanted = Pick<Task, 'ask' | 'event' | 'prefix' | 'whose' | 'key' | 'user' | 'isOvertaken'>

type Removal = Exclude<Change, { type: 'set' }>

/** Removals that are remembered, at least. */
const MOST_REMOVALS = 500

type Listener = (event: CacheEvent) => unknown

const listeners = new WeakMap<object, Listener>()
let ended: FinalizationRegistry<WeakRef<() => void>> | undefined

/** Listens as long as anybody has the owner. */
function subscribeFor(owner: object, cache: Cache<HttpEntry>, listener: Listener): void {
  listeners.set(owner, listener)
  const reference = new WeakRef(listener)
  const end = cache.subscribe((event) => (reference.deref() ?? end)(event))
  // Where all is answered from the cache, no event comes. It must not hold the cache, whose other listeners may hold the owner.
  ended ??= new FinalizationRegistry((end) => end.deref()?.())
  ended.register(owner, new WeakRef(end))
}

/** Methods that change nothing (RFC 9110, section 9.2.1). */
const SAFE = /^(GET|HEAD|OPTIONS|TRACE)$/

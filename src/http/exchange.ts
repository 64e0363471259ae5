// One request to the origin for all who ask for the same. It runs as a load of the cache, which shares it among tabs and does
// not store what was overtaken. The caller who runs it gets the response as it comes; the others what was stored.

import type { Cache, LoaderContext } from '../contract.ts'
import { isReadable, pass } from './answer.ts'
import type { Ask } from './ask.ts'
import { isSame, tap } from './body.ts'
import type { ExtendableEventLike } from './contract.ts'
import { fieldsAfter, isAbout } from './freshen.ts'
import { groupsIn } from './groups.ts'
import { groupTag, keyOf } from './keys.ts'
import { outgoing } from './network.ts'
import type { HttpSettings } from './options.ts'
import { readPolicy } from './policy.ts'
import { forget, keep, list, type Held } from './responses.ts'
import { selectorsOf, type HttpEntry, type StoredResponse } from './variants.ts'
import { replacesError } from './verdict.ts'

export interface Task {
  readonly ask: Ask
  readonly partition: string
  readonly key: string
  /** A digest of its credentials. */
  readonly user: string | null
  /** What is asked about, and may stand in. */
  readonly held: Held | undefined
  /** All that is stored of its URL. */
  readonly variants: readonly StoredResponse[]
  /** Whether `held` was served already. */
  readonly background: boolean
  readonly event: ExtendableEventLike | undefined
  /** For Cache-Status: why the origin is asked. */
  readonly why: string
}

/** Who asked. */
interface Caller {
  give(response: Response): void
  /** Wants no more of the body. */
  leave(reason: unknown): void
  /** Resolves when the load is over: its value shows in the cache. */
  readonly seen: Promise<void>
}

type Loading = (context: LoaderContext<HttpEntry>) => Promise<HttpEntry | undefined>

/** Answers from what is stored, for a reason that goes to Cache-Status. */
export type Serve = (held: Held, ask: Ask, how: string) => Response

/** ms for which a response is kept past its freshness, for a revalidation, or for when the origin cannot be reached. */
const KEPT = 30 * 24 * 3_600_000

/**
 * @param refresh asks the origin even if another has stored a fresh response
 * @returns undefined where another has asked, who may have stored what answers this request too
 */
export function exchange(cache: Cache<HttpEntry>, settings: HttpSettings, serve: Serve, task: Task, refresh: boolean): Promise<Response | undefined> {
  const { ask: { signal }, event, key } = task
  const leaving = new AbortController()
  return new Promise((give, reject) => {
    let end!: () => void
    const load = loading(cache, settings, serve, task, { give, leave: (reason) => leaving.abort(reason), seen: new Promise((resolve) => (end = resolve)) })
    // What fails after the response was given, its body tells.
    const run: Loading = (context) => load(context).catch((error) => void reject(error))
    const done = cache
      .getOrLoad(key, run, { refresh, signal: signal ? AbortSignal.any([signal, leaving.signal]) : leaving.signal })
      .then(() => give(undefined), reject)
      .finally(end)
    event?.waitUntil(done.then(() => cache.flush()).catch(() => {}))
  })
}

function loading(cache: Cache<HttpEntry>, settings: HttpSettings, serve: Serve, { ask, partition, key, user, held, variants, background, why }: Task, { give, leave, seen }: Caller): Loading {
  const { clock, name, maxBodyBytes } = settings
  const stored = held?.stored
  const known = new Headers(stored?.headers as [string, string][])
  const head = ask.method === 'HEAD'
  let requestTime: number
  let now: number

  const send = async (signal: AbortSignal, conditional: boolean): Promise<Response> => {
    requestTime = clock.now()
    const response = await settings.fetch(outgoing(ask, settings.revalidate, signal, conditional ? known : undefined))
    now = clock.now()
    return response
  }

  /** The record of an answer, and whether it may be kept; of one that confirms what is stored, with that one's body. */
  const recordOf = (response: Response, confirmed?: StoredResponse): { record: StoredResponse; storable: boolean } => {
    const told = readPolicy(response.status, response.headers, requestTime, now, settings)
    const headers = fieldsAfter(response.headers, told.unstored, confirmed && known)
    const { status, statusText } = confirmed ?? response
    const { life, storable } = confirmed ? readPolicy(status, headers, requestTime, now, settings) : told
    const { mayBeStale, staleAt, staleWhileRevalidate, staleIfError } = life
    const stale = mayBeStale ? Math.max(staleWhileRevalidate, settings.staleIfError ?? staleIfError, settings.offlineStale ? KEPT : 0) : 0
    const url = response.url || ask.url
    const record: StoredResponse = {
      ...life,
      form: 1,
      url,
      status,
      statusText,
      headers: [...headers],
      selectors: selectorsOf(ask, user, response.type === 'cors' && !headers.has('vary') ? undefined : headers.get('vary')),
      responseTime: now,
      end: staleAt + Math.max(stale, headers.has('etag') || headers.has('last-modified') ? KEPT : 0),
      stamp: confirmed?.stamp ?? Math.random(),
      tags: confirmed?.tags ?? tagsOf(response, url),
      changed: background ? !confirmed : undefined,
    }
    return { record, storable: storable && record.end > now }
  }

  const tagsOf = (response: Response, url: string): string[] => {
    const groups = groupsIn(response.headers.get('cache-groups'))
    const all = [...groups, ...(settings.groups?.(response) ?? [])]
    return [...groups.map((group) => groupTag(partition, group, new URL(url).origin)), ...all.map((group) => groupTag(partition, group))]
  }

  /** Keeps the stored body, unless it would be gone before half of the time for which the answer lets it be used. */
  const confirm = (context: LoaderContext<HttpEntry>, response: Response, { stored, bytes }: Held): { held: Held; store: () => HttpEntry } => {
    const { record } = recordOf(response, stored)
    const renewed = stored.end - now < (record.end - now) / 2
    const confirmed = renewed ? record : { ...record, end: Math.min(record.end, stored.end) }
    return { held: { stored: confirmed, bytes }, store: () => keep(cache, context, key, variants, confirmed, renewed ? bytes : undefined) }
  }

  /** Gives an answer on, and stores it when it has come whole. */
  const receive = async (context: LoaderContext<HttpEntry>, response: Response): Promise<HttpEntry | undefined> => {
    if (!isReadable(response)) return void give(response)
    const { record, storable } = recordOf(response)
    const length = response.headers.get('content-length')
    const kept = storable && !/^text\/event-stream\b/i.test(response.headers.get('content-type') ?? '') && Number(length) <= maxBodyBytes
    const { stream, whole } = tap(response.body ?? new Response('').body!, kept ? maxBodyBytes : -1, ask.signal, leave, seen)
    give(pass(response, `${name}; ${why}${kept ? '; stored' : ''}`, response.body && stream))
    const bytes = await whole
    if (!bytes && background) await stream.cancel()
    // One that was cut short is not stored (RFC 9111, section 3.3); of an encoded one the length is not known.
    if (!bytes || (length && Number(length) !== bytes.byteLength && !response.headers.has('content-encoding'))) return undefined
    const found = background && isSame(bytes, held!.bytes) ? { ...record, changed: false } : record
    if (!response.redirected) return keep(cache, context, key, variants, found, bytes)
    // What was redirected is the answer of where it came from.
    const own = keyOf(partition, record.url)
    return keep(cache, context, own, await list(cache, own), found, bytes)
  }

  /** HEAD tells whether what is stored still holds (RFC 9111, section 4.3.5). */
  const receiveHead = async (context: LoaderContext<HttpEntry>, response: Response, held: Held): Promise<HttpEntry | undefined> => {
    give(pass(response, `${name}; ${why}`))
    if (response.status !== 200 || response.redirected) return undefined
    if (isAbout(known, response.headers, ['etag', 'last-modified', 'content-length'])) return confirm(context, response, held).store()
    return void (await forget(cache, partition, ask.url))
  }

  return async (context) => {
    let response = await send(context.signal, !head)
    if (held && head) return receiveHead(context, response, held)
    if (held && response.status === 304) {
      if (isAbout(known, response.headers, response.headers.has('etag') ? ['etag'] : ['last-modified'])) {
        const confirmed = confirm(context, response, held)
        give(serve(confirmed.held, ask, `${why}; fwd-status=304`))
        return confirmed.store()
      }
      response = await send(context.signal, false)
    }
    const { status } = response
    if (!held || !replacesError(status, held.stored, ask, settings.staleIfError, now)) return receive(context, response)
    response.body?.cancel().catch(() => {})
    return void give(serve(held, ask, `${why}; fwd-status=${status}; detail=sie`))
  }
}

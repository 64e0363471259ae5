// One request to the origin for all callers that ask for the same. It runs as a load of the cache, which shares it among tabs and
// does not store what was overtaken. The caller that runs it gets the response as it arrives; the others get what was stored.

import type { Cache, LoaderContext, LoadOptions } from '../contract.ts'
import { call } from '../errors.ts'
import { isReadable, pass, restore } from './answer.ts'
import type { Ask } from './ask.ts'
import { copy, handOver, isSame } from './body.ts'
import type { ExtendableEventLike } from './contract.ts'
import { bodyKeyOf } from './keys.ts'
import { outgoing } from './network.ts'
import type { HttpSettings } from './options.ts'
import { KEPT } from './policy.ts'
import { fieldsAfter, isAbout, lasting, recordOf } from './record.ts'
import { dropBodies, keep, list, type Found } from './responses.ts'
import { findVariant, variantsIn, type HttpEntry, type StoredResponse, type User } from './variants.ts'
import { mayStandIn, replacesError } from './verdict.ts'

/** A request to the origin, and what is stored: to be revalidated, and perhaps to be served if the origin fails. */
export interface Task extends Found {
  readonly ask: Ask
  /** The prefix of the keys of its partition. */
  readonly prefix: string
  /** What follows the URL in the keys of this user's responses. */
  readonly whose: string
  readonly key: string
  readonly user: User
  /** Whether the stored response was served already, so that nobody will read the answer. */
  background: boolean
  readonly event: ExtendableEventLike | undefined
  /** For Cache-Status: why the origin is asked. */
  readonly why: string
  /** When the caller asked, epoch ms. */
  readonly asked: number
  /** Whether a removal since the call concerns it. @param tags of the stored response; absent for the answer to come, whose tags are unknown */
  readonly isOvertaken: (tags?: readonly string[]) => boolean
}

/**
 * @param refresh asks the origin even if another caller has stored a fresh response
 * @returns undefined if another caller has asked, and may have stored a response that answers this request too
 */
export function exchange(cache: Cache<HttpEntry>, settings: HttpSettings, task: Task, refresh: boolean): Promise<Response | undefined> {
  const { ask, prefix, whose, key, user, stored, bytes, event, why } = task
  const { clock, name, maxBodyBytes } = settings
  const leaving = new AbortController()
  const leave = (): void => {
    // A caller that was served already does not abort the request.
    if (!task.background) leaving.abort(ask.signal!.reason)
  }
  const known = new Headers(stored?.headers as [string, string][])
  const head = ask.method === 'HEAD'
  let give!: (response?: Response) => void
  let fail!: (error: unknown) => void
  const answer = new Promise<Response | undefined>((resolve, reject) => ([give, fail] = [resolve, reject]))
  let requestTime: number
  let now: number
  let variants: Promise<readonly StoredResponse[]>

  const send = async (signal: AbortSignal, conditional: boolean): Promise<Response> => {
    requestTime = clock.now()
    const response = await settings.fetch(outgoing(ask, settings.revalidate, signal, conditional ? known : undefined))
    now = clock.now()
    return response
  }

  const record = (response: Response, confirmed?: StoredResponse): StoredResponse => recordOf(response, task, settings, requestTime, now, confirmed)

  const passOn = (response: Response, more: string, body?: ReadableStream | null): void => give(pass(response, `${name}; fwd=${why}${more}`, ask.signal, body))

  const serveStored = (from: StoredResponse, bytes: ArrayBuffer, status: number, more = ''): void => give(restore(from, bytes, ask, `${name}; fwd=${why}; fwd-status=${status}${more}`, now))

  /** Stores the fields of a 304. The body is written again only if it was replaced, if its key or tags change, or if it would expire too soon. */
  const confirm = async (context: LoaderContext<HttpEntry>, response: Response, old: StoredResponse, bytes: ArrayBuffer): Promise<HttpEntry | undefined> => {
    const listed = await variants
    const updated = record(response, old)
    // The caller also gets the fields that are not to be stored.
    if (!head) serveStored({ ...updated, headers: lasting(fieldsAfter(response.headers, known)) }, bytes, 304)
    const renewed =
      updated.end - old.end > KEPT / 2 || updated.tags.length > old.tags.length || bodyKeyOf(key, updated.selectors) !== bodyKeyOf(key, old.selectors) || !listed.some(({ stamp }) => stamp === old.stamp)
    const confirmed = renewed ? updated : { ...updated, end: Math.min(updated.end, old.end) }
    // Awaited, as an async function that returns a promise takes two turns longer: the caller may ask again at once.
    return confirmed.end > now ? await keep(cache, context, task, listed, confirmed, renewed ? bytes : undefined) : undefined
  }

  /** Passes an answer on, and stores it once it has arrived whole. */
  const receive = async (context: LoaderContext<HttpEntry>, response: Response): Promise<HttpEntry | undefined> => {
    if (!isReadable(response)) return void give(response)
    const received = record(response)
    const length = response.headers.get('content-length')
    // A request that is redirected to another origin loses its credentials, even if it is redirected back: then its response is not `basic`.
    const isOwn = new URL(received.url).origin === new URL(ask.url).origin && !(response.redirected && response.type === 'cors' && (user !== null || ask.own))
    const kept = isOwn && received.end > now && Number(length) <= maxBodyBytes && !/^text\/event-stream/i.test(response.headers.get('content-type')!)
    const [first, second] = task.background ? [null, response.body] : (kept && response.body?.tee()) || [response.body]
    const body = first && handOver(first, ask.signal, () => done)
    if (task.background) give(response)
    else passOn(response, kept ? '; stored' : '', body)
    if (!kept) return void (task.background && (await response.body?.cancel()))
    const whole = second ? await copy(second, maxBodyBytes).catch(() => undefined) : new ArrayBuffer()
    // A truncated body is not stored (RFC 9111, section 3.3). With an encoding, the length of the decoded body is not known. Across origins
    // scripts see the length but not the encoding, so a longer body may be whole.
    if (!whole || (length && Number(length) > whole.byteLength && !response.headers.has('content-encoding'))) return undefined
    const found = task.background && isSame(whole, bytes!) ? { ...received, changed: false } : received
    // After a redirect it is stored under the final URL, which may be the one that was asked for.
    return keep(cache, context, task, await variants, found, whole, response.redirected ? prefix + received.url + whose : key)
  }

  const load = async (context: LoaderContext<HttpEntry>): Promise<HttpEntry | undefined> => {
    // A removal may have come while another tab held the lock.
    if (task.isOvertaken()) return undefined
    // While this tab waited for the lock, another has stored an answer that will do, though it was stale on arrival.
    const latest = findVariant(variantsIn(context.stale), ask, user)
    if (!refresh && latest && mayStandIn(latest, ask) && latest.responseTime > task.asked) return undefined
    // Later changes void this load; earlier ones are in the list.
    variants = list(cache, key)
    // It may never be awaited, and rejects if the cache is closed.
    variants.catch(() => {})
    let response = await send(context.signal, !head)
    if (stored && bytes) {
      const { status, headers } = response
      // A HEAD may give the length of a body that was sent in chunks, so it counts only if the stored response has it.
      const names = head ? ['etag', 'last-modified', ...(known.has('content-length') ? ['content-length'] : [])] : headers.has('etag') ? ['etag'] : ['last-modified']
      const confirms = status === (head ? 200 : 304) && (!head || stored.status === 200) && !response.redirected && isAbout(known, headers, names)
      if (replacesError(status, stored, ask, now) && !task.isOvertaken(stored.tags)) {
        response.body?.cancel().catch(() => {})
        return void serveStored(stored, bytes, status, '; detail=sie')
      }
      // A HEAD tells whether the stored response is still valid (RFC 9111, section 4.3.5).
      if (head) passOn(response, '')
      // Not without any of these fields.
      if (head && !names.some((name) => headers.has(name))) return undefined
      if (confirms) return confirm(context, response, stored, bytes)
      if (head) {
        if (status !== 200 || response.redirected) return undefined
        dropBodies(cache, key, await variants)
        return void (await cache.delete(key))
      }
      // A 304 about another response.
      if (status === 304) response = await send(context.signal, false)
    }
    return receive(context, response)
  }

  ask.signal?.addEventListener('abort', leave)
  if (ask.signal?.aborted) leave()
  /** A failure after the response was given has no effect here: the caller sees it in the body. */
  const done = cache.getOrLoad(key, (context) => load(context).catch(fail as () => undefined), { refresh, signal: leaving.signal } as LoadOptions)
    .then(() => give(), fail)
    .finally(() => ask.signal?.removeEventListener('abort', leave))
  // `waitUntil` throws once the event is over.
  call(() => event?.waitUntil(done.then(() => cache.flush()).catch(() => {})), [])
  return answer
}

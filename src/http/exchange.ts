// One request to the origin for all callers that ask for the same. It runs as a load of the cache, which shares it among tabs and
// does not store what was overtaken. The caller that runs it gets the response as it arrives; the others get what was stored.

import type { Cache, LoaderContext, LoadOptions } from '../contract.ts'
import { call } from '../errors.ts'
import { isReadable, pass, restore } from './answer.ts'
import type { Ask } from './ask.ts'
import { copy, handOver, isSame } from './body.ts'
import type { ExtendableEventLike } from './contract.ts'
import { fieldsAfter, isAbout } from './freshen.ts'
import { groupsIn } from './groups.ts'
import { bodyKeyOf, groupTag } from './keys.ts'
import { outgoing } from './network.ts'
import type { HttpSettings } from './options.ts'
import { KEPT, readPolicy } from './policy.ts'
import { dropBodies, keep, list, type Found } from './responses.ts'
import { findVariant, selectorsOf, type HttpEntry, type StoredResponse, type User } from './variants.ts'
import { replacesError } from './verdict.ts'

/** A request to the origin, and what is stored: to be revalidated, and perhaps to be served if the origin fails. */
export interface Task extends Found {
  readonly ask: Ask
  /** Of the keys of its partition. */
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
  /** Whether a removal since the call concerns it. @param tags of what is stored; absent for the answer to come, whose tags are not known */
  readonly isOvertaken: (tags?: readonly string[]) => boolean
}

/**
 * @param refresh asks the origin even if another caller has stored a fresh response
 * @returns undefined if another caller has asked, and may have stored what answers this request too
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

  /** The fields without those that are written anew in every answer. */
  const told = (headers: Headers): [name: string, value: string][] => [...headers].filter(([name]) => !/^(age|cache-status)$/.test(name))

  /** The record of an answer. @param confirmed the stored response, if the answer confirms it: its body stays */
  const recordOf = (response: Response, confirmed?: StoredResponse): StoredResponse => {
    const headers = fieldsAfter(response.headers, confirmed && known)
    const { status, statusText } = confirmed ?? response
    const { life, keeps } = readPolicy(status, headers, requestTime, now, settings)
    const url = response.url || ask.url
    const cacheStatus = response.headers.get('cache-status')
    const selectors = confirmed && !response.headers.has('vary') ? confirmed.selectors : selectorsOf(ask, user, response.type === 'cors' && !headers.has('vary') ? undefined : headers.get('vary'))
    return {
      ...life,
      // Browsers do not show cookies to scripts, so only the origin knows whether they are the same.
      ...(ask.own !== undefined && !settings.partition && selectors.some(([name]) => name === 'cookie') && { matchesNone: true, mayBeStale: false }),
      form: 1,
      url,
      type: response.type,
      status,
      statusText,
      headers: told(headers).filter(([name]) => keeps(name)),
      selectors,
      requestTime,
      responseTime: now,
      stamp: confirmed?.stamp ?? Math.random(),
      bytes: confirmed?.bytes,
      cacheStatus: cacheStatus ? `${cacheStatus}, ` : '',
      tags: [...new Set([...(confirmed?.tags ?? []), ...tagsOf(response, url)])],
      changed: task.background ? !confirmed : undefined,
    }
  }

  const fits = (variant: StoredResponse): boolean => !!findVariant([variant], ask, user)

  const tagsOf = (response: Response, url: string): string[] => {
    const groups = groupsIn(response.headers.get('cache-groups'))
    const tags = groups.map((group) => groupTag(prefix, group, new URL(url).origin))
    // If the app's function throws, the answer is stored all the same.
    call(() => groups.push(...(settings.groups?.(response) ?? [])), [])
    return [...tags, ...groups.map((group) => groupTag(prefix, group))]
  }

  const passOn = (response: Response, more: string, body?: ReadableStream | null): void => give(pass(response, `${name}; fwd=${why}${more}`, ask.signal, body))

  const serveStored = (from: StoredResponse, bytes: ArrayBuffer, status: number, more = ''): void => give(restore(from, bytes, ask, `${name}; fwd=${why}; fwd-status=${status}${more}`, now))

  /** Stores the fields of a 304. The stored body is written again only if its key or its tags change, or it would end too soon. */
  const confirm = async (context: LoaderContext<HttpEntry>, response: Response, old: StoredResponse, bytes: ArrayBuffer): Promise<HttpEntry | undefined> => {
    const record = recordOf(response, old)
    const renewed = record.end - old.end > KEPT / 2 || record.tags.length > old.tags.length || bodyKeyOf(key, record.selectors) !== bodyKeyOf(key, old.selectors)
    const confirmed = renewed ? record : { ...record, end: Math.min(record.end, old.end) }
    // The caller also gets the fields that are not to be stored.
    if (!head) serveStored({ ...confirmed, headers: told(fieldsAfter(response.headers, known)) }, bytes, 304)
    return confirmed.end > now ? keep(cache, context, key, await variants, confirmed, fits, renewed ? bytes : undefined) : undefined
  }

  /** Passes an answer on, and stores it once it has arrived whole. */
  const receive = async (context: LoaderContext<HttpEntry>, response: Response): Promise<HttpEntry | undefined> => {
    if (!isReadable(response)) return void give(response)
    const record = recordOf(response)
    const length = response.headers.get('content-length')
    // A request that is redirected to another origin loses its credentials, even if it comes back: then its response is not `basic`.
    const isOwn = new URL(record.url).origin === new URL(ask.url).origin && !(response.redirected && response.type === 'cors' && (user !== null || ask.own))
    const kept = isOwn && record.end > now && Number(length) <= maxBodyBytes && !/^text\/event-stream/i.test(response.headers.get('content-type')!)
    const [first, second] = task.background ? [null, response.body] : (kept && response.body?.tee()) || [response.body]
    const body = first && handOver(first, ask.signal, () => done)
    if (task.background) give(response)
    else passOn(response, kept ? '; stored' : '', body)
    if (!kept) return void (task.background && (await response.body?.cancel()))
    const whole = second ? await copy(second, maxBodyBytes).catch(() => undefined) : new ArrayBuffer()
    // A truncated body is not stored (RFC 9111, section 3.3). With an encoding, the length of the decoded body is not known; across origins
    // scripts see the length but not the encoding, so a longer body is no fault.
    if (!whole || (length && Number(length) > whole.byteLength && !response.headers.has('content-encoding'))) return undefined
    const found = task.background && isSame(whole, bytes!) ? { ...record, changed: false } : record
    const own = prefix + record.url + whose
    // A redirect may lead back to the URL.
    if (!response.redirected || own === key) return keep(cache, context, key, await variants, found, fits, whole)
    // The response is stored under the URL that it came from, and what was stored here is no longer true.
    const replaced = (await variants).filter(fits)
    dropBodies(cache, key, replaced)
    return keep(cache, context, own, await list(cache, own), found, fits, whole, (await variants).filter((variant) => !replaced.includes(variant)).map((variant) => ({ ...variant, changed: undefined })))
  }

  const load = async (context: LoaderContext<HttpEntry>): Promise<HttpEntry | undefined> => {
    // The removal may have come while another tab had its turn.
    if (task.isOvertaken()) return undefined
    // A change from here on voids this load; one from before shows in the list.
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
      // Without any of these fields it does not.
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
  /** What fails after the response was given shows in its body. */
  const done = cache.getOrLoad(key, (context) => load(context).catch(fail as () => undefined), { refresh, signal: leaving.signal } as LoadOptions)
    .then(() => give(), fail)
    .finally(() => ask.signal?.removeEventListener('abort', leave))
  // An event that is over throws.
  call(() => event?.waitUntil(done.then(() => cache.flush()).catch(() => {})), [])
  return answer
}

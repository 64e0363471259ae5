// Asks the origin, gives the caller the answer, and stores it: RFC 9111, sections 3, 4.3 and 4.3.5.

import type { Cache, LoaderContext } from '../contract.ts'
import { isReadable, pass, restore } from './answer.ts'
import { copy, handOver, isSame } from './body.ts'
import type { Task } from './exchange.ts'
import { bodyKeyOf } from './keys.ts'
import { outgoing } from './network.ts'
import type { HttpSettings } from './options.ts'
import { KEPT } from './policy.ts'
import { fieldsAfter, isAbout, isConfirmed, lasting, recordOf } from './record.ts'
import { dropBodies, keep, list } from './responses.ts'
import { findVariant, variantsIn, type HttpEntry, type StoredResponse } from './variants.ts'
import { mayStandIn, replacesError } from './verdict.ts'

/**
 * The loader of one exchange. It resolves to what is to be stored under the task's key; undefined stores nothing.
 *
 * @param refresh asks the origin even if another caller has stored an answer that will do
 * @param give called with the answer, as soon as its head is there
 * @param done settled when the load has ended
 */
export function createLoader(
  cache: Cache<HttpEntry>,
  settings: HttpSettings,
  task: Task,
  refresh: boolean,
  give: (response: Response) => void,
  done: () => Promise<void>,
): (context: LoaderContext<HttpEntry>) => Promise<HttpEntry | undefined> {
  const { ask, prefix, whose, key, user, stored, bytes, why } = task
  const { clock, name, maxBodyBytes } = settings
  const known = new Headers(stored?.headers as [string, string][])
  let requestTime: number
  let now: number
  let variants: Promise<readonly StoredResponse[]>

  const send = async (signal: AbortSignal, conditional: boolean): Promise<Response> => {
    requestTime = clock.now()
    const response = await settings.fetch(outgoing(ask, settings.revalidate, signal, conditional ? known : undefined))
    now = clock.now()
    return response
  }

  const record = (response: Response, headers: Headers, confirmed?: StoredResponse): StoredResponse =>
    recordOf(response, headers, task, settings, requestTime, now, confirmed)

  const passOn = (response: Response, more: string, body?: ReadableStream | null): void =>
    give(pass(response, `${name}; fwd=${why}${more}`, ask.signal, body))

  const serveStored = (from: StoredResponse, status: number, more = ''): void =>
    give(restore(from, bytes!, ask, `${name}; fwd=${why}; fwd-status=${status}${more}`, now))

  /**
   * Stores the fields of a 304. The body is written again only if it was replaced, if its key or tags change, or if it would expire too
   * soon.
   */
  const confirm = async (context: LoaderContext<HttpEntry>, response: Response): Promise<HttpEntry | undefined> => {
    const old = stored!
    const listed = await variants
    const fields = fieldsAfter(response.headers, known)
    const updated = record(response, fields, old)
    // The caller also gets the fields that are not to be stored.
    if (ask.method !== 'HEAD') serveStored({ ...updated, headers: lasting(fields) }, 304)
    const renewed =
      updated.end - old.end > KEPT / 2 ||
      updated.tags.length > old.tags.length ||
      bodyKeyOf(key, updated.selectors) !== bodyKeyOf(key, old.selectors) ||
      !listed.some(({ stamp }) => stamp === old.stamp)
    const confirmed = renewed ? updated : { ...updated, end: Math.min(updated.end, old.end) }
    // Awaited, as an async function that returns a promise takes two turns longer: the caller may ask again at once.
    return confirmed.end > now ? await keep(cache, context, task, listed, confirmed, renewed ? bytes : undefined) : undefined
  }

  /** The answer to HEAD tells whether the stored response is still valid (RFC 9111, section 4.3.5). */
  const compare = async (context: LoaderContext<HttpEntry>, response: Response): Promise<HttpEntry | undefined> => {
    passOn(response, '')
    const { status, headers, redirected } = response
    // It may give the length of a body that was sent in chunks, so that counts only if the stored response has it.
    const names = ['etag', 'last-modified', ...(known.has('content-length') ? ['content-length'] : [])]
    if (status !== 200 || redirected || !names.some((name) => headers.has(name))) return undefined
    if (stored!.status === 200 && isAbout(known, headers, names)) return await confirm(context, response)
    dropBodies(cache, key, await variants)
    return void (await cache.delete(key))
  }

  /** Passes an answer on, and stores it once it has arrived whole. */
  const receive = async (context: LoaderContext<HttpEntry>, response: Response): Promise<HttpEntry | undefined> => {
    if (!isReadable(response)) return void give(response)
    const received = record(response, fieldsAfter(response.headers))
    const kept = isKept(response, received, task, maxBodyBytes)
    const [first, second] = task.background ? [null, response.body] : (kept && response.body?.tee()) || [response.body]
    const body = first && handOver(first, ask.signal, done)
    if (task.background) give(response)
    else passOn(response, kept ? '; stored' : '', body)
    if (!kept) return void (task.background && (await response.body?.cancel()))
    const whole = second ? await copy(second, maxBodyBytes).catch(() => undefined) : new ArrayBuffer()
    if (!whole || isTruncated(whole, response.headers)) return undefined
    const found = task.background && isSame(whole, bytes!) ? { ...received, changed: false } : received
    // After a redirect it is stored under the final URL, which may be the one that was asked for.
    return keep(cache, context, task, await variants, found, whole, response.redirected ? prefix + received.url + whose : key)
  }

  return async (context) => {
    // A removal may have come while another tab held the lock.
    if (task.isOvertaken()) return undefined
    // While this tab waited for the lock, another has stored an answer that will do, though it was stale on arrival.
    const latest = findVariant(variantsIn(context.stale), ask, user)
    if (!refresh && latest && mayStandIn(latest, ask) && latest.responseTime > task.asked) return undefined
    // Later changes void this load; earlier ones are in the list.
    variants = list(cache, key)
    // It may never be awaited, and rejects if the cache is closed.
    variants.catch(() => {})
    const response = await send(context.signal, ask.method !== 'HEAD')
    if (!stored || !bytes) return receive(context, response)
    const { status, headers, redirected } = response
    if (replacesError(status, stored, ask, now) && !task.isOvertaken(stored.tags)) {
      response.body?.cancel().catch(() => {})
      return void serveStored(stored, status, '; detail=sie')
    }
    if (ask.method === 'HEAD') return compare(context, response)
    if (status !== 304) return receive(context, response)
    if (!redirected && isConfirmed(known, headers, now)) return confirm(context, response)
    // A 304 about another response.
    return receive(context, await send(context.signal, false))
  }
}

/** Whether an answer is to be stored, once its body has arrived. */
function isKept(
  { headers, redirected, type }: Response,
  { url, end, responseTime }: StoredResponse,
  { ask, user }: Task,
  maxBodyBytes: number,
): boolean {
  // A request that is redirected to another origin loses its credentials, even if it is redirected back: then its response is not `basic`.
  const isOwn = new URL(url).origin === new URL(ask.url).origin && !(redirected && type === 'cors' && (user !== null || ask.own))
  return (
    isOwn &&
    end > responseTime &&
    Number(headers.get('content-length')) <= maxBodyBytes &&
    !/^text\/event-stream/i.test(headers.get('content-type')!)
  )
}

/**
 * Whether a body was cut off (RFC 9111, section 3.3). With an encoding, the length of the decoded body is not known. Across origins scripts
 * see the length but not the encoding, so a longer body may be whole.
 */
function isTruncated({ byteLength }: ArrayBuffer, headers: Headers): boolean {
  return Number(headers.get('content-length')) > byteLength && !headers.has('content-encoding')
}

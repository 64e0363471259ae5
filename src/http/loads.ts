// One request to the origin for all who ask for the same: it runs as a load of the cache, which shares it among tabs and does
// not store what was overtaken. The caller who runs it gets the response as it comes; the others what was stored.

import type { Cache, LoaderContext } from '../contract.ts'
import { isReadable, pass } from './answer.ts'
import type { Ask } from './ask.ts'
import { isSame, tap } from './body.ts'
import type { ExtendableEventLike } from './contract.ts'
import { freshenedFields, isAbout } from './freshen.ts'
import { groupsIn } from './groups.ts'
import { groupTag, keyOf } from './keys.ts'
import { outgoing } from './network.ts'
import type { HttpSettings } from './options.ts'
import { isStorable, readLife, unstored } from './policy.ts'
import { endOf, forget, keep, list, type Held } from './responses.ts'
import { selectorsOf, type HttpEntry, type StoredResponse } from './variants.ts'
import { isOutage, mayReplaceError } from './verdict.ts'

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

/** What comes of a load. */
export type Outcome =
  | { readonly response: Response }
  /** What is stored answers, for a reason that goes to Cache-Status. */
  | { readonly held: Held; readonly how: string }
  /** Somebody else has loaded, and may have stored what answers this request too. */
  | 'joined'

/** An answer of the origin, and when it was asked for and came. */
interface Answer {
  readonly response: Response
  readonly requestTime: number
  readonly responseTime: number
}

export function createHttpLoads(cache: Cache<HttpEntry>, settings: HttpSettings): (task: Task, refresh: boolean) => Promise<Outcome> {
  const { clock, omitHeaders } = settings

  const ask = async ({ ask }: Task, signal: AbortSignal, stored?: StoredResponse): Promise<Answer> => {
    const requestTime = clock.now()
    const response = await settings.fetch(outgoing(ask, settings, signal, stored))
    return { response, requestTime, responseTime: clock.now() }
  }

  /** The record of an answer; of one that confirms what is stored, with that one's body. */
  const recordOf = ({ ask, user, partition, background }: Task, { response, requestTime, responseTime }: Answer, confirmed?: StoredResponse): StoredResponse => {
    const fields = confirmed ? freshenedFields(confirmed, response.headers, omitHeaders) : fieldsOf(response.headers)
    const headers = new Headers(fields as [string, string][])
    const { status, statusText } = confirmed ?? response
    const url = response.url || ask.url
    const groups = groupsIn(headers.get('cache-groups'))
    const life = readLife({ status, headers }, requestTime, responseTime, settings)
    const hidden = response.type === 'cors' && !headers.has('vary')
    return {
      ...life,
      form: 1,
      url,
      status,
      statusText,
      headers: fields,
      selectors: selectorsOf(ask, user, hidden ? undefined : headers.get('vary')),
      responseTime,
      end: Math.ceil(endOf(life, headers.has('etag') || headers.has('last-modified'), settings)),
      stamp: confirmed?.stamp ?? Math.random(),
      tags: [...groups.map((group) => groupTag(partition, group, new URL(url).origin)), ...groups.concat(settings.groups?.(response) ?? []).map((group) => groupTag(partition, group))],
      ...(background && { update: { changed: !confirmed } }),
    }
  }

  const fieldsOf = (headers: Headers): StoredResponse['headers'] => {
    const names = unstored(headers, omitHeaders)
    return [...headers].filter(([name]) => !names.has(name))
  }

  /** Whether an answer is stored if its body comes whole. */
  const isKept = ({ ask }: Task, { response }: Answer, record: StoredResponse): boolean =>
    isStorable(response, record) &&
    record.end > record.responseTime &&
    !ask.directives.has('no-store') &&
    !/^text\/event-stream\b/i.test(response.headers.get('content-type') ?? '') &&
    !(Number(response.headers.get('content-length')) > settings.maxBodyBytes)

  /** Keeps the stored body, unless it would be gone before half of the time for which the answer lets it be used. */
  const confirm = (task: Task, context: Context, answer: Answer, held: Held): { held: Held; store: () => HttpEntry } => {
    const record = recordOf(task, answer, held.stored)
    const now = answer.responseTime
    const renew = held.stored.end - now < (record.end - now) / 2
    const stored = renew ? record : { ...record, end: Math.min(record.end, held.stored.end) }
    return { held: { stored, bytes: held.bytes }, store: () => keep(cache, context, { ...task, stored, bytes: renew ? held.bytes : undefined, now }) }
  }

  /** Gives an answer on, and stores it when it has come whole. */
  const receive = async (task: Task, context: Context, answer: Answer, { give, leave, seen }: Caller): Promise<HttpEntry | undefined> => {
    const { response, responseTime: now } = answer
    if (!isReadable(response)) return void give({ response })
    const record = recordOf(task, answer)
    const kept = isKept(task, answer, record)
    const { name, maxBodyBytes } = settings
    const { stream, whole } = tap(response.body ?? new Response('').body!, kept ? maxBodyBytes : -1, task.ask.signal, leave, seen)
    give({ response: pass(response, `${name}; ${task.why}${kept ? '; stored' : ''}`, response.body && stream) })
    const bytes = await whole
    if (!kept || !bytes || isCut(response.headers, bytes)) return undefined
    const stored = task.background && task.held && isSame(bytes, task.held.bytes) ? { ...record, update: { changed: false } } : record
    // What was redirected is the answer of where it came from (RFC 9111, section 4).
    if (!response.redirected) return keep(cache, context, { ...task, stored, bytes, now })
    const key = keyOf(task.partition, withoutHash(response.url))
    return keep(cache, context, { ...task, key, variants: await list(cache, key), stored, bytes, now })
  }

  /** HEAD tells whether what is stored still holds (RFC 9111, section 4.3.5). */
  const receiveHead = async (task: Task, context: Context, answer: Answer, { give }: Caller, held: Held): Promise<HttpEntry | undefined> => {
    const { response } = answer
    give({ response: pass(response, `${settings.name}; ${task.why}`) })
    if (response.status !== 200 || response.redirected) return undefined
    if (isAbout(held.stored, response.headers, ['etag', 'last-modified', 'content-length'])) return confirm(task, context, answer, held).store()
    await forget(cache, task.partition, task.ask.url)
    return undefined
  }

  const load = async (task: Task, context: Context, caller: Caller): Promise<HttpEntry | undefined> => {
    const { held } = task
    const head = task.ask.method === 'HEAD'
    let answer = await ask(task, context.signal, head ? undefined : held?.stored)
    if (held && head) return receiveHead(task, context, answer, caller, held)
    if (held && answer.response.status === 304) {
      const { headers } = answer.response
      if (isAbout(held.stored, headers, headers.has('etag') ? ['etag'] : ['last-modified'])) {
        const confirmed = confirm(task, context, answer, held)
        caller.give({ held: confirmed.held, how: `${task.why}; fwd-status=304` })
        return confirmed.store()
      }
      answer = await ask(task, context.signal)
    }
    const { response, responseTime } = answer
    if (held && isOutage(response) && mayReplaceError(held.stored, task.ask, settings.staleIfError, responseTime)) {
      response.body?.cancel().catch(() => {})
      caller.give({ held, how: `${task.why}; fwd-status=${response.status}; detail=sie` })
      return undefined
    }
    return receive(task, context, answer, caller)
  }

  return (task, refresh) => {
    const { ask: { signal }, event } = task
    const leaving = new AbortController()
    return new Promise((resolve, reject) => {
      let end!: () => void
      const caller: Caller = { give: resolve, leave: (reason) => leaving.abort(reason), seen: new Promise((resolve) => (end = resolve)) }
      // What fails after the response was given, its body tells.
      const run = (context: Context): Promise<HttpEntry | undefined> => load(task, context, caller).catch((error) => void reject(error))
      const loading = cache.getOrLoad(task.key, run, { refresh, signal: signal ? AbortSignal.any([signal, leaving.signal]) : leaving.signal })
      const done = loading.then(() => resolve('joined'), reject).finally(end)
      event?.waitUntil(done.then(() => cache.flush()).catch(() => {}))
    })
  }
}

type Context = LoaderContext<HttpEntry>

/** Who asked. */
interface Caller {
  give(outcome: Outcome): void
  /** Wants no more of the body. */
  leave(reason: unknown): void
  /** Resolves when the load is over: its value shows in the cache. */
  readonly seen: Promise<void>
}

/** Whether a body has not come whole (RFC 9110, section 6.1): its length is known where it was not encoded. */
function isCut(headers: Headers, { byteLength }: ArrayBuffer): boolean {
  const length = headers.get('content-length')
  return length !== null && !headers.has('content-encoding') && Number(length) !== byteLength
}

function withoutHash(url: string): string {
  return url.replace(/#.*/s, '')
}

// Responses as callers get them; each says in Cache-Status (RFC 9211) where it came from.

import type { Ask } from './ask.ts'
import { partOf } from './range.ts'
import type { StoredResponse } from './variants.ts'

/** Whether a script can read a response and build another like it. Any other response is passed through unchanged. */
export function isReadable({ status }: Response): boolean {
  return status >= 200 && status < 600
}

/** A response from the network, with its own body or another in place of it. */
export function pass(
  response: Response,
  cacheStatus: string,
  signal: AbortSignal | undefined,
  body: BodyInit | null = response.body,
): Response {
  if (!isReadable(response)) return response
  const { status, statusText } = response
  // Combined into one field: of two with the same name browsers may pass on only the first.
  const headers = new Headers(response.headers)
  headers.append('cache-status', cacheStatus)
  return make(body, { status, statusText, headers }, response, { signal })
}

/** A stored response, or the part of it that was asked for. */
export function restore(
  stored: StoredResponse,
  bytes: ArrayBuffer,
  { method, headers: asked }: Pick<Ask, 'method' | 'headers'>,
  cacheStatus: string,
  now: number,
): Response {
  const { status, statusText, bornAt, headers: fields } = stored
  const age = String(Math.max(0, Math.floor((now - bornAt) / 1000)))
  const headers = [...fields, ['age', age], ['cache-status', stored.cacheStatus + cacheStatus]] as [string, string][]
  const size = bytes.byteLength
  const range = !asked.has('if-range') && asked.get('range')
  const part = range && method === 'GET' && status === 200 && partOf(range, size)
  if (!part) return make(method === 'GET' ? bytes : null, { status, statusText, headers }, stored)
  const [from, to] = part
  const body = bytes.slice(from, to + 1)
  const answer = make(body, { status: from > to ? 416 : 206, headers }, stored)
  answer.headers.set('content-length', String(body.byteLength))
  answer.headers.set('content-range', `bytes ${from > to ? '*' : `${from}-${to}`}/${size}`)
  return answer
}

/** A 504 for a request that cannot be answered (RFC 9111, section 5.2.1.7). */
export function gatewayTimeout(cacheStatus: string): Response {
  return make(null, { status: 504, headers: { 'cache-status': cacheStatus } }, {})
}

function make(body: BodyInit | null, init: ResponseInit, members: Members, live?: Live): Response {
  Answer ??= defineAnswer()
  const { status = 200, statusText = '', headers = [] } = init
  // Some statuses have no body (Fetch, "null body status"). Node lets characters through in `statusText` that `Response` refuses.
  return new Answer(
    [204, 205, 304].includes(status) ? null : body,
    { status, statusText: statusText.replace(/[^\t -~\x80-\xff]/g, '?'), headers },
    members,
    live,
  )
}

/** Members that the constructor of `Response` cannot set. */
type Members = Partial<Pick<Response, 'url' | 'redirected' | 'type'>>

/** For a response whose body is still arriving. */
interface Live {
  signal: AbortSignal | undefined
}

const READERS = ['arrayBuffer', 'blob', 'bytes', 'formData', 'json', 'text'] as const

/** By clone, the response that it was made from, which must stay: Node cancels the body of a response that is garbage-collected. */
const sources = new WeakMap<Response, Response>()

/** The class of answers. It has getters, because own properties take longer; a clone has the same members. */
let Answer: ReturnType<typeof defineAnswer> | undefined

/** Defined at first use: the import must not need a `Response`, which test environments may lack. */
function defineAnswer() {
  return class Answer extends Response {
    readonly #members: Members
    readonly #live: Live | undefined

    constructor(body: BodyInit | null, init: ResponseInit, members: Members, live: Live | undefined) {
      super(body, init)
      this.#members = members
      this.#live = live
    }

    static {
      for (const name of READERS) {
        const read = Response.prototype[name] as (() => Promise<never>) | undefined
        const value = function (this: Answer): Promise<unknown> {
          const reading = read!.call(this)
          return this.#live ? failAsFetch(reading, this.#live) : reading
        }
        if (read) Object.defineProperty(this.prototype, name, { value })
      }
    }

    override get url(): string {
      return this.#members.url ?? super.url
    }

    override get redirected(): boolean {
      return this.#members.redirected ?? super.redirected
    }

    override get type(): ResponseType {
      return this.#members.type ?? super.type
    }

    override clone(): Response {
      const copy = super.clone()
      const clone = new Answer(copy.body, copy, this.#members, this.#live)
      sources.set(clone, copy)
      return clone
    }
  }
}

/**
 * Makes a body reject as that of a fetched response does. Engines differ in the errors of other streams: an abort may cause none, and
 * Firefox reports a lost connection as an abort.
 */
async function failAsFetch(reading: Promise<unknown>, live: Live): Promise<unknown> {
  const { signal } = live
  try {
    const whole = await reading
    // An abort after the end must not affect its clones either.
    if (!signal?.aborted) live.signal = undefined
    return whole
  } catch (error) {
    throw (error as Error).name === 'AbortError' ? new TypeError('Failed to fetch', { cause: error }) : error
  } finally {
    signal?.throwIfAborted()
  }
}

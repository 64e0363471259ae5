// Responses as callers get them: each says in Cache-Status (RFC 9211) how it came.

import type { Ask } from './ask.ts'
import { partOf } from './range.ts'
import type { StoredResponse } from './variants.ts'

/** Statuses of responses without a body (Fetch, "null body status"). */
const NO_BODY = [101, 103, 204, 205, 304]

/** What a script cannot see into, or make again, is given as it is. */
export function isReadable({ type, status }: Response): boolean {
  return !/^(opaque|error)/.test(type) && status >= 200 && status <= 599
}

/** A response from the network, with its body or with what takes the body's place. */
export function pass(response: Response, cacheStatus: string, body: BodyInit | null = response.body): Response {
  if (!isReadable(response)) return response
  const { status, statusText, headers: told, url, redirected, type } = response
  const headers = new Headers(told)
  headers.append('cache-status', cacheStatus)
  return dress(new Response(NO_BODY.includes(status) ? null : body, { status, statusText, headers }), { url: { value: url }, redirected: { value: redirected }, type: { value: type } })
}

/** A stored response, or the part of it that was asked for. */
export function restore(stored: StoredResponse, bytes: ArrayBuffer | undefined, { method, headers: asked }: Ask, cacheStatus: string, now: number): Response {
  const { status, statusText, url, bornAt } = stored
  const headers = stored.headers.filter(([name]) => name !== 'age') as [string, string][]
  headers.push(['age', String(Math.floor(Math.max(0, now - bornAt) / 1000))], ['cache-status', cacheStatus])
  const range = method === 'GET' && status === 200 && asked.get('range')
  const part = range && bytes && partOf(range, bytes.byteLength)
  if (part) return restorePart(bytes, part, new Headers(headers), url)
  return dress(new Response(method === 'HEAD' || NO_BODY.includes(status) ? null : bytes, { status, statusText, headers }), { url: { value: url } })
}

function restorePart(bytes: ArrayBuffer, part: NonNullable<ReturnType<typeof partOf>>, headers: Headers, url: string): Response {
  const size = bytes.byteLength
  const body = part === 'none' ? null : bytes.slice(part.from, part.to + 1)
  headers.set('content-length', String(body?.byteLength ?? 0))
  headers.set('content-range', part === 'none' ? `bytes */${size}` : `bytes ${part.from}-${part.to}/${size}`)
  const [status, statusText] = body ? [206, 'Partial Content'] : [416, 'Range Not Satisfiable']
  return dress(new Response(body, { status, statusText, headers }), { url: { value: url } })
}

/** The response to a request that cannot be answered (RFC 9111, section 5.2.1.7). */
export function gatewayTimeout(cacheStatus: string, { url }: Ask): Response {
  return dress(new Response(null, { status: 504, statusText: 'Gateway Timeout', headers: { 'cache-status': cacheStatus } }), { url: { value: url } })
}

/** Gives a made response the members that the constructor does not take; its clones too. */
function dress(response: Response, members: PropertyDescriptorMap): Response {
  const clone = { value: (): Response => dress(Response.prototype.clone.call(response), members) }
  return Object.defineProperties(response, { ...members, clone })
}

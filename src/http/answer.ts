// Responses as callers get them: each says in Cache-Status (RFC 9211) how it came.

import type { Ask } from './ask.ts'
import { partOf } from './range.ts'
import type { StoredResponse } from './variants.ts'

/** What a script cannot see into, or make again, is given as it is. */
export function isReadable({ type, status }: Response): boolean {
  return !/^(opaque|error)/.test(type) && status >= 200 && status < 600
}

/** A response from the network, with its body or with what takes the body's place. */
export function pass(response: Response, cacheStatus: string, body: BodyInit | null = response.body): Response {
  if (!isReadable(response)) return response
  const { status, statusText, url, redirected, type } = response
  const headers = new Headers(response.headers)
  headers.append('cache-status', cacheStatus)
  return make(body, { status, statusText, headers }, { url: { value: url }, redirected: { value: redirected }, type: { value: type } })
}

/** A stored response, or the part of it that was asked for. */
export function restore({ status, statusText, url, bornAt, headers: fields }: StoredResponse, bytes: ArrayBuffer, { method, headers: asked }: Ask, cacheStatus: string, now: number): Response {
  const headers = fields.filter(([name]) => name !== 'age') as [string, string][]
  headers.push(['age', String(Math.max(0, Math.floor((now - bornAt) / 1000)))], ['cache-status', cacheStatus])
  const members = { url: { value: url } }
  const size = bytes.byteLength
  const part = method === 'GET' && status === 200 && partOf(asked.get('range') ?? '', size)
  if (!part) return make(method === 'GET' ? bytes : null, { status, statusText, headers }, members)
  const [from, to] = part
  const whole = new Headers(headers)
  const body = bytes.slice(from, to + 1)
  whole.set('content-length', String(body.byteLength))
  whole.set('content-range', `bytes ${from > to ? '*' : `${from}-${to}`}/${size}`)
  return make(body, { status: from > to ? 416 : 206, headers: whole }, members)
}

/** The response to a request that cannot be answered (RFC 9111, section 5.2.1.7). */
export function gatewayTimeout(cacheStatus: string): Response {
  return make(null, { status: 504, statusText: 'Gateway Timeout', headers: { 'cache-status': cacheStatus } }, {})
}

/** @param members that the constructor does not take; clones get them too */
function make(body: BodyInit | null, init: ResponseInit, members: PropertyDescriptorMap): Response {
  // Statuses that have no body (Fetch, "null body status").
  return dress(new Response([204, 205, 304].includes(init.status!) ? null : body, init), members)
}

function dress(response: Response, members: PropertyDescriptorMap): Response {
  const clone = { value: (): Response => dress(Response.prototype.clone.call(response), members) }
  return Object.defineProperties(response, { ...members, clone })
}

// What the header fields of a response say of its storing and of its life, worked out once, when it arrives. This is a
// private cache: one user's (RFC 9111, section 1).

import { parseDate } from './dates.ts'
import { durationOf, listOf, parseDirectives, type Directives } from './directives.ts'

/** A stored response's life. Times are epoch ms, durations ms. */
export interface Life {
  /** When the origin would have made it, by its Age or Date; its age is the time since (RFC 9111, section 4.2.3). */
  readonly bornAt: number
  /** How long after that it is fresh (section 4.2.1). */
  readonly lifetime: number
  /** Never used without asking (section 5.2.2.4). */
  readonly noCache: boolean
  /** Answers no other request without asking: its Vary is `*` (section 4.1). */
  readonly matchesNone: boolean
  /** Never used past its freshness without asking (section 5.2.2.2). */
  readonly mustRevalidate: boolean
  /** Not asked about by a reload while it is fresh (RFC 8246). */
  readonly immutable: boolean
  /** After its freshness (RFC 5861, section 3). */
  readonly staleWhileRevalidate: number
  /** After its freshness (RFC 5861, section 4). */
  readonly staleIfError: number
}

export interface LifeOptions {
  /** Share of the time since its last modification for which a response is taken for fresh that says nothing of it. */
  readonly heuristic: number
  /** ms that stand in where neither the response nor the heuristic says how long it is fresh. */
  readonly defaultTtl: number
}

/** Statuses whose meaning is known, and that may be stored without being told to (RFC 9110, section 15.1). */
const CACHEABLE = new Set([200, 203, 204, 300, 301, 308, 404, 405, 410, 414, 501])

export type ResponseHead = Pick<Response, 'status' | 'headers'>

export function isSuccess({ status }: Pick<Response, 'status'>): boolean {
  return status >= 200 && status < 400
}

export function readLife({ status, headers }: ResponseHead, requestTime: number, responseTime: number, options: LifeOptions): Life {
  const directives = parseDirectives(headers.get('cache-control'))
  const date = parseDate(headers.get('date') ?? '', responseTime) ?? responseTime
  const [age = ''] = listOf(headers.get('age'))
  const told = /^\d+$/.test(age) ? Number(age) * 1000 : 0
  const apparent = Math.max(0, responseTime - date)
  return {
    bornAt: responseTime - Math.max(apparent, told + responseTime - requestTime),
    lifetime: lifetimeOf(status, headers, directives, date, options),
    noCache: directives.get('no-cache')?.includes('') ?? false,
    matchesNone: listOf(headers.get('vary')).includes('*'),
    mustRevalidate: directives.has('must-revalidate'),
    immutable: directives.has('immutable'),
    staleWhileRevalidate: durationOf(directives, 'stale-while-revalidate') ?? 0,
    staleIfError: durationOf(directives, 'stale-if-error') ?? 0,
  }
}

function lifetimeOf(status: number, headers: Headers, directives: Directives, date: number, { heuristic, defaultTtl }: LifeOptions): number {
  const maxAge = durationOf(directives, 'max-age')
  if (maxAge !== undefined) return maxAge
  // What cannot be read has expired (RFC 9111, section 5.3).
  if (headers.has('expires')) return Math.max(0, (parseDate(headers.get('expires')!, date) ?? 0) - date)
  if (!CACHEABLE.has(status) && !directives.has('public')) return 0
  const modified = parseDate(headers.get('last-modified') ?? '', date)
  return modified === undefined ? defaultTtl : Math.max(0, date - modified) * heuristic
}

/** Whether it may be kept at all (RFC 9111, section 3). */
export function isStorable({ status, headers }: ResponseHead, { lifetime }: Life): boolean {
  const directives = parseDirectives(headers.get('cache-control'))
  if (status < 200 || status === 206 || status === 304) return false
  if (directives.has('no-store') && !(directives.has('must-understand') && CACHEABLE.has(status))) return false
  // An error is nothing to fall back on.
  return lifetime > 0 || (CACHEABLE.has(status) && status < 400)
}

/** Fields that a cache keeps to itself (RFC 9111, section 3.1), and those about one connection (RFC 9110, section 7.6.1). */
const UNSTORED = ['connection', 'keep-alive', 'proxy-authenticate', 'proxy-authentication-info', 'proxy-authorization', 'proxy-connection', 'te', 'trailer', 'transfer-encoding', 'upgrade']

/** Names of the fields that are not stored with a response. */
export function unstored(headers: Headers, omit: readonly string[]): ReadonlySet<string> {
  const directives = parseDirectives(headers.get('cache-control'))
  const named = ['no-cache', 'private'].flatMap((name) => directives.get(name) ?? [])
  return new Set([...UNSTORED, ...[headers.get('connection'), ...named, ...omit].flatMap((list) => listOf(list?.toLowerCase() ?? null))])
}

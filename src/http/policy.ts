// What the header fields of a response say of its storing and of its life, worked out once, when it arrives. This is a
// private cache: one user's (RFC 9111, section 1).

import { parseDate } from './dates.ts'
import { durationOf, listOf, LONGEST, msOf, parseDirectives } from './directives.ts'

/** A stored response's life. Times are epoch ms, durations ms. */
export interface Life {
  /** When the origin would have made it, by its Age or Date; its age is the time since (RFC 9111, section 4.2.3). */
  readonly bornAt: number
  /** When it is no longer fresh (section 4.2.1). */
  readonly staleAt: number
  /** Never used without asking (section 5.2.2.4). */
  readonly noCache: boolean
  /** Answers no other request without asking: its Vary is `*` (section 4.1). */
  readonly matchesNone: boolean
  /** May be used past its freshness, where nothing better is to be had: not `must-revalidate` (section 5.2.2.2), nor one of those above. */
  readonly mayBeStale: boolean
  /** Not asked about by a reload while it is fresh (RFC 8246). */
  readonly immutable: boolean
  /** After its freshness (RFC 5861, section 3). */
  readonly staleWhileRevalidate: number
  /** After its freshness (RFC 5861, section 4). */
  readonly staleIfError: number
  /** The end of any use, a revalidation too; 0 where it may not be kept at all (RFC 9111, section 3). */
  readonly end: number
}

export interface Policy {
  readonly life: Life
  /** Whether a field of this name is kept with it. */
  readonly keeps: (name: string) => boolean
}

/** What the user of the cache has to say. */
export interface PolicyOptions {
  /** Share of the time since its last modification for which a response is taken for fresh that says nothing of it. */
  readonly heuristic: number
  /** ms that stand in where neither the response nor the heuristic says how long it is fresh. */
  readonly defaultTtl: number
  readonly omitHeaders: readonly string[]
  /** ms, in place of what responses say. */
  readonly staleIfError?: number
  /** Whether what is stale is kept for when the origin cannot be reached. */
  readonly offlineStale: boolean
}

/** ms for which a response is kept past its freshness, for a revalidation, or for when the origin cannot be reached. */
export const KEPT: number = 30 * 24 * 3_600_000

/** Statuses whose meaning is known, and that may be stored without being told to (RFC 9110, section 15.1). */
const CACHEABLE = /^(20[034]|30[018]|40[45]|41[04]|501)$/

/** Fields that a cache keeps to itself (RFC 9111, section 3.1): they are about one connection (RFC 9110, section 7.6.1). */
const UNSTORED = /^(connection|keep-alive|proxy-.*|te|trailer|transfer-encoding|upgrade)$/

export function readPolicy(status: number, headers: Headers, requestTime: number, responseTime: number, { heuristic, defaultTtl, omitHeaders, offlineStale, ...given }: PolicyOptions): Policy {
  const directives = parseDirectives(headers.get('cache-control'))
  const date = parseDate(headers.get('date'), responseTime) ?? responseTime
  const cacheable = CACHEABLE.test(`${status}`)
  const modified = parseDate(headers.get('last-modified'), date)
  // Explicit freshness (section 4.2.1), then what others would take it for (section 4.2.2). An Expires that cannot be read has expired.
  const expiry = headers.has('expires') ? (parseDate(headers.get('expires'), date) ?? date) - date : undefined
  const guess = !cacheable && !directives.has('public') ? 0 : modified ? (date - modified) * heuristic : status < 400 ? defaultTtl : 0
  const lifetime = Math.max(0, Math.min(durationOf(directives, 'max-age') ?? expiry ?? guess, LONGEST))
  const age = Math.max(0, responseTime - date, msOf(listOf(headers.get('age'))[0]) + responseTime - requestTime)
  const staleAt = responseTime - age + lifetime
  const staleWhileRevalidate = durationOf(directives, 'stale-while-revalidate') ?? 0
  const staleIfError = given.staleIfError ?? durationOf(directives, 'stale-if-error') ?? 0
  const noCache = !!directives.get('no-cache')?.includes('')
  const matchesNone = listOf(headers.get('vary')).includes('*')
  const mayBeStale = !noCache && !matchesNone && !directives.has('must-revalidate')
  const stale = mayBeStale ? Math.max(staleWhileRevalidate, staleIfError, offlineStale ? KEPT : 0) : 0
  // An error is nothing to fall back on.
  const storable = ![206, 304].includes(status) && (lifetime > 0 || (cacheable && status < 400)) && (directives.has('must-understand') ? cacheable : !directives.has('no-store'))
  const unstored = listOf([headers.get('connection'), directives.get('no-cache'), directives.get('private'), omitHeaders].join().toLowerCase())
  return {
    life: {
      bornAt: responseTime - age,
      staleAt,
      noCache,
      matchesNone,
      mayBeStale,
      immutable: directives.has('immutable'),
      staleWhileRevalidate,
      staleIfError,
      end: storable ? staleAt + Math.max(stale, headers.has('etag') || headers.has('last-modified') ? KEPT : 0) : 0,
    },
    keeps: (name) => !UNSTORED.test(name) && !unstored.includes(name),
  }
}

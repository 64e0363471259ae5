// Whether a response may be stored, and for how long it may be used, worked out from its header fields once, when it arrives.
// This is a private cache (RFC 9111, section 1).

import { parseDate } from './dates.ts'
import { durationOf, listOf, LONGEST, msOf, parseDirectives } from './directives.ts'

/** How long, and how, a stored response may be used. Times are epoch ms, durations ms. */
export interface Life {
  /** When the origin made it, by its Age or Date; its age is the time since (RFC 9111, section 4.2.3). */
  readonly bornAt: number
  /** When it is no longer fresh (section 4.2.1). */
  readonly staleAt: number
  /** Never used without validation (section 5.2.2.4). */
  readonly noCache: boolean
  /** Answers no other request without validation: its Vary is `*` (section 4.1). */
  readonly matchesNone: boolean
  /** May be served stale if there is nothing better: not with `must-revalidate` (section 5.2.2.2), `noCache` or `matchesNone`. */
  readonly mayBeStale: boolean
  /** Not revalidated by a reload while it is fresh (RFC 8246). */
  readonly immutable: boolean
  /** ms past its freshness (RFC 5861, section 3). */
  readonly staleWhileRevalidate: number
  /** ms past its freshness (RFC 5861, section 4). */
  readonly staleIfError: number
  /** The end of any use, revalidation included; 0 if it may not be stored at all (RFC 9111, section 3). */
  readonly end: number
}

export interface Policy {
  readonly life: Life
  /** Whether a field of this name is stored with it. */
  readonly keeps: (name: string) => boolean
}

/** The app's options for this. */
export interface PolicyOptions {
  /** Freshness of a response that does not state it: this share of the time since its last modification. */
  readonly heuristic: number
  /** ms of freshness if neither the response nor the heuristic gives any. */
  readonly defaultTtl: number
  readonly omitHeaders: readonly string[]
  /** ms, in place of what responses say. */
  readonly staleIfError?: number
  /** Whether stale responses are kept for when the origin cannot be reached. */
  readonly offlineStale: boolean
}

/** ms past freshness, or arrival, for which a response is kept to be revalidated, or to be served when the origin cannot be reached. */
export const KEPT: number = 30 * 24 * 3_600_000

/** Statuses that are understood, and heuristically cacheable (RFC 9110, section 15.1). */
const CACHEABLE = /^(20[034]|30[018]|40[45]|41[04]|501)$/

/** Fields that are not stored (RFC 9111, section 3.1): they concern one connection (RFC 9110, section 7.6.1). */
const UNSTORED = /^(connection|keep-alive|proxy-(auth.*|connection)|te|trailer|transfer-encoding|upgrade)$/

export function readPolicy(
  status: number,
  headers: Headers,
  requestTime: number,
  responseTime: number,
  { heuristic, defaultTtl, omitHeaders, offlineStale, ...given }: PolicyOptions,
): Policy {
  const directives = parseDirectives(headers.get('cache-control'))
  const date = parseDate(headers.get('date'), responseTime) ?? responseTime
  const cacheable = CACHEABLE.test(`${status}`)
  const modified = parseDate(headers.get('last-modified'), date)
  // Explicit freshness (section 4.2.1), else heuristic (section 4.2.2). An invalid Expires counts as past.
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
  // An error that is never fresh is not worth keeping.
  const storable =
    ![206, 304].includes(status) &&
    (lifetime > 0 || (cacheable && status < 400)) &&
    (directives.has('must-understand') ? cacheable : !directives.has('no-store'))
  const unstored = new Set(
    listOf([headers.get('connection'), directives.get('no-cache'), directives.get('private'), omitHeaders].join().toLowerCase()),
  )
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
      end: storable ? Math.max(staleAt, responseTime) + Math.max(stale, headers.has('etag') || headers.has('last-modified') ? KEPT : 0) : 0,
    },
    keeps: (name) => !UNSTORED.test(name) && !unstored.has(name),
  }
}

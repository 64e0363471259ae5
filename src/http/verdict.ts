// Whether a stored response may answer a request: RFC 9111, section 4, with the request's own directives (section 5.2.1),
// the stale windows of RFC 5861 and the cache modes of the Fetch standard.

import type { Ask } from './ask.ts'
import { durationOf } from './directives.ts'
import type { Life } from './policy.ts'

export type Verdict =
  /** Fresh, or as stale as the request accepts. */
  | 'use'
  /** Stale: use it, and ask about it in the background. */
  | 'use-and-revalidate'
  /** Ask the origin first. */
  | 'validate'

/** ms for which a stored response is fresh from now on; below 0, since when it is stale. */
export function timeLeft({ bornAt, lifetime }: Life, now: number): number {
  return bornAt + lifetime - now
}

export function judge(life: Life, { cache, directives }: Ask, now: number): Verdict {
  const { noCache, matchesNone, mustRevalidate, immutable, staleWhileRevalidate } = life
  if (matchesNone) return 'validate'
  if (cache === 'force-cache' || cache === 'only-if-cached') return 'use'
  if (noCache || cache === 'reload' || directives.has('no-cache')) return 'validate'
  const left = timeLeft(life, now)
  // So a page asks for what it loads when it is reloaded.
  const reloads = cache === 'no-cache' || durationOf(directives, 'max-age') === 0
  if (reloads) return immutable && left > 0 ? 'use' : 'validate'
  const maxAge = durationOf(directives, 'max-age') ?? Infinity
  const minFresh = durationOf(directives, 'min-fresh')
  if (now - life.bornAt > maxAge || (minFresh && left < minFresh)) return 'validate'
  if (left > 0) return 'use'
  if (mustRevalidate) return 'validate'
  if (directives.get('max-stale')?.includes('') || -left <= (durationOf(directives, 'max-stale') ?? -1)) return 'use'
  return -left < staleWhileRevalidate ? 'use-and-revalidate' : 'validate'
}

/** Whether a stale response may stand in when the origin answers with an error. @param window ms, in place of what the response says */
export function mayReplaceError(life: Life, { directives }: Ask, window: number | undefined, now: number): boolean {
  const asked = durationOf(directives, 'stale-if-error') ?? 0
  return mayBeStale(life) && -timeLeft(life, now) < (window ?? Math.max(asked, life.staleIfError))
}

/** Whether it may be used past its freshness, where nothing better is to be had. */
export function mayBeStale({ noCache, matchesNone, mustRevalidate }: Life): boolean {
  return !noCache && !matchesNone && !mustRevalidate
}

/** Statuses of an origin that is not well (RFC 5861, section 4). */
export function isOutage({ status }: Pick<Response, 'status'>): boolean {
  return [500, 502, 503, 504].includes(status)
}

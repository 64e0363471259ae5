// Whether a stored response may answer a request: RFC 9111, section 4, with the request's own directives (section 5.2.1),
// the stale windows of RFC 5861 and the cache modes of the Fetch standard.

import type { Ask } from './ask.ts'
import { durationOf } from './directives.ts'
import type { Life } from './policy.ts'

export type Verdict =
  /** Fresh, or no staler than the request accepts. */
  | 'use'
  /** Stale: use it, and revalidate it in the background. */
  | 'swr'
  /** Revalidate it first. */
  | 'validate'

export function judge(
  { bornAt, staleAt, noCache, matchesNone, mayBeStale, immutable, staleWhileRevalidate }: Life,
  { cache, directives }: Ask,
  now: number,
): Verdict {
  if (matchesNone) return 'validate'
  if (cache === 'force-cache' || cache === 'only-if-cached') return 'use'
  if (noCache || cache === 'reload' || directives.has('no-cache')) return 'validate'
  const fresh = now < staleAt
  const maxAge = durationOf(directives, 'max-age') ?? Infinity
  // Requests of a page that is being reloaded look like this.
  if (cache === 'no-cache' || !maxAge) return immutable && fresh ? 'use' : 'validate'
  const minFresh = durationOf(directives, 'min-fresh')
  if (now - bornAt > maxAge || (minFresh && staleAt - now < minFresh)) return 'validate'
  if (fresh) return 'use'
  if (!mayBeStale) return 'validate'
  const maxStale = directives.get('max-stale')?.join() === '' ? Infinity : (durationOf(directives, 'max-stale') ?? -1)
  if (now - staleAt <= maxStale) return 'use'
  return now - staleAt < staleWhileRevalidate && !directives.has('max-age') ? 'swr' : 'validate'
}

/** Whether a response may be served stale if there is nothing better: neither it nor the request forbids that. */
export function mayStandIn({ mayBeStale }: Life, { cache, directives }: Ask): boolean {
  return mayBeStale && !/^(no-cache|reload)$/.test(cache) && !directives.has('no-cache')
}

/** Whether a stale response is served in place of a server error (RFC 5861, section 4). */
export function replacesError(status: number, life: Life, ask: Ask, now: number): boolean {
  const asked = durationOf(ask.directives, 'stale-if-error') ?? 0
  return (
    [500, 502, 503, 504].includes(status) && mayStandIn(life, ask) && Math.max(0, now - life.staleAt) < Math.max(asked, life.staleIfError)
  )
}

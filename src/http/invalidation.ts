// Invalidation by a successful unsafe request (RFC 9111, section 4.4; RFC 9875, section 3), and by the app.

import type { Cache } from '../contract.ts'
import { check } from '../options.ts'
import type { Ask, Input } from './ask.ts'
import type { CachedFetchOptions, InvalidateSelector } from './contract.ts'
import { groupsIn } from './groups.ts'
import { groupTag, prefixOf } from './keys.ts'
import { forget } from './responses.ts'
import type { HttpEntry } from './variants.ts'

/**
 * Invalidates after the answer to an unsafe request. If the app's `invalidates` throws, this rejects with its error once the rest is done.
 */
export async function invalidateAfter(
  cache: Cache<HttpEntry>,
  prefix: string,
  { url, request }: Ask,
  response: Response,
  invalidates: CachedFetchOptions['invalidates'],
): Promise<void> {
  const { headers } = response
  const base = response.url || url
  const urls = [base, headers.get('location'), headers.get('content-location')].flatMap((each) => {
    try {
      return new URL(each ?? base, base)
    } catch {
      return []
    }
  })
  const { origin } = urls[0]!
  // A response must not invalidate URLs of another origin.
  const own = urls.filter((each) => each.origin === origin).map((each) => each.href.split('#')[0]!)
  // Each once: a removal walks over all entries in memory, in every tab.
  const removals = [
    ...Array.from(new Set([url, ...own]), (each) => forget(cache, prefix + each)),
    ...Array.from(new Set(groupsIn(headers.get('cache-group-invalidation'))), (group) => cache.deleteTag(groupTag(prefix, group, origin))),
  ]
  try {
    for (const group of invalidates?.(request(), response) ?? []) removals.push(cache.deleteTag(groupTag(prefix, group)))
  } finally {
    await Promise.all(removals)
  }
}

/**
 * Invalidates what the app selects.
 * @param askFor reads a request for a URL
 * @param prefixFor gives the key prefix of a request's partition
 */
export async function invalidateSelected(
  cache: Cache<HttpEntry>,
  selector: InvalidateSelector,
  askFor: (url: Input) => Ask,
  prefixFor: (ask: Ask) => string,
): Promise<void> {
  const { url, prefix, group, partition } = selector ?? {}
  // Or it would select all of the partition.
  const given = url ?? prefix ?? group ?? partition
  check(given !== undefined, 'invalidate', 'selector', 'an object such as { url }', selector)
  const ask = askFor(url ?? prefix ?? globalThis.location?.href ?? 'http://localhost')
  const own = partition === undefined ? prefixFor(ask) : prefixOf(partition)
  if (group !== undefined) return cache.deleteTag(groupTag(own, group))
  if (url !== undefined) return forget(cache, own + ask.url)
  await cache.deletePrefix(own + (prefix === undefined ? '' : ask.url))
}

// What a successful unsafe request, and the app itself, invalidate: RFC 9111, section 4.4, and RFC 9875, section 3.

import type { Cache } from '../contract.ts'
import type { Ask, Input } from './ask.ts'
import type { CachedFetchOptions, InvalidateSelector } from './contract.ts'
import { groupsIn } from './groups.ts'
import { groupTag, prefixOf } from './keys.ts'
import { forget } from './responses.ts'
import type { HttpEntry } from './variants.ts'

/** After the answer to an unsafe request. What it says itself goes also where the app's `invalidates` throws, with which this rejects. */
export async function invalidateAfter(cache: Cache<HttpEntry>, prefix: string, { url, request }: Ask, response: Response, invalidates: CachedFetchOptions['invalidates']): Promise<void> {
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
  const removals = [
    forget(cache, prefix + url),
    // Of another origin it may not say anything.
    ...urls.filter((each) => each.origin === origin).map((each) => forget(cache, prefix + each.href.split('#')[0])),
    ...groupsIn(headers.get('cache-group-invalidation')).map((group) => cache.deleteTag(groupTag(prefix, group, origin))),
  ]
  try {
    for (const group of invalidates?.(request(), response) ?? []) removals.push(cache.deleteTag(groupTag(prefix, group)))
  } finally {
    await Promise.all(removals)
  }
}

/** What an app selects. @param askFor what a request for a URL asks @param prefixFor that of a request's partition */
export async function invalidateSelected(cache: Cache<HttpEntry>, { url, prefix, group, partition }: InvalidateSelector, askFor: (url: Input) => Ask, prefixFor: (ask: Ask) => string): Promise<void> {
  const ask = askFor(url ?? prefix ?? globalThis.location?.href ?? 'http://localhost')
  const own = partition === undefined ? prefixFor(ask) : prefixOf(partition)
  if (group !== undefined) return cache.deleteTag(groupTag(own, group))
  if (url !== undefined) return forget(cache, own + ask.url)
  await cache.deletePrefix(own + (prefix === undefined ? '' : ask.url))
}

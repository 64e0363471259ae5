// What a successful unsafe request, and the app itself, invalidate: RFC 9111, section 4.4, and RFC 9875, section 3.

import type { Cache } from '../contract.ts'
import type { Ask } from './ask.ts'
import type { InvalidateSelector } from './contract.ts'
import { groupsIn } from './groups.ts'
import { groupTag, prefixOf } from './keys.ts'
import { forget } from './responses.ts'
import type { HttpEntry } from './variants.ts'

/** After the answer to an unsafe request. @param groups named by the app */
export async function invalidateAfter(cache: Cache<HttpEntry>, partition: string, { url, origin }: Ask, { headers, url: final }: Response, groups: readonly string[]): Promise<void> {
  const base = final || url
  const named = ['location', 'content-location'].flatMap((name) => {
    const value = headers.get(name)
    return value !== null && URL.canParse(value, base) ? [new URL(value, base)] : []
  })
  // Of another origin it may not say anything.
  const urls = [new URL(url), ...named.filter((each) => each.origin === origin)].map(({ origin, pathname, search }) => origin + pathname + search)
  const own = groupsIn(headers.get('cache-group-invalidation'))
  const tags = [...own.map((group) => groupTag(partition, group, origin)), ...groups.map((group) => groupTag(partition, group))]
  await Promise.all([...urls.map((each) => forget(cache, partition, each)), ...tags.map((tag) => cache.deleteTag(tag))])
}

/** What an app selects. @param partitionOf that of a request to a URL */
export async function invalidateSelected(cache: Cache<HttpEntry>, selector: InvalidateSelector, partitionOf: (url: string) => string): Promise<void> {
  const { url, prefix, group, partition } = selector
  const base = globalThis.location?.href
  const target = new URL(url ?? prefix ?? base ?? 'http://localhost', base)
  target.hash = ''
  const whose = partition ?? partitionOf(target.href)
  if (group !== undefined) await cache.deleteTag(groupTag(whose, group))
  else if (url !== undefined) await forget(cache, whose, target.href)
  else await cache.deletePrefix(prefixOf(whose) + (prefix === undefined ? '' : target.href))
}

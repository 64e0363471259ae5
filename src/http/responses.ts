// Stored responses in the cache: how they are found, kept and removed.

import type { Cache, LoaderContext } from '../contract.ts'
import type { Task } from './exchange.ts'
import { bodyKeyOf } from './keys.ts'
import { bytesOf, findVariant, fits, hasVary, variantsIn, type HttpEntry, type StoredResponse } from './variants.ts'

export interface Found {
  /** All that is stored of the URL, the latest first. */
  readonly variants: readonly StoredResponse[]
  /** The one that fits the request, if its body is there too. */
  readonly stored: StoredResponse | undefined
  readonly bytes: ArrayBuffer | undefined
}

/** Variants kept of a URL besides the latest. */
const MOST_OTHERS = 15
/**
 * Bytes of the largest body that is stored in the list, read with it and rewritten by a 304. To read a larger one takes as long as a second
 * read.
 */
const SMALL_BODY = 16_384

const STALE = { stale: true } as const

/** What is looked for. */
type Wanted = Pick<Task, 'key' | 'ask' | 'user'>

/** The fresh response in memory for a request. Synchronous, because one `await` takes as long as the search. */
export function peek(cache: Cache<HttpEntry>, { key, ask, user }: Wanted): Found | undefined {
  const variants = variantsIn(cache.peek(key))
  const stored = findVariant(variants, ask, user)
  if (!stored) return undefined
  let bytes = bytesOf(stored, stored)
  if (!bytes) {
    const own = bodyKeyOf(key, stored.selectors)
    bytes = bytesOf(cache.peek(own), stored)
    if (!bytes) return undefined
    void cache.get(own)
  }
  // Counts as a use. A read from memory does not fail.
  void cache.get(key)
  return { variants, stored, bytes }
}

/** Reads what is stored for a request. */
export async function find(cache: Cache<HttpEntry>, { key, ask, user }: Wanted): Promise<Found> {
  for (let missing: number | undefined; ;) {
    const variants = await list(cache, key)
    const stored = findVariant(variants, ask, user)
    const bytes = stored && (bytesOf(stored, stored) ?? bytesOf(await cache.get(bodyKeyOf(key, stored.selectors), STALE), stored))
    // Between the two reads both entries may have been replaced.
    if (!stored || bytes || stored.stamp === missing) return { variants, stored: bytes && stored, bytes }
    missing = stored.stamp
  }
}

/** All that is stored of a URL. */
export async function list(cache: Cache<HttpEntry>, key: string): Promise<readonly StoredResponse[]> {
  return variantsIn(await cache.get(key, STALE))
}

/**
 * Stores a response as the result of its load. It replaces the variants that fit the same request; but if one with Vary fits, those
 * without Vary stay, because they serve other requests too.
 *
 * @param variants those that are stored under the task's key
 * @param bytes absent if the stored body stays
 * @param key where the response is stored: another than the task's after a redirect
 * @returns the new entry of the task's key
 */
export async function keep(
  cache: Cache<HttpEntry>,
  { also, setOptions }: LoaderContext<HttpEntry>,
  { key: asked, ask, user }: Task,
  variants: readonly StoredResponse[],
  stored: StoredResponse,
  bytes?: ArrayBuffer,
  key: string = asked,
): Promise<HttpEntry> {
  const now = stored.responseTime
  const own = bodyKeyOf(key, stored.selectors)
  const small = bytes && bytes.byteLength <= SMALL_BODY
  const isFitting = fits(ask, user)
  let others: readonly StoredResponse[] = []
  if (key !== asked) {
    // The redirect replaces what was stored under the task's key.
    dropBodies(cache, asked, variants.filter(isFitting))
    others = variants.filter((variant) => !isFitting(variant)).map((variant) => ({ ...variant, changed: undefined }))
    variants = await list(cache, key)
  }
  const varied = variants.filter(isFitting).some(hasVary)
  const isOther = ({ selectors }: StoredResponse): boolean => bodyKeyOf(key, selectors) !== own
  const kept = [
    small ? { ...stored, bytes } : stored,
    ...variants
      .filter(
        (variant) =>
          isOther(variant) && variant.stamp !== stored.stamp && !(hasVary(variant) === varied && isFitting(variant)) && variant.end > now,
      )
      .slice(0, MOST_OTHERS),
  ]
  const all = [...kept, ...others]
  const end = Math.max(...all.map((variant) => variant.end))
  const ttl = stored.noCache || stored.matchesNone ? 0 : Math.max(0, Math.min(stored.staleAt, end) - now)
  setOptions({ ttl, staleWhileRevalidate: 0, staleIfError: end - now - ttl, tags: all.flatMap((variant) => variant.tags) })
  if (bytes && !small) also(own, { stamp: stored.stamp, bytes })
  // Bodies that no list refers to any more.
  dropBodies(
    cache,
    key,
    variants.filter((variant) => !variant.bytes && !kept.includes(variant) && (small || isOther(variant))),
  )
  if (key === asked) return kept
  also(key, kept)
  return others
}

/** Removes the separately stored bodies of variants. */
export function dropBodies(cache: Cache<HttpEntry>, key: string, variants: readonly StoredResponse[]): void {
  for (const { selectors } of variants) cache.delete(bodyKeyOf(key, selectors)).catch(() => {})
}

/** Removes all variants of a URL, those of all users. */
export async function forget(cache: Cache<HttpEntry>, key: string): Promise<void> {
  await Promise.all([cache.delete(key), cache.deletePrefix(bodyKeyOf(key, []))])
}

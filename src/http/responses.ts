// Stored responses in the cache: found, kept, forgotten.

import type { Cache, LoaderContext } from '../contract.ts'
import type { Ask } from './ask.ts'
import { bodyKeyOf, keyOf } from './keys.ts'
import { mayBeStale } from './verdict.ts'
import { bytesOf, findVariant, selectorsOf, variantsIn, withVariant, type HttpEntry, type StoredResponse } from './variants.ts'
import type { HttpSettings } from './options.ts'
import type { Life } from './policy.ts'

/** A stored response with its body. */
export interface Held {
  readonly stored: StoredResponse
  readonly bytes: ArrayBuffer
}

export interface Found {
  /** All that is stored of the URL, the latest first. */
  readonly variants: readonly StoredResponse[]
  readonly held: Held | undefined
}

/** How to store a response. */
export interface Keeping {
  readonly key: string
  /** Those that were there; one that came meanwhile may be lost. */
  readonly variants: readonly StoredResponse[]
  readonly stored: StoredResponse
  /** Absent where the stored body stays. */
  readonly bytes: ArrayBuffer | undefined
  readonly now: number
}

/** ms for which a response is kept past its freshness, for a revalidation, or for when the origin cannot be reached. */
const KEPT = 30 * 24 * 3_600_000

/** Reads what is stored for a request. */
export async function find(cache: Cache<HttpEntry>, key: string, ask: Ask, user: string | null): Promise<Found> {
  const usual = bodyKeyOf(key, selectorsOf(ask, user, null))
  // Together, so that they share a transaction: with a Vary on what the request has, the body is another.
  const listing = cache.get(key, STALE)
  const reading = cache.get(usual, STALE)
  reading.catch(() => {})
  const variants = variantsIn(await listing)
  const stored = findVariant(variants, ask, user)
  const own = stored && bodyKeyOf(key, stored.selectors)
  const bytes = stored && bytesOf(await (own === usual ? reading : cache.get(own!, STALE)), stored)
  return { variants, held: bytes && { stored, bytes } }
}

const STALE = { stale: true } as const

/** All that is stored of a URL. */
export async function list(cache: Cache<HttpEntry>, key: string): Promise<readonly StoredResponse[]> {
  return variantsIn(await cache.get(key, STALE))
}

/** Epoch ms of the end of any use; not after `now` where there is none. */
export function endOf(life: Life, hasValidator: boolean, { offlineStale, staleIfError }: Pick<HttpSettings, 'offlineStale' | 'staleIfError'>): number {
  const stale = mayBeStale(life) ? Math.max(life.staleWhileRevalidate, staleIfError ?? life.staleIfError, offlineStale ? KEPT : 0) : 0
  return life.bornAt + life.lifetime + Math.max(stale, hasValidator ? KEPT : 0)
}

/** Stores a response with the load that brought it. @returns the entry of the loaded key */
export function keep(cache: Cache<HttpEntry>, { key: loaded, also, setOptions }: LoaderContext<HttpEntry>, { key, variants, stored, bytes, now }: Keeping): HttpEntry {
  const { kept, dropped } = withVariant(variants, stored, now)
  const end = Math.max(...kept.map((variant) => variant.end))
  const fresh = stored.noCache || stored.matchesNone ? 0 : Math.min(Math.max(0, stored.bornAt + stored.lifetime - now), end - now)
  setOptions({ ttl: fresh, staleWhileRevalidate: 0, staleIfError: end - now - fresh, tags: kept.flatMap((variant) => variant.tags) })
  if (bytes) also(bodyKeyOf(key, stored.selectors), { stamp: stored.stamp, bytes })
  for (const { selectors } of dropped) cache.delete(bodyKeyOf(key, selectors)).catch(() => {})
  if (key === loaded) return kept
  also(key, kept)
  return []
}

/** Removes all variants of a URL. */
export async function forget(cache: Cache<HttpEntry>, partition: string, url: string): Promise<void> {
  const key = keyOf(partition, url)
  await Promise.all([cache.delete(key), cache.deletePrefix(bodyKeyOf(key, []))])
}

// The entry and its liveness rule: the only place that compares an entry's times with now.

import type { Lifetime } from './options.ts'

/** What one key holds in either tier. Times are epoch ms in whole numbers; `Infinity` is never. */
export interface Entry<V> {
  readonly key: string
  readonly value: V
  readonly createdAt: number
  /** Best before: fresh while `now < staleAt`. */
  readonly staleAt: number
  /** Use by: `staleAt` and the longer stale window. Expired when `expiresAt <= now`; the store's index and every sweep go by it. */
  readonly expiresAt: number
  /** ms after `staleAt`. */
  readonly staleWhileRevalidate: number
  /** ms after `staleAt`. */
  readonly staleIfError: number
  readonly tags: readonly string[]
}

/** The last moment a `Date` can hold. What would expire later never expires. */
const LAST_MOMENT = 8.64e15

/** `ms` after `now`, as a whole number rounded up, so that every structure can file it without loss. */
export function after(now: number, ms: number): number {
  const at = Math.ceil(now + ms)
  return at <= LAST_MOMENT ? at : Infinity
}

export function createEntry<V>(key: string, value: V, life: Lifetime, now: number): Entry<V> {
  const { staleWhileRevalidate, staleIfError, tags } = life
  return { key, value, createdAt: now, ...times(life.ttl, life, now), staleWhileRevalidate, staleIfError, tags }
}

/** The same entry with a new ttl from `now`; tags and stale windows stay. */
export function renewEntry<V>(entry: Entry<V>, ttl: number, now: number): Entry<V> {
  return { ...entry, ...times(ttl, entry, now) }
}

function times(ttl: number, windows: Pick<Lifetime, 'staleWhileRevalidate' | 'staleIfError'>, now: number) {
  const staleAt = after(now, ttl)
  return { staleAt, expiresAt: after(staleAt, Math.max(windows.staleWhileRevalidate, windows.staleIfError)) }
}

export function isFresh<V>(entry: Entry<V> | undefined, now: number): entry is Entry<V> {
  return entry !== undefined && now < entry.staleAt
}

export function isExpired(entry: Entry<unknown>, now: number): boolean {
  return entry.expiresAt <= now
}

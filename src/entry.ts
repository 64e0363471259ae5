// The entry, and the rules for when it is fresh and when it is usable.

import { NO_WINDOWS, type Lifetime } from './options.ts'

/**
 * What one key holds, in memory and, in the same form, on disk. Times are whole epoch ms. Properties with their default value are
 * left out; above all, an entry that never expires has no `expiresAt`, and so no row in the store's index.
 */
export interface Entry<V> {
  readonly key: string
  readonly value: V
  readonly createdAt: number
  /** Best before: fresh while `now < staleAt`. Left out when it equals `expiresAt`. */
  readonly staleAt?: number
  /** Use by: `staleAt` plus the longer of the two stale windows. Expired when `expiresAt <= now`. Left out for never. */
  readonly expiresAt?: number
  /** ms after `staleAt`; left out for 0. */
  readonly staleWhileRevalidate?: number
  /** ms after `staleAt`; left out for 0. */
  readonly staleIfError?: number
  /** Left out for none. */
  readonly tags?: readonly string[]
}

/** The last moment that a `Date` can hold. An entry that would expire later never expires. */
const LAST_MOMENT = 8.64e15

/** `ms` after `now`, rounded up to a whole number, which every structure can hold without loss. */
export function after(now: number, ms: number): number {
  const at = ms ? Math.ceil(now + ms) : now
  return at <= LAST_MOMENT ? at : Infinity
}

export function createEntry<V>(
  key: string,
  value: V,
  { ttl, staleWhileRevalidate, staleIfError, tags }: Lifetime,
  now: number,
  createdAt: number = now,
): Entry<V> {
  const staleAt = after(now, ttl)
  const expiresAt = after(staleAt, Math.max(staleWhileRevalidate, staleIfError))
  return compose({ key, value, createdAt, staleAt, expiresAt, staleWhileRevalidate, staleIfError, tags })
}

/** An entry of these properties and no others; those with their default value are left out. */
export function compose<V>({
  key,
  value,
  createdAt,
  expiresAt = Infinity,
  staleAt = expiresAt,
  staleWhileRevalidate,
  staleIfError,
  tags,
}: Entry<V>): Entry<V> {
  return {
    key,
    value,
    createdAt,
    ...(expiresAt < Infinity && { expiresAt }),
    ...(staleAt < expiresAt && { staleAt }),
    ...(staleWhileRevalidate && { staleWhileRevalidate }),
    ...(staleIfError && { staleIfError }),
    ...(tags?.length && { tags }),
  }
}

/** The same entry with a new ttl from `now`; tags and stale windows stay. */
export function renewEntry<V>(entry: Entry<V>, ttl: number, now: number): Entry<V> {
  return createEntry(entry.key, entry.value, { ...NO_WINDOWS, ...entry, ttl }, now, entry.createdAt)
}

export function expiresAtOf(entry: Entry<unknown>): number {
  return entry.expiresAt ?? Infinity
}

export function staleAtOf(entry: Entry<unknown>): number {
  return entry.staleAt ?? expiresAtOf(entry)
}

/** ms by which the clocks of an entry's writer and its reader may differ. */
const SKEW = 60_000

/** Whether an entry was written by a clock that was ahead, so that its times mean nothing. */
export function isFromFuture(entry: Entry<unknown>, now: number): boolean {
  return entry.createdAt > now + SKEW
}

export function isFresh<V>(entry: Entry<V> | undefined, now: number): entry is Entry<V> {
  return !!entry && now < staleAtOf(entry) && !isFromFuture(entry, now)
}

/** Whether an entry may be used at all: it is fresh, or in a stale window. */
export function isUsable<V>(entry: Entry<V> | undefined, now: number): entry is Entry<V> {
  return !!entry && now < expiresAtOf(entry) && !isFromFuture(entry, now)
}

/** Until when a stale value may be served while another is loaded; the end of the ttl if there is no such window. */
export function revalidatedUntil(entry: Entry<unknown>): number {
  return staleAtOf(entry) + (entry.staleWhileRevalidate ?? 0)
}

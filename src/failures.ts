// Failed loads, by key: when the next load may be tried, and whether callers get the error until then. A failure stays after that time,
// because the next pause depends on it.

import type { Flight } from './flight.ts'

export type Failures = Map<string, Failure>

export interface Failure extends Flight {
  readonly error: unknown
  /** Whether callers get the error again. */
  readonly rethrown: boolean
  /** No load is tried before this time, epoch ms. */
  readonly until: number
  /** ms before the next try; the next pause is twice as long. */
  readonly pause: number
}

/**
 * ms of pause after failures while there is a stale value. Each is shortened by up to a half at random, so that tabs do not all try at
 * once.
 */
const FIRST_PAUSE = 1_000
const LONGEST_PAUSE = 60_000
/** Failures remembered; when there are more, the oldest is forgotten. */
const MOST_FAILURES = 1_000

/** The failure because of which a key is not to be loaded yet, except by a refresh. */
export function failureOf(
  failures: Failures,
  { key, now, refresh }: { readonly key: string; readonly now: number; readonly refresh: boolean | undefined },
): Failure | undefined {
  const failure = failures.get(key)
  return failure && now < failure.until && !refresh ? failure : undefined
}

/**
 * @param hasStale whether there is a value to serve meanwhile. A key without one is tried again at once, unless `errorTtl` says otherwise.
 */
export function addFailure(
  failures: Failures,
  { key, errorTtl }: { readonly key: string; readonly errorTtl: number },
  error: unknown,
  now: number,
  hasStale: boolean,
): void {
  const pause = Math.min(2 * (failures.get(key)?.pause ?? FIRST_PAUSE / 2), LONGEST_PAUSE)
  const wait = errorTtl || (hasStale ? pause * (1 - Math.random() / 2) : 0)
  if (failures.size >= MOST_FAILURES) failures.delete(failures.keys().next().value!)
  if (wait) failures.set(key, { rethrown: !!errorTtl, error, until: now + wait, pause })
}

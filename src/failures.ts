// The loads that failed last, by key: when it is tried again, and whether callers get the error until then. None expires by itself.

import type { Flight } from './flight.ts'

export type Failures = Map<string, Failure>

export interface Failure extends Flight {
  readonly error: unknown
  /** Whether callers get the error again. */
  readonly rethrown: boolean
  /** No load is tried before. */
  readonly until: number
  /** ms; the next one is twice as long. */
  readonly pause: number
}

/** Pauses after failures while there is a stale value, ms; each is cut by up to a half, so that tabs do not come at once. */
const FIRST_PAUSE = 1_000
const LONGEST_PAUSE = 60_000
const MOST_FAILURES = 1_000

/** The failure after which a key is not yet tried again, but by a refresh. */
export function failureOf(failures: Failures, { key, now, refresh }: { readonly key: string; readonly now: number; readonly refresh: boolean | undefined }): Failure | undefined {
  const failure = failures.get(key)
  return failure && now < failure.until && !refresh ? failure : undefined
}

/** @param hasStale whether there is a value to serve meanwhile: a key without one is tried at once, unless errors are kept */
export function addFailure(failures: Failures, { key, errorTtl }: { readonly key: string; readonly errorTtl: number }, error: unknown, now: number, hasStale: boolean): void {
  const pause = Math.min(2 * (failures.get(key)?.pause ?? FIRST_PAUSE / 2), LONGEST_PAUSE)
  const wait = errorTtl || (hasStale ? pause * (1 - Math.random() / 2) : 0)
  if (failures.size >= MOST_FAILURES) failures.clear()
  if (wait) failures.set(key, { rethrown: !!errorTtl, error, until: now + wait, pause })
}

// The circuit breaker: after a fault that a retry has not cured, storage is left alone until a transaction, the probe, shows that it works
// again. Memory serves meanwhile.

import { CacheError, type FaultClass } from '../errors.ts'
import { setWeakTimeout } from '../weakly.ts'

/** What a transaction does. A full disk refuses only those that put something. */
export type Kind = 'read' | 'delete' | 'put'

export interface Breaker {
  /** The error for a transaction that must not begin because storage is left alone. */
  refusal(kind: Kind): CacheError | undefined
  /**
   * Whether the transaction is the probe.
   * @throws CacheError `paused` while storage is left alone
   */
  admit(kind: Kind): boolean
  /**
   * Opens the breaker for a fault. Returns the error for the call to reject with: the fault, or a refusal if the breaker was open already.
   */
  trip(fault: CacheError): CacheError
  /** The probe was refused because of one entry, so another transaction may be the probe. */
  again(): void
  /** Storage works again. */
  mend(): void
  /** The fault for which storage is left alone. */
  readonly fault: CacheError | undefined
  stop(): void
}

/** ms until the probe, by class of fault; 5 s for the others. */
const RESTS: Partial<Record<FaultClass, number>> = {
  unavailable: Infinity,
  'newer-schema': Infinity,
  heal: 60_000,
  stalled: 60_000,
  capacity: 60_000,
  'capacity-at-open': 300_000,
}

/**
 * @param onChange called with the fault for which storage is left alone, and without one when storage works again
 * @param probe begins a transaction; the next one that puts something is let through
 */
export function createBreaker(onChange?: (fault?: CacheError) => void, probe?: () => void): Breaker {
  let fault: CacheError | undefined
  /** Whether a transaction may be the probe. */
  let open = false
  let timer: ReturnType<typeof setTimeout> | undefined

  const isFull = (error: CacheError): boolean => error.fault?.class === 'capacity'
  const refusal = (kind: Kind): CacheError | undefined =>
    fault && (kind === 'put' || !isFull(fault)) ? new CacheError('paused', `Storage rests: ${fault.message}`) : undefined
  const wake = (): void => {
    open = true
    // The probe may end without an answer: on a full disk it may be a transaction of removals only.
    timer = setWeakTimeout(wake, 60_000)
    probe?.()
  }

  return {
    get fault() {
      return fault
    },
    refusal,
    admit(kind) {
      const error = refusal(kind)
      if (!error) return false
      // A read may succeed where writes fail.
      if (!open || kind !== 'put') throw error
      open = false
      return true
    },
    trip(cause) {
      const rest = RESTS[cause.fault!.class] ?? 5_000
      clearTimeout(timer)
      if (rest < Infinity) timer = setWeakTimeout(wake, rest)
      // A full disk may become another fault, and another fault a full disk.
      if (fault && isFull(fault) === isFull(cause)) return refusal('put')!
      fault = cause
      onChange?.(fault)
      return cause
    },
    again() {
      open = true
    },
    mend() {
      if (!fault) return
      clearTimeout(timer)
      fault = undefined
      onChange?.()
    },
    stop: () => clearTimeout(timer),
  }
}

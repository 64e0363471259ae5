// What a storage error means, by where it occurred and by its name. Texts differ by engine and language, so only one is used, to narrow
// down a name that says nothing.

import {
  CacheError,
  type CacheErrorCode,
  type CacheErrorDetails,
  type Fault,
  type FaultAction,
  type FaultClass,
  type FaultPhase,
} from '../errors.ts'

type Rule = readonly [type: FaultClass, phase: RegExp, error: RegExp, action?: FaultAction]

/** The first that fits counts. Without an action, memory alone serves. */
const RULES: readonly Rule[] = [
  // Not in a put: there a getter of the value has thrown it.
  ['stalled', /^(?!put)/, /^Timeout/],
  ['capacity-at-open', /open/, /^Quota/],
  ['newer-schema', /open/, /^Version/],
  ['unavailable', /open/, /^(Security|InvalidState|Type|Reference|Error|null)/],
  ['heal', /open/, /^/],
  ['capacity', /^/, /^Quota/, 'made-room'],
  ['bad-entry', /^/, /^Unknown.*too large/, 'refused'],
  ['corrupt-entry', /read/, /^(NotReadable|NotFound|Data)/, 'removed'],
  ['stale-handle', /^/, /^(Unknown|Abort|InvalidState|TransactionInactive)/, 'retried'],
  ['stale-handle', /transaction/, /^NotFound/, 'retried'],
  ['bad-entry', /put/, /^/, 'refused'],
  ['unknown', /^/, /^/, 'retried'],
]

const ruleOf = (phase: FaultPhase, error: unknown): Rule => RULES.find(([, where, what]) => where.test(phase) && what.test(String(error)))!

export function classOf(phase: FaultPhase, error: unknown): FaultClass {
  return ruleOf(phase, error)[0]
}

/** Rethrows the error of a failed read, unless only that record is at fault. */
export function takeCorrupt(error: unknown): void {
  if (classOf('read', error) !== 'corrupt-entry') throw error
}

/** @param phase of a fault of IndexedDB */
export function toCacheError(code: CacheErrorCode, cause: unknown, phase?: FaultPhase, details?: CacheErrorDetails): CacheError {
  if (cause instanceof CacheError) return cause
  if (nameOf(cause) === 'QuotaExceededError' && code === 'write-failed') code = 'quota-exceeded'
  let fault: Fault | undefined
  if (phase) {
    const [type, , , action = 'memory'] = ruleOf(phase, cause)
    fault = { class: type, phase, action }
  }
  return new CacheError(code, `Storage fault, ${code}: ${String(cause)}`, { ...details, cause, fault })
}

export function nameOf(error: unknown): string {
  return (error as Partial<Error> | null | undefined)?.name ?? ''
}

// What a storage error means: where it showed, then its name. Texts differ per engine and language; one of them narrows a name
// that says nothing.

import { CacheError, type CacheErrorCode, type CacheErrorDetails, type FaultAction, type FaultClass, type FaultPhase } from '../errors.ts'

/** The first rule that fits. */
const RULES: readonly (readonly [FaultClass, phase: RegExp, error: RegExp])[] = [
  ['stalled', /^/, /^Timeout/],
  ['capacity-at-open', /open/, /^Quota/],
  ['newer-schema', /open/, /^Version/],
  ['unavailable', /open/, /^(Security|InvalidState|Type|Reference|Error| )/],
  ['heal', /open/, /^/],
  ['capacity', /^/, /^Quota/],
  ['bad-entry', /^/, /^Unknown.*too large/],
  ['corrupt-entry', /read/, /^(NotReadable|NotFound|Data)/],
  ['stale-handle', /^/, /^(Unknown|Abort|InvalidState|TransactionInactive)/],
  ['stale-handle', /transaction/, /^NotFound/],
  ['bad-entry', /put/, /^/],
  ['unknown', /^/, /^/],
]

const ACTIONS: Partial<Record<FaultClass, FaultAction>> = {
  'stale-handle': 'retried',
  capacity: 'made-room',
  'bad-entry': 'refused',
  'corrupt-entry': 'removed',
  unknown: 'retried',
}

export function classOf(phase: FaultPhase, error: unknown): FaultClass {
  const { name = '', message = '' } = (error ?? {}) as Partial<Error>
  return RULES.find(([, where, what]) => where.test(phase) && what.test(`${name} ${message}`))![0]
}

/** Of a failed read: throws it again, unless it is the fault of that record alone. */
export function takeCorrupt(error: unknown): void {
  if (classOf('read', error) !== 'corrupt-entry') throw error
}

/** @param phase of a fault of IndexedDB */
export function toCacheError(code: CacheErrorCode, cause: unknown, phase?: FaultPhase, details?: CacheErrorDetails): CacheError {
  if (cause instanceof CacheError) return cause
  const type = phase && classOf(phase, cause)
  if (nameOf(cause) === 'QuotaExceededError' && code === 'write-failed') code = 'quota-exceeded'
  const fault = type && { class: type, phase, action: ACTIONS[type] ?? 'memory' }
  return new CacheError(code, `Storage fault, ${code}: ${cause}`, { ...details, cause, fault })
}

export function nameOf(error: unknown): string {
  return (error as Partial<Error> | null | undefined)?.name ?? ''
}

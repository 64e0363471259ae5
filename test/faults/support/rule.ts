// What a fault is: which calls meet it, and how they fail.

/** Requests of a transaction. */
export const REQUESTS = ['get', 'getKey', 'getAll', 'getAllKeys', 'count', 'put', 'add', 'delete', 'clear', 'openCursor', 'openKeyCursor'] as const

export type Operation = 'open' | 'deleteDatabase' | 'databases' | 'transaction' | 'commit' | (typeof REQUESTS)[number]

export type Phase =
  /** The call throws. */
  | 'sync'
  /** The request gets an error event. */
  | 'request'
  /** The engine aborts the transaction when the turn of the request has come. */
  | 'abort'
  /** The engine aborts the transaction at its end. */
  | 'commit'
  /** Nothing happens until the rule ends. */
  | 'hang'
  /** It happens so many ms later. */
  | 'late'

export interface Call {
  readonly operation: Operation
  readonly args: readonly unknown[]
  /** Number of the connection, from 1; 0 for calls of the factory. */
  readonly connection: number
  /** Number of the transaction, from 1. */
  readonly transaction?: number
  readonly mode?: IDBTransactionMode
  readonly store?: string
  /** Of the record that is put, or asked for; a range as it is. */
  readonly key?: unknown
}

export interface Rule {
  readonly operation: Operation | readonly Operation[]
  readonly phase: Phase
  /** Which of the calls it is about; all by default. */
  readonly when?: (call: Call) => boolean
  /** Only the one of this number, from 1. */
  readonly nth?: number
  /** Only the first so many. */
  readonly times?: number
  /**
   * Name of the error; null for an abort that tells none.
   * @default 'UnknownError'
   */
  readonly error?: string | null
  readonly message?: string
  /** ms, of `late`. */
  readonly after?: number
}

/** A rule in force. */
export class ActiveRule {
  /** How many calls it has made fail. */
  fired = 0
  over = false
  /** What waits. */
  readonly held = new Set<() => void>()
  readonly rule: Rule
  readonly #leave: (rule: ActiveRule) => void
  #met = 0
  #latest: number | undefined

  constructor(rule: Rule, leave: (rule: ActiveRule) => void) {
    this.rule = rule
    this.#leave = leave
  }

  get phase(): Phase {
    return this.rule.phase
  }

  get error(): DOMException | null {
    const { error = 'UnknownError', message = 'injected' } = this.rule
    return error === null ? null : new DOMException(message, error)
  }

  /** Whether a call is its business. One that fails at commit meets a transaction once. */
  concerns(call: Call): boolean {
    const { operation, when, nth, times = Infinity } = this.rule
    if (![operation].flat().includes(call.operation) || when?.(call) === false) return false
    if (this.phase === 'commit' && this.#latest === call.transaction) return false
    this.#latest = call.transaction
    this.#met++
    return nth === undefined ? this.#met <= times : this.#met === nth
  }

  /** Calls go through again, and what waits goes on. */
  end(): void {
    this.over = true
    this.#leave(this)
    for (const resume of this.held) {
      this.held.delete(resume)
      resume()
    }
  }
}

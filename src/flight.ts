// Work in flight for a key: whose result is still good when it lands, and how callers share one load.
// A change of the key overtakes what was in flight; that still answers its callers, but is not kept.

/** One read, load or change under way. */
export class Flight {
  readonly key: string
  overtaken = false
  /** Tags that were removed meanwhile. */
  #removedTags: Set<string> | undefined

  constructor(key: string) {
    this.key = key
  }

  /** Whether a result with these tags may still be kept. */
  keeps(tags: readonly string[]): boolean {
    return !this.overtaken && !tags.some((tag) => this.#removedTags?.has(tag))
  }

  removeTag(tag: string): void {
    this.#removedTags ??= new Set()
    this.#removedTags.add(tag)
  }
}

/** The flights of a cache, by key. Empty when nothing is under way. */
export class Flights {
  readonly #byKey = new Map<string, Set<Flight>>()

  /** Runs work as a flight; it is gone when the work settles. */
  async track<T>(key: string, work: (flight: Flight) => Promise<T>): Promise<T> {
    const flight = new Flight(key)
    const sameKey = this.#byKey.get(key) ?? new Set()
    this.#byKey.set(key, sameKey.add(flight))
    try {
      return await work(flight)
    } finally {
      sameKey.delete(flight)
      if (sameKey.size === 0) this.#byKey.delete(key)
    }
  }

  /** A later change of the key counts instead. */
  overtake(key: string): void {
    for (const flight of this.#byKey.get(key) ?? []) flight.overtaken = true
  }

  overtakeAll(prefix: string): void {
    for (const key of this.#byKey.keys()) if (key.startsWith(prefix)) this.overtake(key)
  }

  removeTag(tag: string): void {
    for (const flights of this.#byKey.values()) for (const flight of flights) flight.removeTag(tag)
  }
}

/** One load that several callers wait for. A caller that aborts detaches; when the last one has, the load is aborted. */
export class SharedLoad<T> {
  readonly #controller = new AbortController()
  readonly #promise: Promise<T>
  #callers = 0

  constructor(load: (signal: AbortSignal) => Promise<T>) {
    this.#promise = load(this.#controller.signal)
    // Callers that detached no longer listen.
    this.#promise.catch(() => {})
  }

  get aborted(): boolean {
    return this.#controller.signal.aborted
  }

  join(signal: AbortSignal | undefined): Promise<T> {
    this.#callers++
    if (signal === undefined) return this.#promise
    return new Promise((resolve, reject) => {
      const detach = () => {
        reject(signal.reason)
        if (--this.#callers === 0) this.#controller.abort(signal.reason)
      }
      signal.addEventListener('abort', detach, { once: true })
      this.#promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', detach))
    })
  }
}

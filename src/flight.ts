// Work in flight for a key: whose result is still good when it lands, and how callers share one load.
// A change of the key overtakes what was in flight; that still answers its callers, but is not kept.

/** One read, load or change under way. */
export interface Flight {
  overtaken: boolean
  /** Overtaken by the removal of a tag that its result may have. */
  byTag?: boolean
  /** The tags that a load declared; nobody knows yet what a read or a change will bring. */
  readonly tags: readonly string[] | undefined
}

export interface Flights {
  /** Runs work as a flight; it is gone when the work settles. */
  track<T>(key: string, work: (flight: Flight) => Promise<T>, tags?: readonly string[]): Promise<T>
  /** A later change of the key counts instead. */
  overtake(key: string): void
  overtakePrefix(prefix: string): void
  /** What has the tag, or may have it. */
  overtakeTag(tag: string): void
}

/** The flights of a cache. Holds nothing when nothing is under way. */
export function createFlights(): Flights {
  const byKey = new Map<string, Set<Flight>>()
  const overtake = (key: string): void => byKey.get(key)?.forEach((flight) => (flight.overtaken = true))

  return {
    overtake,
    async track(key, work, tags) {
      const flight: Flight = { overtaken: false, tags }
      const sameKey = byKey.get(key) ?? new Set()
      byKey.set(key, sameKey.add(flight))
      try {
        return await work(flight)
      } finally {
        sameKey.delete(flight)
        if (!sameKey.size) byKey.delete(key)
      }
    },
    overtakePrefix(prefix) {
      for (const key of byKey.keys()) if (key.startsWith(prefix)) overtake(key)
    },
    overtakeTag(tag) {
      for (const flights of byKey.values()) {
        for (const flight of flights) if (flight.tags?.includes(tag) ?? true) flight.overtaken = flight.byTag = true
      }
    },
  }
}

/** Joins a load; the signal detaches this caller alone. */
export type Join<T> = (signal: AbortSignal | undefined) => Promise<T>

/** Starts a load that several callers can wait for. When the last of them has detached, it is aborted. */
export function share<T>(load: (signal: AbortSignal) => Promise<T>): Join<T> {
  const controller = new AbortController()
  let callers = 0
  const loading = load(controller.signal)
  // Callers that detached no longer listen.
  loading.catch(() => {})

  return (signal) => {
    callers++
    if (!signal) return loading
    return new Promise((resolve, reject) => {
      const detach = (): void => {
        reject(signal.reason)
        if (!--callers) controller.abort(signal.reason)
      }
      signal.addEventListener('abort', detach)
      loading.then(resolve, reject).finally(() => signal.removeEventListener('abort', detach))
    })
  }
}

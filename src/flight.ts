// Work in flight for a key: whose result is still good when it lands, and how callers share one load.
// A change of the key overtakes what was in flight; that still answers its callers, but is not kept.

/** One read, load or change under way. */
export interface Flight {
  /** Reads and loads are void after any change of their key, a change only after a later write. */
  readonly type: 'fetch' | 'change'
  /** The tags that a load declared; nobody knows yet what a read or a change will bring. */
  readonly tags?: readonly string[]
  overtaken?: boolean
  /** Overtaken by the removal of a tag that its result may have. */
  byTag?: boolean
}

export interface Flights {
  /** Runs work as a flight; it is gone when the work settles. */
  track<T>(key: string, flight: Flight, work: () => Promise<T>): Promise<T>
  /** A later change of the key counts instead of what was fetched, or of all that is under way. */
  overtake(key: string, type?: 'fetch'): void
  /** As `overtake`, for every key with the prefix. */
  overtakePrefix(prefix: string): void
  /** As `overtake`, for what has the tag or may have it. */
  overtakeTag(tag: string): void
}

/** The flights of a cache. Holds nothing when nothing is under way. */
export function createFlights(): Flights {
  const byKey = new Map<string, Set<Flight>>()

  const overtake: Flights['overtake'] = (key, type) => {
    for (const flight of byKey.get(key) ?? []) flight.overtaken ||= !type || flight.type === type
  }

  return {
    overtake,
    async track(key, flight, work) {
      const sameKey = byKey.get(key) ?? new Set()
      byKey.set(key, sameKey.add(flight))
      try {
        return await work()
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

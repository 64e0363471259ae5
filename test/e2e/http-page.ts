// The page's side of the HTTP cache tests: a cachedFetch for each case, under a clock that the test sets. Bundled with the
// library into one script that defines the global `sessions`.

import { createCachedFetch, type HttpEntry } from '../../src/http/index.ts'
import { createCache, type Clock } from '../../src/index.ts'

/** One request of a case. */
export interface Call {
  readonly session: string
  /** Epoch ms. */
  readonly now: number
  readonly url: string
  readonly init: RequestInit
}

export interface Got {
  readonly status: number
  readonly headers: readonly (readonly [name: string, value: string])[]
  readonly text: string
}

/** Which tiers have answered. */
export interface Hits {
  readonly memory: number
  readonly store: number
}

const TIMEOUT = 10_000

interface Session {
  now: number
  readonly fetch: typeof fetch
  end(): Promise<Hits>
}

const opened = new Map<string, Session>()

const sessions = {
  /** @param onDisk whether a database must answer, as nothing fits in memory */
  open(session: string, onDisk: boolean): void {
    const clock: Clock = { now: () => found.now }
    const cache = createCache<HttpEntry>({ clock, ...(onDisk && { name: session, maxWeight: 1, weigh: () => 2 }) })
    const found: Session = {
      now: 0,
      fetch: createCachedFetch(cache, { clock, unreachable: '504' }),
      async end() {
        const { memory, store } = cache.stats()
        await cache.destroy()
        return { memory: memory.hits + memory.stale, store: store.hits + store.stale }
      },
    }
    opened.set(session, found)
  },

  async fetch({ session, now, url, init }: Call): Promise<Got> {
    const found = opened.get(session)!
    found.now = now
    const response = await found.fetch(url, { ...init, signal: AbortSignal.timeout(TIMEOUT) })
    return { status: response.status, headers: [...response.headers], text: await response.text() }
  },

  end: (session: string): Promise<Hits> => opened.get(session)!.end(),
}

export type Sessions = typeof sessions

Object.assign(globalThis, { sessions })

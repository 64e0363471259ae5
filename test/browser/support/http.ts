// A cachedFetch in the page, and resources of the HTTP origin to try it on.

import { afterEach } from 'vitest'
import { createCachedFetch, type CachedFetch, type CachedFetchOptions, type HttpEntry } from '../../../src/http/index.ts'
import type { Cache } from '../../../src/index.ts'
import { CONTROLS, RESOURCES, type Resource, type Visit } from '../http-origin.ts'
import { open } from './caches.ts'

export interface Place {
  /** Of the page's own origin. */
  readonly url: string
  /** The same resource, of another origin. */
  readonly elsewhere: string
  /** Changes what it answers. */
  answer(resource: Partial<Resource>): Promise<void>
  /** Who has come since the last look. */
  visits(): Promise<Visit[]>
}

/** A resource that nobody has asked for. */
export async function openPlace(resource: Partial<Resource> = {}): Promise<Place> {
  const id = crypto.randomUUID()
  const control = async (init?: RequestInit): Promise<Visit[]> => (await fetch(CONTROLS + id, { cache: 'no-store', ...init })).json()
  const answer: Place['answer'] = async (changes) => void (await control({ method: 'PUT', body: JSON.stringify(changes) }))
  await answer(resource)
  const elsewhere = new URL(RESOURCES + id, location.href)
  elsewhere.hostname = location.hostname === 'localhost' ? '127.0.0.1' : 'localhost'
  return { url: new URL(RESOURCES + id, location.href).href, elsewhere: elsewhere.href, answer, visits: control }
}

export interface Reader {
  readonly fetch: CachedFetch
  readonly cache: Cache<HttpEntry>
  /** A GET: what it gives, and how it came. */
  read(url: string, init?: RequestInit): Promise<{ readonly text: string; readonly how: string }>
}

afterEach(() => {
  ahead = 0
})

/** ms by which the clock of all readers is ahead of the engine's. */
let ahead = 0

export const clock = {
  now: (): number => Date.now() + ahead,
  advance(ms: number): void {
    ahead += ms
  },
}

/** A page's cachedFetch: one that comes after another finds what that has stored, and has nothing in memory. */
export function openReader(options: CachedFetchOptions = {}): Reader {
  const cache = open<HttpEntry>({ clock })
  const cachedFetch = createCachedFetch(cache, { clock, ...options })
  return {
    fetch: cachedFetch,
    cache,
    async read(url, init) {
      const response = await cachedFetch(url, init)
      return { text: await response.text(), how: howOf(response) }
    },
  }
}

/** What Cache-Status says, without our name and without what depends on the time. */
export function howOf({ headers }: Response): string {
  return (headers.get('cache-status') ?? '').replace(/^bestbefore; /, '').replace(/ttl=-?\d+/, 'ttl')
}

// The page of that app: it asks through its worker with fetch, and itself with a cachedFetch over the same database.

import { createCachedFetch, type HttpEntry } from '../../../src/http/index.ts'
import { createCache } from '../../../src/index.ts'

const cache = createCache<HttpEntry>({ name: 'api' })
const cachedFetch = createCachedFetch(cache)

/** An answer, and what the cache that gave it says: the last of those on its way. */
export interface Told {
  readonly text: string
  readonly how: string | undefined
}

async function told(response: Response): Promise<Told> {
  const how = response.headers.get('cache-status')?.split(', ').at(-1)
  return { text: await response.text(), how: how?.replace(/^bestbefore; /, '').replace(/ttl=-?\d+/, 'ttl') }
}

export const app = {
  /** Resolves once the worker answers for the page. */
  async start(): Promise<void> {
    const { serviceWorker } = navigator
    await serviceWorker.register('/worker.js')
    if (!serviceWorker.controller) await new Promise((resolve) => serviceWorker.addEventListener('controllerchange', resolve, { once: true }))
  },
  /** Resolves once what the page itself has stored is on disk. */
  flush: () => cache.flush(),
  fetch: async (url: string, init?: RequestInit): Promise<Told> => told(await fetch(url, init)),
  cachedFetch: async (url: string, init?: RequestInit): Promise<Told> => told(await cachedFetch(url, init)),
}

Object.assign(globalThis, { app })
document.body.append('The app')

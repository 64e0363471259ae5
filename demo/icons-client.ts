// The demo's only way to its data: every question goes through the cache, and every answer tells which tier gave it
// and how long that took. Views ask here and never fetch for themselves.

import { createCache, type Cache, type CacheError } from '../src/index.ts'
import { OUTAGE_HEADER, type ApiProblem, type IconDetails, type IconPage } from './api-types.ts'
import type { Route } from './router.ts'

export const SWEEP_INTERVAL = 15_000

export type Tier = 'memory' | 'disk' | 'network'

export interface Answer<T = unknown> {
  readonly key: string
  readonly tier: Tier
  readonly ms: number
  readonly value: T
}

export class ApiError extends Error {
  /** The HTTP status; 0 when there was no answer at all. */
  readonly status: number

  constructor(status: number, message: string, options?: ErrorOptions) {
    super(message, options)
    this.status = status
  }
}

export interface ClientOptions {
  readonly ttl: () => number
  readonly onAnswer: (answer: Answer) => void
  readonly onFailure: (key: string) => void
  readonly onPending: (pending: number) => void
  readonly onStorageError: (error: CacheError) => void
}

export class IconsClient {
  readonly cache: Cache<unknown>
  /** While true the server answers 503 to whatever the cache cannot. */
  outage = false
  readonly #options: ClientOptions
  #pending = 0

  constructor(options: ClientOptions) {
    this.#options = options
    this.cache = createCache<unknown>({
      name: 'demo',
      version: '1',
      maxEntries: 200,
      sweepInterval: SWEEP_INTERVAL,
      onError: options.onStorageError,
    })
  }

  list(search: string, page: number): Promise<Answer<IconPage>> {
    return this.#ask(listKey(search, page))
  }

  icon(slug: string): Promise<Answer<IconDetails>> {
    return this.#ask(iconKey(slug))
  }

  async #ask<T>(key: string): Promise<Answer<T>> {
    try {
      const answer = await this.#time<T>(key)
      this.#options.onAnswer(answer)
      return answer
    } catch (error) {
      this.#options.onFailure(key)
      throw error
    }
  }

  /** `T` is what the server answers for this key; the cache holds nothing that did not come through here. */
  async #time<T>(key: string): Promise<Answer<T>> {
    const before = await this.cache.info(key)
    let asked = false
    const start = performance.now()
    const value = await this.cache.getOrLoad(
      key,
      ({ signal }) => {
        asked = true
        return this.#fetch(`/api/${key}`, signal)
      },
      { ttl: this.#options.ttl() },
    )
    const ms = performance.now() - start
    const tier = asked ? 'network' : before?.tier === 'memory' ? 'memory' : 'disk'
    return { key, tier, ms, value: value as T }
  }

  async #fetch(address: string, signal: AbortSignal): Promise<unknown> {
    this.#options.onPending(++this.#pending)
    try {
      const response = await fetch(address, { signal, headers: this.outage ? { [OUTAGE_HEADER]: '1' } : {} })
      if (!response.ok) throw new ApiError(response.status, await readProblem(response))
      return await response.json()
    } catch (error) {
      if (error instanceof TypeError) throw new ApiError(0, 'The server cannot be reached.', { cause: error })
      throw error
    } finally {
      this.#options.onPending(--this.#pending)
    }
  }
}

/** A key is the part of the address after `/api/`, and so names its answer exactly. */
export function listKey(search: string, page: number): string {
  const params = new URLSearchParams()
  if (search !== '') params.set('search', search)
  params.set('page', String(page))
  return `icons?${params}`
}

export function iconKey(slug: string): string {
  return `icons/${encodeURIComponent(slug)}`
}

/** Where the app shows what `key` names. */
export function keyRoute(key: string): Route {
  const slug = /^icons\/(.+)$/.exec(key)?.[1]
  if (slug !== undefined) return { type: 'icon', slug: decodeURIComponent(slug) }
  const params = new URLSearchParams(key.split('?')[1])
  return { type: 'list', query: params.get('search') ?? '', page: Number(params.get('page') ?? 1) }
}

async function readProblem(response: Response): Promise<string> {
  try {
    const { error } = (await response.json()) as ApiProblem
    return error.message
  } catch {
    return `The server answered ${response.status}.`
  }
}

// The demo's only way to its data: every question goes through a cachedFetch, and every answer tells where it came from and
// how long that took. Views ask here and never fetch for themselves.

import { createCachedFetch, type CachedFetch, type HttpEntry } from '../../src/http/index.ts'
import { createCache, type Cache, type CacheError, type CacheEvent } from '../../src/index.ts'
import {
  type ApiProblem,
  formatOrders,
  type IconDetails,
  type IconEdit,
  type IconPage,
  type Orders,
  ORDERS_HEADER,
} from '../server/protocol.ts'
import { clock } from './clock.ts'
import { CACHE_NAME, IMAGES_NAME, responseKey } from './names.ts'
import type { User } from './session.ts'
import { readSource, type Origin } from './source.ts'

export const SWEEP_INTERVAL = 15_000
export const MAX_ENTRIES = 200
export const MAX_STORED_ENTRIES = 5_000
/** ms after which a stale answer stands in for a slow one. */
const NETWORK_TIMEOUT = 2_500

export interface Answer<T = unknown> extends Origin {
  /** The address after `api/`. */
  readonly path: string
  readonly ms: number
  readonly value: T
  readonly etag: string | null
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
  /** Whose answers these are. */
  readonly user: () => User | undefined
  /** How the server is to behave. */
  readonly orders: () => Orders
  /** Resolves when it is known who answers requests, which wait for it. */
  readonly ready: Promise<unknown>
  readonly send: (request: Request) => Promise<Response>
  readonly onAnswer: (answer: Answer) => void
  readonly onFailure: (path: string) => void
  readonly onPending: (pending: number) => void
  readonly onStorageError: (error: CacheError) => void
  /** The server was asked in the background about what was served stale. */
  readonly onUpdate: (path: string, isChanged: boolean) => void
}

export class Client {
  readonly cache: Cache<HttpEntry>
  /** For good: what is asked for from then on is not stored. */
  isDestroyed = false
  readonly #fetch: CachedFetch
  readonly #options: ClientOptions
  #pending = 0
  #readyAt = 0

  constructor(options: ClientOptions) {
    this.#options = options
    void options.ready.then(() => (this.#readyAt = performance.now()))
    this.cache = createCache<HttpEntry>({
      name: CACHE_NAME,
      version: '2',
      maxEntries: MAX_ENTRIES,
      maxStoredEntries: MAX_STORED_ENTRIES,
      sweepInterval: SWEEP_INTERVAL,
      clock,
      onError: options.onStorageError,
    })
    this.cache.subscribe(({ type }) => {
      this.isDestroyed ||= type === 'destroy'
    })
    this.#fetch = createCachedFetch(this.cache, {
      partition: () => this.#partition,
      networkTimeout: NETWORK_TIMEOUT,
      clock,
      fetch: (request) => this.#send(request as Request),
      onUpdate: ({ url, changed }) => options.onUpdate(url.slice(addressOf('').length), changed),
    })
  }

  get #partition(): string {
    return this.#options.user() ?? ''
  }

  list(search: string, page: number): Promise<Answer<IconPage>> {
    return this.#ask(listPath(search, page))
  }

  icon(slug: string): Promise<Answer<IconDetails>> {
    return this.#ask(iconPath(slug))
  }

  /** @param etag of the icon that was edited */
  async save(slug: string, edit: IconEdit, etag: string | null): Promise<void> {
    const headers = { ...this.#credentials(), ...(etag !== null && { 'if-match': etag }) }
    await this.#request(iconPath(slug), { method: 'PATCH', headers, body: JSON.stringify(edit) })
  }

  /** Forgets a user's answers, and the drawings that were looked at, in all tabs. */
  async forget(user: User): Promise<void> {
    const images = createCache({ name: IMAGES_NAME })
    await Promise.all([this.#fetch.clear(user), images.clear()]).finally(() => images.close())
  }

  /** When an answer is past its date; undefined when it is not stored. */
  async staleAt(path: string): Promise<number | undefined> {
    return (await this.cache.info(this.#keyOf(path)))?.staleAt
  }

  /** Told of every change that may concern an answer. @returns ends it */
  watch(path: string, listener: (event: CacheEvent) => void): () => void {
    return this.cache.subscribe(this.#keyOf(path), listener)
  }

  #keyOf(path: string): string {
    return responseKey(this.#partition, addressOf(path))
  }

  #credentials(): Record<string, string> {
    return { authorization: `Bearer ${this.#options.user()}` }
  }

  /** `T` is what the server answers at this path. */
  async #ask<T>(path: string): Promise<Answer<T>> {
    try {
      const held = await this.cache.info(this.#keyOf(path)).catch(() => undefined)
      const start = performance.now()
      const response = await this.#request(path, { headers: this.#credentials() })
      const value = (await response.json()) as T
      const origin = readSource(response.headers.get('cache-status'), held)
      // The wait until requests went out is not the answer's time.
      const ms = performance.now() - (origin.source === 'network' ? Math.max(start, this.#readyAt) : start)
      const answer = { path, ms, value, etag: response.headers.get('etag'), ...origin }
      this.#options.onAnswer(answer)
      return answer
    } catch (error) {
      this.#options.onFailure(path)
      throw error
    }
  }

  /** @throws ApiError for anything but success */
  async #request(path: string, init: RequestInit): Promise<Response> {
    const response = await this.#fetch(addressOf(path), init).catch((cause: unknown) => {
      throw cause instanceof TypeError ? new ApiError(0, 'The server cannot be reached.', { cause }) : cause
    })
    if (!response.ok) throw new ApiError(response.status, await readProblem(response))
    return response
  }

  async #send(request: Request): Promise<Response> {
    this.#options.onPending(++this.#pending)
    try {
      request.headers.set(ORDERS_HEADER, formatOrders(this.#options.orders()))
      return await this.#options.send(request)
    } finally {
      this.#options.onPending(--this.#pending)
    }
  }
}

export function listPath(search: string, page: number): string {
  const params = new URLSearchParams()
  if (search !== '') params.set('search', search)
  params.set('page', String(page))
  return `icons?${params}`
}

export function iconPath(slug: string): string {
  return `icons/${encodeURIComponent(slug)}`
}

function addressOf(path: string): string {
  return new URL(`api/${path}`, document.baseURI).href
}

async function readProblem(response: Response): Promise<string> {
  try {
    const { error } = (await response.json()) as ApiProblem
    return error.message
  } catch {
    return `The server answered ${response.status}.`
  }
}

// The types of createCachedFetch: what users write and read. No code.

import type { Clock } from '../clock.ts'

export interface CachedFetchOptions {
  /**
   * Sends requests.
   * @default globalThis.fetch, looked up at each call
   */
  readonly fetch?: typeof fetch
  /**
   * Names this cache in Cache-Status (RFC 9211).
   * @default 'bestbefore'
   */
  readonly name?: string
  /**
   * Whose responses these are, such as the id of the user who is logged in: no partition ever sees another's. A session in
   * cookies cannot be told from another by a script, so an app with logins by cookie must give it.
   * @default none; users are told apart by a digest of the request's Authorization (on servers of its Cookie too)
   */
  readonly partition?: (request: Request) => string
  /**
   * Which requests are cached; all others go to the network as they are. Asked about http(s) alone.
   * @default all
   */
  readonly match?: (request: Request) => boolean
  /**
   * How a stored response is asked about. `explicit`: by its own validators, past the browser's HTTP cache; across origins that
   * costs a preflight. `http-cache`: by the browser's HTTP cache. `auto`: explicit on servers and for the page's own origin.
   * @default 'auto'
   */
  readonly revalidate?: 'auto' | 'explicit' | 'http-cache'
  /**
   * For a response that does not say how long it is fresh: this share of the time since its Last-Modified (RFC 9111, section 4.2.2).
   * 0 for none.
   * @default 0.1
   */
  readonly heuristic?: number
  /**
   * ms for which a response is fresh that does not say so, and has no Last-Modified either.
   * @default 0
   */
  readonly defaultTtl?: number
  /**
   * ms past its freshness in which a stored response stands in for an answer 500, 502, 503 or 504.
   * @default what the response, or the request, says (RFC 5861)
   */
  readonly staleIfError?: number
  /**
   * Whether a stale response stands in when the origin cannot be reached, unless it forbids that (RFC 9111, section 4.2.4).
   * @default true
   */
  readonly offlineStale?: boolean
  /**
   * ms to wait for the network while a stale response could stand in; then it does, and the request goes on.
   * @default Infinity; so is 2^31 and more
   */
  readonly networkTimeout?: number
  /**
   * What comes of a request that cannot be answered: `throw` rejects, as fetch does; `504` gives a response of that status.
   * @default 'throw'
   */
  readonly unreachable?: 'throw' | '504'
  /**
   * The largest body stored, bytes; a larger one passes through.
   * @default 5 MiB
   */
  readonly maxBodyBytes?: number
  /** Header fields that are not stored, such as `set-cookie` on a server. */
  readonly omitHeaders?: readonly string[]
  /** Names under which {@link CachedFetch.invalidate} finds a response, beside its Cache-Groups (RFC 9875). It looks at the response without reading its body. */
  readonly groups?: (response: Response) => readonly string[]
  /** Groups that a successful unsafe request invalidates, beside its Cache-Group-Invalidation. */
  readonly invalidates?: (request: Request, response: Response) => readonly string[]
  /** Told when a background request has confirmed or replaced what was served stale, in this tab or another. */
  readonly onUpdate?: (update: HttpUpdate) => void
  /**
   * Source of epoch ms; give it the cache's own.
   * @default Date
   */
  readonly clock?: Clock
}

export interface HttpUpdate {
  readonly url: string
  readonly status: number
  /** Whether the body is another. */
  readonly changed: boolean
}

/** What to invalidate: a group, or else a URL, or else those that begin alike, or else a whole partition. Of several, the first counts. */
export interface InvalidateSelector {
  /** A URL, absolute or relative to the page. */
  readonly url?: string | URL
  /** The beginning of URLs, with the whole origin. */
  readonly prefix?: string | URL
  /** A group of Cache-Groups, or of the option `groups`. */
  readonly group?: string
  /** @default that of a request to the URL or prefix; for groups, of a request to the page's own origin */
  readonly partition?: string
}

/** What a service worker's fetch event is needed for. */
export interface ExtendableEventLike {
  waitUntil(promise: Promise<unknown>): void
}

/** A drop-in `fetch`. In a service worker its third argument, the fetch event, keeps the worker alive for what is stored. */
export interface CachedFetch {
  (input: Request | string | URL, init?: RequestInit, event?: ExtendableEventLike): Promise<Response>
  /** Whether it would see to a request; for a service worker, which leaves all others to the browser. */
  handles(request: Request): boolean
  /** Removes stored responses, and keeps those from being stored that were asked for before. */
  invalidate(selector: InvalidateSelector): Promise<void>
  /** Removes a partition's responses (a logout), or all. */
  clear(partition?: string): Promise<void>
}

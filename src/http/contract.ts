// The types of createCachedFetch: what users write and read. No code.

import type { Clock } from '../clock.ts'

export interface CachedFetchOptions {
  /**
   * Sends requests; always called with a `Request` alone.
   * @default globalThis.fetch, looked up at each call
   */
  readonly fetch?: (request: Request) => Response | Promise<Response>
  /**
   * Names this cache in Cache-Status (RFC 9211).
   * @default 'bestbefore'
   */
  readonly name?: string
  /**
   * Whose responses these are, such as the id of the user who is logged in: no partition ever sees another's. Scripts cannot tell
   * one session cookie from another, so an app whose users log in by cookie must give it.
   * @default none; users are told apart by a digest of the request's Authorization (on servers of its Cookie too)
   */
  readonly partition?: (request: Request) => string
  /**
   * Which requests are cached; all others go to the network unchanged. Called for http(s) requests only.
   * @default all
   */
  readonly match?: (request: Request) => boolean
  /**
   * How a stored response is revalidated. `explicit`: with its validators, past the browser's HTTP cache; across origins that
   * costs a preflight. `http-cache`: through the browser's HTTP cache. `auto`: explicit on servers and for the page's own origin.
   * @default 'auto'
   */
  readonly revalidate?: 'auto' | 'explicit' | 'http-cache'
  /**
   * Freshness of a response that does not state it: this share of the time since its Last-Modified (RFC 9111, section 4.2.2). 0 turns the
   * heuristic off.
   * @default 0.1
   */
  readonly heuristic?: number
  /**
   * ms of freshness of a response that does not state it and has no Last-Modified. Not for errors.
   * @default 0
   */
  readonly defaultTtl?: number
  /**
   * ms past its freshness for which a stored response is served in place of a 500, 502, 503 or 504.
   * @default what the response, or the request, says (RFC 5861)
   */
  readonly staleIfError?: number
  /**
   * Whether a stale response is served when the origin cannot be reached, unless it forbids that (RFC 9111, section 4.2.4).
   * @default true
   */
  readonly offlineStale?: boolean
  /**
   * ms to wait for the network if a stale response could be served instead; then it is, and the request goes on.
   * @default Infinity; 2^31 and more mean the same
   */
  readonly networkTimeout?: number
  /**
   * The result of a request that cannot be answered: `throw` rejects, as fetch does; `504` gives a response with that status.
   * @default 'throw'
   */
  readonly unreachable?: 'throw' | '504'
  /**
   * The largest body that is stored, in bytes; larger ones are passed through.
   * @default 5 MiB
   */
  readonly maxBodyBytes?: number
  /** Header fields that are not stored, such as `set-cookie` on a server. */
  readonly omitHeaders?: readonly string[]
  /**
   * Groups by which {@link CachedFetch.invalidate} finds a response, besides its Cache-Groups (RFC 9875). It must not read the response's
   * body.
   */
  readonly groups?: (response: Response) => readonly string[]
  /** Groups that a successful unsafe request invalidates, besides those of Cache-Group-Invalidation. */
  readonly invalidates?: (request: Request, response: Response) => readonly string[]
  /** Called when a background request, in this tab or another, has confirmed or replaced a response that was served stale. */
  readonly onUpdate?: (update: HttpUpdate) => void
  /**
   * Source of epoch ms. Give it the clock of the cache, if that has one of its own.
   * @default Date
   */
  readonly clock?: Clock
}

export interface HttpUpdate {
  readonly url: string
  readonly status: number
  /** Whether the body has changed. */
  readonly changed: boolean
}

/** What to invalidate: a group, a URL, all URLs with a prefix, or a whole partition. If several are given, the first of these counts. */
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

/** The part of a service worker's fetch event that is used. */
export interface ExtendableEventLike {
  waitUntil(promise: Promise<unknown>): void
}

/**
 * A drop-in `fetch`. In a service worker pass the fetch event as the third argument: it keeps the worker alive until the response is
 * stored.
 */
export interface CachedFetch {
  (input: Request | string | URL, init?: RequestInit, event?: ExtendableEventLike): Promise<Response>
  /** Whether the cache would handle a request; a service worker leaves all others to the browser. */
  handles(request: Request): boolean
  /** Removes stored responses. Requests under way for them are not stored afterwards. */
  invalidate(selector: InvalidateSelector): Promise<void>
  /** Removes a partition's responses (for a logout), or all. */
  clear(partition?: string): Promise<void>
}

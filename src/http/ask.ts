// What a call of fetch asks for, read without building a `Request` where there is no need: one costs as much as a third of
// an answer from memory.

import { parseDirectives, type Directives } from './directives.ts'

export type Input = Parameters<typeof fetch>[0]

/** What the cache looks at of a request. */
export interface Ask extends Readonly<Pick<Request, 'url' | 'method' | 'cache' | 'credentials' | 'redirect' | 'mode'>> {
  /** Absolute, without fragment. */
  readonly url: string
  readonly origin: string
  readonly headers: Fields
  readonly signal: AbortSignal | undefined
  /** Of its Cache-Control; `Pragma: no-cache` stands in where there is none (RFC 9111, section 5.4). */
  readonly directives: Directives
  /** The whole request. */
  readonly request: Request
}

/** Header fields, to be read. */
export type Fields = Pick<Headers, 'get' | 'has' | 'keys'>

const NO_FIELDS: Fields = { get: () => null, has: () => false, keys: () => [][Symbol.iterator]() }

const DEFAULTS = { method: 'GET', cache: 'default', credentials: 'same-origin', redirect: 'follow', mode: 'cors' } as const

/** @throws TypeError as `new Request` does */
export function readAsk(input: Input, init: RequestInit | undefined): Ask {
  const url = input instanceof Request || !isPlain(init) ? undefined : parse(String(input))
  if (!url || url.username || url.password) {
    const request = input instanceof Request && !init ? input : new Request(input, init)
    return ask(new URL(request.url), request, request.headers, request.signal, () => request)
  }
  let request: Request | undefined
  const headers = init?.headers ? new Headers(init.headers) : NO_FIELDS
  return ask(url, DEFAULTS, headers, init?.signal ?? undefined, () => (request ??= new Request(input, init)))
}

function parse(url: string): URL | undefined {
  try {
    return new URL(url, base())
  } catch {
    // What is wrong, `Request` says.
    return undefined
  }
}

/** Relative URLs count from here. */
function base(): string | undefined {
  return globalThis.document?.baseURI ?? globalThis.location?.href
}

function isPlain(init: RequestInit | undefined): boolean {
  return !init || Object.entries(init).every(([name, value]) => name === 'headers' || (name === 'signal' && (!value || value instanceof AbortSignal)))
}

function ask(url: URL, { method, cache, credentials, redirect, mode }: Pick<Ask, keyof typeof DEFAULTS>, headers: Fields, signal: AbortSignal | undefined, build: () => Request): Ask {
  url.hash = ''
  const directives = parseDirectives(headers.get('cache-control') ?? headers.get('pragma'))
  return {
    url: url.href,
    origin: url.origin,
    method,
    headers,
    cache,
    credentials,
    redirect,
    mode,
    signal,
    directives,
    get request() {
      return build()
    },
  }
}

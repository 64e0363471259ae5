// What a call of fetch asks for, read without building a `Request` where there is no need: one costs as much as a third of
// an answer from memory.

import { parseDirectives, type Directives } from './directives.ts'

export type Input = Parameters<typeof fetch>[0]

/** What the cache looks at of a request. */
export interface Ask extends Readonly<Pick<Request, 'url' | 'method' | 'cache' | 'credentials' | 'redirect' | 'mode'>> {
  /** Absolute, without fragment. */
  readonly url: string
  readonly origin: string
  /** Whether that is the page's own; undefined on servers, which have none. */
  readonly own: boolean | undefined
  readonly headers: Fields
  readonly signal: AbortSignal | undefined
  /** Of its Cache-Control; `Pragma: no-cache` stands in where there is none (RFC 9111, section 5.4). */
  readonly directives: Directives
  /** The whole request. */
  readonly request: () => Request
}

/** Header fields, to be read. */
export type Fields = Pick<Headers, 'get' | 'has' | 'keys'>

const NO_FIELDS: Fields = { get: () => null, has: () => false, keys: () => [][Symbol.iterator]() }

const DEFAULTS = { method: 'GET', cache: 'default', credentials: 'same-origin', redirect: 'follow', mode: 'cors' } as const

/** @throws TypeError as `new Request` does */
export function readAsk(input: Input, init: RequestInit | undefined): Ask {
  const plain = !init || Object.keys(init).every((name) => name === 'headers' || name === 'signal')
  let request = input instanceof Request ? (init ? new Request(input, init) : input) : plain ? undefined : new Request(input, init)
  const build = (): Request => (request ??= new Request(input, init))
  const url = parse(request?.url ?? String(input)) ?? new URL(build().url)
  if (url.hash) url.hash = ''
  const { method, cache, credentials, redirect, mode } = request ?? DEFAULTS
  const here = globalThis.location?.origin
  const headers = request?.headers ?? (init?.headers ? new Headers(init.headers) : NO_FIELDS)
  return {
    url: url.href,
    origin: url.origin,
    own: here ? here === url.origin : undefined,
    method,
    headers,
    cache,
    credentials,
    redirect,
    mode,
    signal: (request ?? init)?.signal ?? undefined,
    directives: parseDirectives(headers.get('cache-control') ?? headers.get('pragma')),
    request: build,
  }
}

/** Relative URLs count from the page. What is wrong with one, `Request` says. */
function parse(url: string): URL | undefined {
  try {
    return new URL(url, globalThis.document?.baseURI ?? globalThis.location?.href)
  } catch {
    return undefined
  }
}

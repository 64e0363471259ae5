// What a call of fetch asks for, read without building a `Request` where there is no need: one costs as much as a third of
// an answer from memory.

import { parseDirectives, type Directives } from './directives.ts'

export type Input = Parameters<typeof fetch>[0]

/** What the cache looks at of a request. */
export interface Ask extends Readonly<Pick<Request, 'url' | 'method' | 'cache' | 'credentials' | 'redirect' | 'mode'>> {
  /** Absolute, without fragment. */
  readonly url: string
  /** Whether it is of the page's own origin; undefined on servers, which have none. */
  readonly own: boolean | undefined
  readonly headers: Fields
  readonly signal: AbortSignal | undefined
  /** Of its Cache-Control; `Pragma: no-cache` stands in where there is none (RFC 9111, section 5.4). */
  readonly directives: Directives
  /** The whole request. */
  readonly request: () => Request
}

/** Header fields by their names in lower case. */
export type Fields = ReadonlyMap<string, string>

const DEFAULTS = { method: 'GET', cache: 'default', credentials: 'same-origin', redirect: 'follow', mode: 'cors' } as const

/** URLs that are known. */
const MOST_KNOWN = 1_000

/** @returns what reads a call; it throws TypeError as `new Request` does */
export function createReader(): (input: Input, init?: RequestInit) => Ask {
  const here = globalThis.location?.origin
  /** As they were written: to parse one takes as long as a third of an answer from memory. */
  const known = new Map<string, string>()
  let base: string | undefined

  /** Relative ones count from the page. What is wrong with one, `Request` says. */
  const urlOf = (written: string, build: () => Request): string => {
    const page = globalThis.document?.baseURI ?? globalThis.location?.href
    if (page !== base || known.size > MOST_KNOWN) known.clear()
    base = page
    let url = known.get(written)
    if (!url) {
      url = new URL(URL.canParse(written, base) ? written : build().url, base).href.split('#')[0]!
      // Others are not cached, and long: a `data:` URL is its own body.
      if (/^https?:/.test(url)) known.set(written, url)
    }
    return url
  }

  return (input, init) => {
    let request = input instanceof Request && !init ? input : undefined
    const build = (): Request => (request ??= new Request(input, init))
    if (input instanceof Request || (init && !Object.keys(init).every((name) => name === 'headers' || name === 'signal'))) build()
    const { method, cache, credentials, redirect, mode } = request ?? DEFAULTS
    // Each call of a `Headers` takes as long as all of a `Map`.
    const headers: Fields = new Map(request?.headers ?? (init?.headers && new Headers(init.headers)))
    const url = urlOf(request?.url ?? String(input), build)
    return {
      url,
      own: here ? url.startsWith(`${here}/`) : undefined,
      headers,
      method,
      cache,
      credentials,
      redirect,
      mode,
      signal: (request ?? init)?.signal ?? undefined,
      directives: parseDirectives(headers.get('cache-control') ?? headers.get('pragma')),
      request: build,
    }
  }
}

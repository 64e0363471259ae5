// Reads what a call of fetch asks for, if possible without building a `Request`, which takes a third of the time of an answer from memory.

import { parseDirectives, type Directives } from './directives.ts'
import { memoize } from './memoize.ts'

export type Input = Parameters<typeof fetch>[0]

/** The parts of a request that the cache uses. */
export interface Ask extends Readonly<Pick<Request, 'url' | 'method' | 'cache' | 'credentials' | 'redirect' | 'mode' | 'integrity'>> {
  /** Absolute, without fragment. */
  readonly url: string
  /** Whether it is of the page's own origin; undefined on servers, which have none. */
  readonly own: boolean | undefined
  readonly headers: Fields
  readonly signal: AbortSignal | undefined
  /** The directives of its Cache-Control, else of its Pragma (RFC 9111, section 5.4). */
  readonly directives: Directives
  /** Builds the whole request. */
  readonly request: () => Request
}

/** Header fields by lower-case name. */
export type Fields = ReadonlyMap<string, string>

const DEFAULTS = { method: 'GET', cache: 'default', credentials: 'same-origin', redirect: 'follow', mode: 'cors', integrity: '' } as const

/** @returns a function that reads the arguments of a call; it throws TypeError as `new Request` does */
export function createReader(): (input: Input, init?: RequestInit) => Ask {
  const { location, origin } = globalThis
  // A frame by `srcdoc` has an address without an origin, a sandboxed one an origin unlike that of its address. Otherwise the address tells:
  // a page may have a global variable `origin` of its own.
  const here = location && ([origin, location.origin].includes('null') ? origin : location.origin)
  /** Memoized, because parsing a URL takes a third of the time of an answer from memory. */
  const urlOf = memoize((written, base: string | undefined) => new URL(written, base).href.split('#')[0]!)

  return (input, init) => {
    let request = input instanceof Request && !init ? input : undefined
    const build = (): Request => (request ??= new Request(input, init))
    // A Request of another realm, or any other object, is left to the constructor of `Request`.
    if (typeof input !== 'string' && !(input instanceof URL)) build()
    // An init may be a Request, or of a class: then its members are inherited, and perhaps not enumerable.
    if (init && Object.getPrototypeOf(init) !== Object.prototype) build()
    for (const name in init) if (name !== 'headers' && name !== 'signal') build()
    const { method, cache, credentials, redirect, mode, integrity } = request ?? DEFAULTS
    const headers = fieldsOf(request?.headers ?? init?.headers)
    // Relative URLs are resolved against the page's.
    const base = globalThis.document?.baseURI ?? globalThis.location?.href
    const written = request?.url ?? String(input)
    const url = urlOf(written, base)
    const signal = (request ?? init)?.signal ?? undefined
    return {
      url,
      own: here ? url.startsWith(`${here}/`) : undefined,
      headers,
      method,
      cache,
      credentials,
      redirect,
      mode,
      integrity,
      signal,
      directives: parseDirectives(headers.get('cache-control') ?? headers.get('pragma')),
      // From what was read above: a `URL` object, the fields and the page's address may have changed since the call.
      request: () => (request ??= new Request(new URL(written, base), { headers: [...headers], signal: signal ?? null })),
    }
  }
}

/** A name and a value that `Headers` would not change. */
const PLAIN = /^[\w-]+\n[!-~]+( [!-~]+)*$/

/** Avoids `Headers` if possible: one call of its methods takes as long as building the whole `Map`. */
function fieldsOf(given: HeadersInit = {}): Fields {
  if (Object.getPrototypeOf(given) === Object.prototype) {
    const pairs = Object.entries(given)
    const fields = new Map(pairs.map(([name, value]) => [name.toLowerCase(), `${value}`]))
    if (fields.size === pairs.length && pairs.every((pair) => PLAIN.test(pair.join('\n')))) return fields
  }
  return new Map(given instanceof Headers ? given : new Headers(given))
}

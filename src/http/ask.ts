// What a call of fetch asks for, read without building a `Request` where there is no need: one costs as much as a third of
// an answer from memory.

import { parseDirectives, type Directives } from './directives.ts'
import { memoize } from './memoize.ts'

export type Input = Parameters<typeof fetch>[0]

/** What the cache looks at of a request. */
export interface Ask extends Readonly<Pick<Request, 'url' | 'method' | 'cache' | 'credentials' | 'redirect' | 'mode' | 'integrity'>> {
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

const DEFAULTS = { method: 'GET', cache: 'default', credentials: 'same-origin', redirect: 'follow', mode: 'cors', integrity: '' } as const

/** @returns what reads a call; it throws TypeError as `new Request` does */
export function createReader(): (input: Input, init?: RequestInit) => Ask {
  const here = globalThis.location?.origin
  /** To parse one takes as long as a third of an answer from memory. */
  const urlOf = memoize((written, base: string | undefined) => new URL(written, base).href.split('#')[0]!)

  return (input, init) => {
    let request = input instanceof Request && !init ? input : undefined
    const build = (): Request => (request ??= new Request(input, init))
    // Another realm's Request will do, and whatever else is no text: so says `Request` itself.
    if (typeof input !== 'string' && !(input instanceof URL)) build()
    // An init may be a Request, or of a class: its members are inherited, and need not be enumerable.
    if (init && Object.getPrototypeOf(init) !== Object.prototype) build()
    for (const name in init) if (name !== 'headers' && name !== 'signal') build()
    const { method, cache, credentials, redirect, mode, integrity } = request ?? DEFAULTS
    const headers = fieldsOf(request?.headers ?? init?.headers)
    // Relative ones count from the page.
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
      // As it was when it was asked for: a `URL` and fields may change afterwards, and so may the page's address.
      request: () => (request ??= new Request(new URL(written, base), { headers: [...headers], signal: signal ?? null })),
    }
  }
}

/** A name and a value that `Headers` takes as they stand. */
const PLAIN = /^[\w-]+\n[!-~]+( [!-~]+)*$/

/** Each call of a `Headers` takes as long as all of a `Map`. */
function fieldsOf(given: HeadersInit = {}): Fields {
  if (Object.getPrototypeOf(given) === Object.prototype) {
    const pairs = Object.entries(given)
    const fields = new Map(pairs.map(([name, value]) => [name.toLowerCase(), `${value}`]))
    if (fields.size === pairs.length && pairs.every((pair) => PLAIN.test(pair.join('\n')))) return fields
  }
  return new Map(given instanceof Headers ? given : new Headers(given))
}

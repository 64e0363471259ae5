// What is kept of a URL's responses: one entry lists them, the latest first. A body of more than a few kB is an entry of its
// own, so that a 304 does not write it, nor a check read it. With a smaller one that is cheaper than a second read.

import type { Ask } from './ask.ts'
import { listOf } from './directives.ts'
import type { Life } from './policy.ts'

/** A digest of a request's credentials, null without any, undefined where none can be made. */
export type User = string | null | undefined

/** A request field that chose a response, and its value; null where it was absent. */
type Selector = readonly [name: string, value: User]

/** One stored response. */
export interface StoredResponse extends Life {
  /** The form of this record. */
  readonly form: 1
  readonly url: string
  readonly type: Response['type']
  readonly status: number
  readonly statusText: string
  readonly headers: readonly (readonly [name: string, value: string])[]
  readonly selectors: readonly Selector[]
  /** Epoch ms at which it was last asked for. */
  readonly requestTime: number
  /** Epoch ms at which it came, or was last confirmed. */
  readonly responseTime: number
  /** The same in its body: both are of one answer. */
  readonly stamp: number
  /** A small body; another is an entry of its own. */
  readonly bytes: ArrayBuffer | undefined
  /** What caches before this one have said of it, to be continued (RFC 9211, section 2). */
  readonly cacheStatus: string
  /** Of its groups. */
  readonly tags: readonly string[]
  /** Whether the body is another, where it came in the background. */
  readonly changed: boolean | undefined
}

export interface StoredBody {
  readonly stamp: number
  readonly bytes: ArrayBuffer
}

/** What a cache of responses holds: give it as `createCache<HttpEntry>`. */
export type HttpEntry = readonly StoredResponse[] | StoredBody

/** Of what came from storage, all that this release can read. */
export function variantsIn(value: HttpEntry | undefined): readonly StoredResponse[] {
  return Array.isArray(value) ? value.filter((variant) => variant?.form === 1 && [variant.selectors, variant.headers, variant.tags].every(Array.isArray)) : []
}

/** The body of a response, if this entry, or the response itself, has it. */
export function bytesOf(value: HttpEntry | StoredResponse | undefined, { stamp }: StoredResponse): ArrayBuffer | undefined {
  const body = value as Partial<StoredBody> | undefined
  return body?.stamp === stamp && body.bytes instanceof ArrayBuffer ? body.bytes : undefined
}

/** Of several that fit, the latest; those without Vary last: a resource may leave it out of its default response (RFC 9111, section 4.1). */
export function findVariant(variants: readonly StoredResponse[], ask: Ask, user: User): StoredResponse | undefined {
  const fitting = variants.filter(
    ({ status, selectors }) => (ask.redirect === 'manual' || status < 301 || status > 308) && selectors.every(([name, value]) => value !== undefined && selectorOf(name, ask, user) === value),
  )
  return fitting.find(hasVary) ?? fitting[0]
}

export function hasVary({ selectors }: StoredResponse): boolean {
  return selectors.at(-1)?.[0] !== COOKIES
}

/** By which the body of a response is found: the selectors that are there. */
export function variantId(selectors: readonly Selector[]): string {
  let id = ''
  for (const [name, value] of selectors) if (value !== null) id += `${name}=${value}\n`
  return id
}

/**
 * Those that a response is chosen by: whether cookies are sent, then what its Vary names.
 *
 * @param vary the response's field; undefined where the origin keeps it from scripts
 */
export function selectorsOf(ask: Ask, user: User, vary: string | null | undefined): Selector[] {
  const named = vary === undefined ? [FIELDS] : listOf(vary?.toLowerCase())
  return [COOKIES, ...named.sort()].map((name) => [name, selectorOf(name, ask, user)])
}

/** No field has this name. */
const COOKIES = 'cookies:'
/** All that a Vary may name which scripts cannot see. */
const FIELDS = 'fields:'
/** But for the user's, and for what browsers add, which service workers see and pages do not. */
const UNNAMED = /^(authorization|cookie|cache-control|pragma|range|user-agent|sec-.*)$/

function selectorOf(name: string, ask: Ask, user: User): User {
  const { headers, credentials, own } = ask
  // What is on disk tells nobody's cookies.
  if (name === 'authorization' || name === 'cookie') return user
  if (name === COOKIES) return credentials === 'omit' || (credentials === 'same-origin' && own === false) ? 'none' : null
  if (name === FIELDS) return variantId([...headers.keys()].filter((each) => !UNNAMED.test(each)).sort().map((each) => [each, selectorOf(each, ask, user)]))
  const value = headers.get(name)
  // Which a service worker sees where its page gave none.
  if (value === undefined || (name === 'accept' && value === '*/*')) return null
  // Negotiation fields, whose members come in any order (RFC 9110, section 12.5).
  if (/^accept(-language|-encoding)?$/.test(name)) return listOf(value.toLowerCase()).sort().join()
  // In quotes a space counts.
  return value.includes('"') ? value : listOf(value).join()
}

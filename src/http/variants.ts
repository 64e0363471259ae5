// The stored form of a URL's responses ("variants"): one entry lists them, the latest first. A body of more than a few kB is an entry
// of its own, so that a 304 does not rewrite it, and a look at the list does not read it. A smaller one is in the list: that saves a read.

import { restore } from './answer.ts'
import type { Ask } from './ask.ts'
import { listOf } from './directives.ts'
import type { Life } from './policy.ts'

/** A digest of a request's credentials; null without any, undefined if none can be made. */
export type User = string | null | undefined

/** A request field that selects a response, and its value; null if the request had none. */
type Selector = readonly [name: string, value: User]

/** One stored response. */
export interface StoredResponse extends Life {
  /** The version of this record's form. */
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
  /** A random number that its body has too, if both are of one answer. */
  readonly stamp: number
  /** A small body; a larger one is an entry of its own. */
  readonly bytes: ArrayBuffer | undefined
  /** The Cache-Status of caches before this one, to which this one appends its own (RFC 9211, section 2). */
  readonly cacheStatus: string
  /** One for each of its groups. */
  readonly tags: readonly string[]
  /** Of an answer that came in the background: whether its body has changed. */
  readonly changed: boolean | undefined
}

export interface StoredBody {
  readonly stamp: number
  readonly bytes: ArrayBuffer
}

/** The values in a cache of responses: `createCache<HttpEntry>`. */
export type HttpEntry = readonly StoredResponse[] | StoredBody

/** By stored value: what was found to be sound in it. */
const known = new WeakMap<object, readonly StoredResponse[]>()

/** The variants in a stored value, as far as this release can read them. */
export function variantsIn(value: HttpEntry | undefined): readonly StoredResponse[] {
  if (!Array.isArray(value)) return []
  let variants = known.get(value)
  if (!variants) known.set(value, (variants = value.filter(isSound)))
  return variants
}

/** Whether a record has the form of this release, and a response can be made of it. Other scripts of the origin may have written it. */
function isSound(record: StoredResponse): boolean {
  try {
    restore(record, new ArrayBuffer(), { method: 'GET', headers: new Map() }, '', 0)
    const { form, headers, selectors, staleAt, stamp, tags } = record
    return (
      form === 1 &&
      [staleAt, stamp].every(Number.isFinite) &&
      [headers, selectors, tags, ...selectors].every(Array.isArray) &&
      tags.every((tag) => typeof tag === 'string')
    )
  } catch {
    return false
  }
}

/** The body of a response, if the given entry or response holds it. */
export function bytesOf(value: HttpEntry | StoredResponse | undefined, { stamp }: StoredResponse): ArrayBuffer | undefined {
  const body = value as Partial<StoredBody> | undefined
  return body?.stamp === stamp && body.bytes instanceof ArrayBuffer ? body.bytes : undefined
}

/**
 * The latest variant that fits. Those without Vary come last: a resource may leave it out of its default response (RFC 9111, section 4.1).
 */
export function findVariant(variants: readonly StoredResponse[], ask: Ask, user: User): StoredResponse | undefined {
  const fitting = variants.filter(fits(ask, user))
  return fitting.find(hasVary) ?? fitting[0]
}

/** Tells whether a variant may answer a request. */
export function fits(ask: Ask, user: User): (variant: StoredResponse) => boolean {
  return ({ status, headers, selectors }) =>
    (ask.redirect === 'manual' ||
      status < 301 ||
      status > 308 ||
      (ask.redirect === 'follow' && !headers.some(([name]) => name === 'location'))) &&
    selectors.every(([name, value]) => value !== undefined && selectorOf(name, ask, user) === value)
}

export function hasVary({ selectors }: StoredResponse): boolean {
  return selectors.at(-1)?.[0] !== COOKIES
}

/** The end of the key of a response's body: the selectors that have a value. */
export function variantId(selectors: readonly Selector[]): string {
  let id = ''
  for (const [name, value] of selectors) if (value !== null) id += `${name}=${value}\n`
  return id
}

/**
 * The selectors of a response: whether cookies were sent, then the fields in its Vary.
 *
 * @param vary the response's field; undefined if the origin does not expose it to scripts
 */
export function selectorsOf(ask: Ask, user: User, vary: string | null | undefined): Selector[] {
  const named = vary === undefined ? [FIELDS] : listOf(vary?.toLowerCase())
  return [COOKIES, ...named.sort()].map((name) => [name, selectorOf(name, ask, user)])
}

/** Stands for whether cookies were sent. No field has this name. */
const COOKIES = 'cookies:'
/** Stands for all fields that a hidden Vary may name. */
const FIELDS = 'fields:'
/** The exceptions to that: credentials, and fields that browsers add, which service workers see and pages do not. */
const UNNAMED = /^(authorization|cookie|cache-control|pragma|range|user-agent|sec-.*)$/

function selectorOf(name: string, ask: Ask, user: User): User {
  const { headers, credentials, own } = ask
  // As a digest: no credentials on disk.
  if (name === 'authorization' || name === 'cookie') return user
  if (name === COOKIES) return credentials === 'omit' || (credentials === 'same-origin' && own === false) ? 'none' : null
  if (name === FIELDS)
    return variantId(
      [...headers.keys()]
        .filter((each) => !UNNAMED.test(each))
        .sort()
        .map((each) => [each, selectorOf(each, ask, user)]),
    )
  const value = headers.get(name)
  if (value === undefined || isAdded(name, value, ask)) return null
  // In negotiation fields the order of members does not matter (RFC 9110, section 12.5).
  if (/^accept(-language|-encoding)?$/.test(name)) return listOf(value.toLowerCase()).sort().join()
  // Within quotes, spaces count.
  return value.includes('"') ? value : listOf(value).join()
}

/** Whether the browser has added a field to the request: a service worker sees some of those, and pages do not. */
function isAdded(name: string, value: string, { headers, own }: Ask): boolean {
  if (name === 'accept') return value === '*/*'
  if (own === undefined) return false
  const { languages, userAgent } = globalThis.navigator ?? {}
  // In Chromium. If it passes for another browser, that is a variant of its own.
  if (/^(user-agent|sec-ch-ua.*)$/.test(name)) return headers.get('user-agent') === userAgent
  if (name !== 'accept-language') return false
  // In Firefox, the user's languages, none with more weight than the one before.
  const members = value.split(',').map((member) => member.split(';q='))
  const weights = members.map(([, weight = 1]) => weight)
  return (
    members.map(([language]) => language).join() === String(languages) &&
    weights.every((weight, place) => !place || weight <= weights[place - 1]!)
  )
}

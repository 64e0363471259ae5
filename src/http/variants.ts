// What is kept of a URL's responses: one entry lists them, without their bodies, the latest first; each body is an entry of
// its own. So a 304 writes no body, and a check reads none.

import type { Ask } from './ask.ts'
import { listOf } from './directives.ts'
import type { Life } from './policy.ts'

/** A request field that chose a response, and its value; null where it was absent. */
type Selector = readonly [name: string, value: string | null]

/** One stored response without its body. */
export interface StoredResponse extends Life {
  /** The form of this record. */
  readonly form: 1
  readonly url: string
  readonly status: number
  readonly statusText: string
  readonly headers: readonly (readonly [name: string, value: string])[]
  readonly selectors: readonly Selector[]
  /** Epoch ms at which it came, or was last confirmed. */
  readonly responseTime: number
  /** Epoch ms at which its entries expire. */
  readonly end: number
  /** The same in its body: both are of one answer. */
  readonly stamp: number
  /** Of its groups. */
  readonly tags: readonly string[]
  /** By which background load it came, if by one. */
  readonly update?: { readonly changed: boolean }
}

export interface StoredBody {
  readonly stamp: number
  readonly bytes: ArrayBuffer
}

/** What a cache of responses holds: give it as `createCache<HttpEntry>`. */
export type HttpEntry = readonly StoredResponse[] | StoredBody

/** Responses kept of one URL. */
const MOST_VARIANTS = 16

/** Of what came from storage, all that this release can read. */
export function variantsIn(value: HttpEntry | undefined): readonly StoredResponse[] {
  return Array.isArray(value) ? value.filter((variant) => variant?.form === 1) : []
}

export function bytesOf(value: HttpEntry | undefined, { stamp }: StoredResponse): ArrayBuffer | undefined {
  const body = value as Partial<StoredBody> | undefined
  return body?.stamp === stamp && body.bytes instanceof ArrayBuffer ? body.bytes : undefined
}

/** Puts a response in front of those that it does not replace. @returns `dropped`: those that are left out */
export function withVariant(variants: readonly StoredResponse[], added: StoredResponse, now: number): { kept: StoredResponse[]; dropped: StoredResponse[] } {
  const id = variantId(added.selectors)
  const all = [added, ...variants.filter(({ selectors }) => variantId(selectors) !== id)]
  const kept = all.filter(({ end }, place) => now < end && place < MOST_VARIANTS)
  return { kept, dropped: all.filter((variant) => !kept.includes(variant)) }
}

/** Of several that fit, the latest (RFC 9111, section 4.1). */
export function findVariant(variants: readonly StoredResponse[], ask: Ask, user: string | null): StoredResponse | undefined {
  return variants.find(
    ({ status, selectors }) => (ask.redirect === 'manual' || !isRedirect(status)) && selectors.every(([name, value]) => selectorOf(name, ask, user) === value),
  )
}

function isRedirect(status: number): boolean {
  return [301, 302, 303, 307, 308].includes(status)
}

/** By which the body of a response is found: the selectors that are there. */
export function variantId(selectors: readonly Selector[]): string {
  let id = ''
  for (const [name, value] of selectors) if (value !== null) id += `${name}=${value}\n`
  return id
}

/**
 * Those that a response is chosen by: always the user and whether cookies are sent, then what its Vary names.
 *
 * @param user a digest of the request's Authorization, null without one
 * @param vary the response's field; undefined where the origin keeps it from scripts: then all that it may name
 */
export function selectorsOf(ask: Ask, user: string | null, vary: string | null | undefined): Selector[] {
  if (vary === null) return [USER, COOKIES].map((name) => [name, selectorOf(name, ask, user)])
  const named = vary === undefined ? [...ask.headers.keys(), 'accept', 'accept-language'] : listOf(vary.toLowerCase())
  const names = new Set([USER, COOKIES, ...named.filter((name) => name !== 'content-type' && name !== 'range').sort()])
  return Array.from(names, (name) => [name, selectorOf(name, ask, user)])
}

const USER = 'authorization'
/** No field has this name. */
const COOKIES = 'cookies:'

function selectorOf(name: string, ask: Ask, user: string | null): string | null {
  if (name === USER) return user
  if (name === COOKIES) return sendsCookies(ask) ? null : 'none'
  const value = ask.headers.get(name)
  if (value === null) return null
  const members = listOf(value)
  return (isUnordered(name) ? members.map((member) => member.toLowerCase()).sort() : members).join(',')
}

function sendsCookies({ credentials, origin }: Ask): boolean {
  const here = globalThis.location?.origin
  return credentials === 'include' || (credentials === 'same-origin' && (!here || here === origin))
}

/** Negotiation fields, whose members come in any order (RFC 9110, section 12.5). */
function isUnordered(name: string): boolean {
  return /^accept(-language|-encoding)?$/.test(name)
}

// Responses that a cachedFetch gives from what it has stored, and that are made by hand from the same: what both are measured
// by, in Node and in pages.

import type { Pair } from './browser/page/workload.ts'

export type Call = readonly [input: RequestInfo, init?: RequestInit]

/** All that a Response is made of. */
export interface Answer {
  readonly status: number
  readonly statusText: string
  readonly headers: [name: string, value: string][]
  readonly bytes: ArrayBuffer
}

/** Length of a body. */
export const BODY_BYTES = 400
/** How many responses memory holds, each of which is asked for as often. */
export const HELD = 100

/** How a response may be asked for. */
export const MANNER_NAMES = ['a URL', 'a URL with header fields and a signal', 'a Request'] as const
export type MannerName = (typeof MANNER_NAMES)[number]
export const MANNERS: Readonly<Record<MannerName, (url: string) => Call>> = {
  'a URL': (url) => [url],
  'a URL with header fields and a signal': (url) => [url, { headers: { accept: 'application/json' }, signal: new AbortController().signal }],
  'a Request': (url) => [new Request(url)],
}

/** What the origin sends, by name as `Headers` lists them. */
const FIELDS: readonly (readonly [name: string, value: string])[] = [
  ['cache-control', 'max-age=86400'],
  ['content-length', String(BODY_BYTES)],
  ['content-type', 'application/json'],
  ['etag', '"5f3b-61c2a9d04e"'],
  ['last-modified', 'Tue, 14 Nov 2023 22:13:20 GMT'],
  ['x-request-id', '0b9d3f52-7c1e-4a86-9f0d-1f6f2f7f9f11'],
]
const ADDED: Answer['headers'] = [
  ['age', '0'],
  ['cache-status', 'bestbefore; hit; ttl=86399'],
]
const TOLD = told(new Headers([...FIELDS, ...ADDED] as Answer['headers']))

export function urlOf(key: string): string {
  return `http://127.0.0.1/api/items?id=${encodeURIComponent(key)}`
}

/** An origin that gives each of these bodies once. */
export function originOf(pairs: readonly Pair[]): typeof fetch {
  const bodies = new Map(pairs.map(({ key, value }) => [urlOf(key), value]))
  return async (request) => {
    const { url } = request as Request
    const body = bodies.get(url)
    if (!bodies.delete(url)) throw new Error(`Asked again for ${url}`)
    return new Response(body, { statusText: 'OK', headers: FIELDS as Answer['headers'] })
  }
}

export async function answerOf(body: string): Promise<Answer> {
  const headers = [...FIELDS, ...ADDED].map(([name, value]): [string, string] => [name, value])
  return { status: 200, statusText: 'OK', headers, bytes: await new Response(body).arrayBuffer() }
}

export function respond({ status, statusText, headers, bytes }: Answer): Response {
  return new Response(bytes, { status, statusText, headers })
}

/** By hand, from a Map. */
export function fetchFrom(answers: ReadonlyMap<string, Answer>): (...call: Call) => Promise<Response> {
  return async (input) => respond(answers.get(typeof input === 'string' ? input : input.url)!)
}

/** @throws Error for a response that is not what all contestants must give; what time does to Age and ttl does not count */
export async function checkAnswer(response: Response, body: string): Promise<void> {
  const { status, statusText, headers } = response
  const found = [status, statusText, told(headers), await response.text()].join('\n')
  const wanted = [200, 'OK', TOLD, body].join('\n')
  if (found !== wanted) throw new Error(`Another response than\n${wanted}\n\n${found}`)
}

function told(headers: Headers): string {
  return [...headers].map((pair) => pair.join(': ').replace(/(^age: |; ttl=)\d+$/, '$1N')).join('\n')
}

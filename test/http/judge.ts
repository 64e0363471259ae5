// Judges a case by what the client got and what reached the origin. The first check that fails decides.

import type { Exchange, Wanted } from './cases.ts'
import type { Seen } from './origin.ts'

/** What the client got. */
export interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly text: string
}

/** `setup`: the test has not been put, as what prepares it went wrong. `retry`: a request reached the origin twice. */
export type Verdict = { readonly outcome: 'pass' } | { readonly outcome: 'failed' | 'setup' | 'retry'; readonly why: string }

interface Check {
  /** The member that a case's `setup_tests` may name. */
  readonly name: string
  readonly holds: boolean
  readonly why: string
  /** Not asked for by the case, but taken for granted. */
  readonly byDefault?: boolean
}

const BODILESS = new Set([204, 304])
const MAY_CHANGE = new Set(['date', 'set-cookie', 'set-cookie2'])
const VALIDATED_BY: Readonly<Record<string, string>> = { etag_validated: 'if-none-match', lm_validated: 'if-modified-since' }

/** @param token the body that the origin sends where a case has none */
export function judge(exchanges: readonly Exchange[], answers: readonly Answer[], seen: readonly Seen[], token: string): Verdict {
  const rounds = exchanges.map((exchange, index) => ({ exchange, answer: answers[index]!, number: index + 1 }))
  for (const { answer, number } of rounds) {
    const numbers = (answer.headers.get('Request-Numbers') ?? '').split(' ')
    if (new Set(numbers).size < numbers.length) return { outcome: 'retry', why: `Response ${number} tells of requests ${numbers.join(' ')}` }
  }
  const left = [...seen]
  const arrived = rounds.filter(({ exchange }) => exchange.expected_type !== 'cached').map((round) => ({ ...round, arrival: left.shift() }))
  const verdicts = [
    ...rounds.map(({ exchange, answer, number }) => verdictOn(exchange, number, answerChecks(exchange, answer, number, token))),
    ...arrived.map(({ exchange, answer, number, arrival }) => verdictOn(exchange, number, arrivalChecks(exchange, answer, arrival))),
  ]
  return verdicts.find(({ outcome }) => outcome !== 'pass') ?? { outcome: 'pass' }
}

function verdictOn({ setup = false, setup_tests = [] }: Exchange, number: number, checks: readonly Check[]): Verdict {
  const failed = checks.find(({ holds }) => !holds)
  if (!failed) return { outcome: 'pass' }
  const prepares = setup || failed.byDefault || setup_tests.includes(failed.name)
  return { outcome: prepares ? 'setup' : 'failed', why: `Request ${number}: ${failed.why}` }
}

function answerChecks(exchange: Exchange, answer: Answer, number: number, token: string): Check[] {
  const { expected_response_headers: present = [], expected_response_headers_missing: missing = [] } = exchange
  return [
    typeCheck(exchange, answer, number),
    statusCheck(exchange, answer),
    ...present.map((wanted) => presence('expected_response_headers', wanted, (name) => answer.headers.get(name), 'the response')),
    ...missing.map((wanted) => absence(wanted, answer.headers)),
    bodyCheck(exchange, answer, token),
  ]
}

function typeCheck({ expected_type }: Exchange, { status, headers }: Answer, number: number): Check {
  const name = 'expected_type'
  const count = Number(headers.get('Server-Request-Count') ?? NaN)
  if (expected_type === 'cached') {
    const untold = status === 304 && Number.isNaN(count)
    return { name, holds: untold || count < number, why: 'does not come from the cache' }
  }
  return { name, holds: expected_type !== 'not_cached' || count === number, why: `comes from the cache, or not from the origin (request ${count} of it)` }
}

function statusCheck({ expected_status, response_status }: Exchange, { status }: Answer): Check {
  const wanted = expected_status ?? response_status?.[0] ?? 200
  if (status === 999) return { name: 'expected_type', holds: false, why: 'should have been conditional' }
  return { name: 'expected_status', holds: status === wanted, why: `status ${status} in place of ${wanted}`, byDefault: expected_status === undefined }
}

function presence(name: string, wanted: Wanted, get: (name: string) => string | null | undefined, where: string): Check {
  const [field, value] = typeof wanted === 'string' ? [wanted] : wanted
  const found = get(field) ?? undefined
  const holds = value === undefined ? found !== undefined : found === value
  return { name, holds, why: `${where} has ${field}: ${found} in place of ${value ?? 'any'}` }
}

function absence(wanted: Wanted, headers: Headers): Check {
  const [field, text = ''] = typeof wanted === 'string' ? [wanted] : wanted
  const found = headers.get(field)
  return { name: 'expected_response_headers_missing', holds: !found?.includes(text) && (found === null || text !== ''), why: `the response has ${field}: ${found}` }
}

function bodyCheck({ check_body, expected_response_text, response_body, request_method }: Exchange, { status, text }: Answer, token: string): Check {
  const sent = BODILESS.has(status) || request_method === 'HEAD' ? '' : (response_body ?? token)
  const wanted = expected_response_text === undefined ? sent : (expected_response_text ?? text)
  const holds = check_body === false || text === wanted
  return { name: 'expected_response_text', holds, why: `the body is ${JSON.stringify(text)} in place of ${JSON.stringify(wanted)}`, byDefault: expected_response_text === undefined }
}

/** @param arrival the request at the origin that belongs to this one; undefined where none is left */
function arrivalChecks(exchange: Exchange, answer: Answer, arrival: Seen | undefined): Check[] {
  const { expected_type = '', expected_request_headers: wanted = [] } = exchange
  const validator = VALIDATED_BY[expected_type]
  const get = (name: string) => arrival?.headers[name.toLowerCase()]
  return [
    ...(validator === undefined ? [] : [presence('expected_type', validator, get, 'the request at the origin')]),
    ...wanted.map((each) => presence('expected_request_headers', each, get, 'the request at the origin')),
    ...(arrival ? promiseChecks(arrival, answer) : []),
  ]
}

function promiseChecks({ promised }: Seen, { headers }: Answer): Check[] {
  const lines = new Map<string, string[]>()
  for (const [name, value] of promised) lines.set(name.toLowerCase(), [...(lines.get(name.toLowerCase()) ?? []), value])
  return [...lines]
    .filter(([name]) => !MAY_CHANGE.has(name))
    .map(([name, values]) => ({ ...presence('response_headers', [name, values.join(', ')], (field) => headers.get(field), 'the response'), byDefault: true }))
}

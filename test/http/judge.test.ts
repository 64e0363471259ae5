// The judge of the HTTP cache tests, and their score: each check can fail, and fails for what it is there for.

import { expect, test } from 'vitest'
import type { Case, Exchange } from './cases.ts'
import { judge, type Answer, type Verdict } from './judge.ts'
import type { Seen } from './origin.ts'
import { lineOf, reasonOf, scoreOf } from './score.ts'

const STORED: Exchange = { setup: true, response_headers: [['Cache-Control', 'max-age=60']] }

/** An answer of the origin to request `number`, the `count`th that it had. */
function answer(number: number, { count = number, text = 'token', ...more }: { count?: number; text?: string; status?: number; headers?: Record<string, string> } = {}): Answer {
  const headers = new Headers({ 'Server-Request-Count': String(count), 'Request-Numbers': Array.from({ length: number }, (_, i) => i + 1).join(' '), ...more.headers })
  return { status: more.status ?? 200, headers, text }
}

function seen(number: number, headers: Record<string, string> = {}, promised: Seen['promised'] = []): Seen {
  return { number, method: 'GET', headers, promised }
}

const FIRST = answer(1, { headers: { 'Cache-Control': 'max-age=60' } })
const FROM_CACHE = answer(2, { count: 1 })

test.each<[what: string, outcome: Verdict['outcome'], second: Exchange, got: Answer, arrived: readonly Seen[]]>([
  ['cached, from the cache', 'pass', { expected_type: 'cached' }, FROM_CACHE, []],
  ['cached, a 304 that does not tell where it is from', 'pass', { expected_type: 'cached', expected_status: 304 }, { status: 304, headers: new Headers(), text: '' }, []],
  ['cached, from the origin', 'failed', { expected_type: 'cached' }, answer(2), [seen(2)]],
  ['cached in preparation, from the origin', 'setup', { expected_type: 'cached', setup: true }, answer(2), [seen(2)]],
  ['cached named as preparation, from the origin', 'setup', { expected_type: 'cached', setup_tests: ['expected_type'] }, answer(2), [seen(2)]],
  ['not cached, from the origin', 'pass', { expected_type: 'not_cached' }, answer(2), [seen(2)]],
  ['not cached, from the cache', 'failed', { expected_type: 'not_cached' }, FROM_CACHE, []],
  ['a retry', 'retry', {}, answer(2, { headers: { 'Request-Numbers': '1 2 2' } }), [seen(2), seen(2)]],
  ['validated by an ETag', 'pass', { expected_type: 'etag_validated' }, answer(2), [seen(2, { 'if-none-match': '"a"' })]],
  ['validated by another field', 'failed', { expected_type: 'etag_validated' }, answer(2), [seen(2, { 'if-modified-since': 'x' })]],
  ['to be validated, never at the origin', 'failed', { expected_type: 'lm_validated' }, FROM_CACHE, []],
  ['to be validated, unconditional', 'failed', { expected_type: 'lm_validated' }, answer(2, { status: 999 }), [seen(2)]],
  ['a status other than 200', 'setup', {}, answer(2, { status: 500 }), [seen(2)]],
  ['a status other than the one wanted', 'failed', { expected_status: 504 }, answer(2), [seen(2)]],
  ['another body', 'setup', {}, answer(2, { text: 'other' }), [seen(2)]],
  ['another body, not looked at', 'pass', { check_body: false }, answer(2, { text: 'other' }), [seen(2)]],
  ['any body', 'pass', { expected_response_text: null }, answer(2, { text: 'other' }), [seen(2)]],
  ['no body for HEAD', 'pass', { request_method: 'HEAD' }, answer(2, { text: '' }), [seen(2)]],
  ['a header that is wanted', 'pass', { expected_response_headers: ['a', ['b', '2']] }, answer(2, { headers: { A: '1', b: '2' } }), [seen(2)]],
  ['a header of another value', 'failed', { expected_response_headers: [['a', '1']] }, answer(2, { headers: { a: '2' } }), [seen(2)]],
  ['a header that must be missing', 'failed', { expected_response_headers_missing: ['a'] }, answer(2, { headers: { a: '' } }), [seen(2)]],
  ['a header that must be without a text', 'failed', { expected_response_headers_missing: [['a', '1']] }, answer(2, { headers: { a: '0, 1' } }), [seen(2)]],
  ['a header without that text', 'pass', { expected_response_headers_missing: [['a', '1']] }, answer(2, { headers: { a: '0' } }), [seen(2)]],
  ['a request header that is wanted', 'failed', { expected_request_headers: [['Foo', '1']] }, answer(2), [seen(2, { foo: '2' })]],
  ['a promised header that was changed', 'setup', {}, answer(2, { headers: { a: '1' } }), [seen(2, {}, [['A', '2']])]],
  ['a promised header of two lines', 'pass', {}, answer(2, { headers: { a: '1, 2' } }), [seen(2, {}, [['A', '1'], ['A', '2']])]],
  ['a promised Date that was changed', 'pass', {}, answer(2, { headers: { date: 'x' } }), [seen(2, {}, [['Date', 'y']])]],
])('%s: %s', (_what, outcome, second, got, arrived) => {
  const first = seen(1, {}, [['Cache-Control', 'max-age=60']])
  expect(judge([STORED, second], [FIRST, got], [first, ...arrived], 'token')).toMatchObject({ outcome })
})

test('a case counts only if all that it depends on passed, and what those depend on', () => {
  const of = (id: string, ...depends_on: string[]): Case => ({ id, name: id, depends_on, requests: [] })
  const cases = [of('a'), of('b', 'a'), of('c', 'b'), of('d'), { ...of('e', 'd'), kind: 'check' as const }]
  const verdicts = new Map<string, Verdict>(cases.map(({ id }) => [id, id === 'a' ? { outcome: 'setup', why: 'x' } : { outcome: 'pass' }]))
  expect(lineOf(scoreOf(cases, verdicts))).toBe('1/4 required, 0/0 optimal, 1/1 check')
  expect(reasonOf('c', cases, verdicts)).toBe('depends on b: depends on a: setup: x')
  expect(() => scoreOf([of('f', 'nowhere')], new Map([['f', { outcome: 'pass' }]]))).toThrow('nowhere')
})

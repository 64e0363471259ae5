// The cases of the public HTTP cache tests as data: their shape, and where they lie. They are read from beside the
// repository, or from the directory that HTTP_CACHE_TESTS names, and are not copied into it.

import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

export type Kind = 'required' | 'optimal' | 'check'
export const KINDS: readonly Kind[] = ['required', 'optimal', 'check']

/** A whole number in a field of a date is seconds after the origin's clock; `false` as third: need not come through unchanged. */
export type AnsweredHeader = readonly [name: string, value: string | number, unchanged?: boolean]

/** One request of a case: what the client sends, what the origin answers, and what must come of it. */
export interface Exchange {
  readonly request_method?: string
  readonly request_headers?: readonly (readonly [name: string, value: string])[]
  readonly request_body?: string
  readonly cache?: RequestCache
  readonly filename?: string
  readonly pause_after?: boolean
  readonly response_status?: readonly [code: number, phrase: string]
  readonly response_headers?: readonly AnsweredHeader[]
  readonly response_body?: string
  readonly magic_locations?: boolean
  readonly expected_type?: 'cached' | 'not_cached' | 'etag_validated' | 'lm_validated'
  readonly expected_status?: number
  readonly expected_response_headers?: readonly Wanted[]
  readonly expected_response_headers_missing?: readonly Wanted[]
  readonly expected_response_text?: string | null
  readonly expected_request_headers?: readonly Wanted[]
  readonly check_body?: boolean
  readonly setup?: boolean
  readonly setup_tests?: readonly string[]
}

export type Wanted = string | readonly [name: string, value: string]

export interface Case {
  readonly id: string
  readonly name: string
  readonly kind?: Kind
  readonly depends_on?: readonly string[]
  readonly browser_skip?: boolean
  readonly requests: readonly Exchange[]
}

const KNOWN = new Set(
  `request_method request_headers request_body cache filename pause_after response_status response_headers response_body
  magic_locations expected_type expected_status expected_response_headers expected_response_headers_missing
  expected_response_text expected_request_headers check_body setup setup_tests`.split(/\s+/),
)

/** Where the cases are looked for. */
export const CASES_PATH: string = join(process.env['HTTP_CACHE_TESTS'] ?? join(import.meta.dirname, '../../../shared/http-cache-tests'), 'tests.json')

export function kindOf({ kind = 'required' }: Case): Kind {
  return kind
}

/** The cases that a private cache is held to; undefined where the data is not at hand. */
export function privateCases(path: string = CASES_PATH): Case[] | undefined {
  if (!existsSync(path)) return undefined
  const { suites } = JSON.parse(readFileSync(path, 'utf8')) as { suites: { tests: Case[] }[] }
  const cases = suites.flatMap(({ tests }) => tests).filter(({ browser_skip }) => !browser_skip)
  for (const { id, requests } of cases) {
    const strange = requests.flatMap(Object.keys).find((member) => !KNOWN.has(member))
    if (strange !== undefined) throw new Error(`Cannot run case ${id}: unknown member ${strange}`)
  }
  return cases
}

// Parses Cache-Control (RFC 9111, section 5.2): names in any case, values plain or quoted. An invalid value is taken in the strictest
// sense that it may have.

import { contentOf, hideQuotes } from './quoted.ts'

/** Values by directive: '' for one without a value, several for one that is repeated. */
export type Directives = ReadonlyMap<string, readonly string[]>

const DIRECTIVE = /([^\s,=;"\0]+)(?:=(?:"([^"]*)"|([^,]*)))?|"[^"]*"/g

const NONE: Directives = new Map()

export function parseDirectives(text: string | null | undefined): Directives {
  if (!text) return NONE
  const directives = new Map<string, string[]>()
  for (const [, name = '', quoted, plain = ''] of hideQuotes(text).matchAll(DIRECTIVE)) {
    const key = name.toLowerCase()
    const values = directives.get(key) ?? []
    values.push(quoted === undefined ? plain.trimEnd() : contentOf(quoted))
    directives.set(key, values)
  }
  return directives
}

/** The longest duration that counts, ms: 2^31 s (RFC 9111, section 1.2.2). */
export const LONGEST: number = 2 ** 31 * 1000

/** The duration of a directive, ms; undefined without it. If it is repeated, the shortest; 0 for anything but a whole number of seconds. */
export function durationOf(directives: Directives, name: string): number | undefined {
  const values = directives.get(name)?.map(msOf)
  return values && Math.min(...values)
}

/** ms of a whole number of seconds; 0 for anything else. */
export function msOf(seconds: string | undefined): number {
  return /^\d+$/.test(seconds!) ? Math.min(Number(seconds) * 1000, LONGEST) : 0
}

/** Members of a comma-separated list. */
export function listOf(text: string | null | undefined): string[] {
  return (
    text
      ?.split(',')
      .map((member) => member.trim())
      .filter(Boolean) ?? []
  )
}

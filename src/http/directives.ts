// Cache-Control, read as RFC 9111, section 5.2 has it: names in any case, values plain or quoted. What cannot be understood
// is taken for the strictest that it may mean.

/** Values by directive, '' for none given; several where it was repeated. */
export type Directives = ReadonlyMap<string, readonly string[]>

const DIRECTIVE = /([^\s,=;"]+)(?:=(?:"((?:[^"\\]|\\.)*)"|([^,]*)))?|"(?:[^"\\]|\\.)*"/g

const NONE: Directives = new Map()

export function parseDirectives(text: string | null | undefined): Directives {
  if (!text) return NONE
  const directives = new Map<string, string[]>()
  for (const [, name = '', quoted, plain = ''] of text.matchAll(DIRECTIVE)) {
    const values = directives.get(name.toLowerCase()) ?? []
    directives.set(name.toLowerCase(), [...values, quoted?.replace(/\\(.)/g, '$1') ?? plain.trimEnd()])
  }
  return directives
}

/** ms, the longest that counts: 2^31 s (RFC 9111, section 1.2.2). */
export const LONGEST: number = 2 ** 31 * 1000

/** ms that a directive gives, undefined without it; of several the shortest, and 0 for what is no whole number of seconds. */
export function durationOf(directives: Directives, name: string): number | undefined {
  const values = directives.get(name)?.map(msOf)
  return values && Math.min(...values, LONGEST)
}

/** ms of a whole number of seconds; 0 for anything else. */
export function msOf(seconds: string | undefined): number {
  return /^\d+$/.test(seconds!) ? Number(seconds) * 1000 : 0
}

/** Members of a comma-separated list. */
export function listOf(text: string | null | undefined): string[] {
  return text?.split(',').map((member) => member.trim()).filter(Boolean) ?? []
}

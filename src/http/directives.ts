// Cache-Control, read as RFC 9111, section 5.2 has it: names in any case, values plain or quoted. What cannot be understood
// is taken for the strictest that it may mean.

/** Values by directive, '' for none given; several where it was repeated. */
export type Directives = ReadonlyMap<string, readonly string[]>

const DIRECTIVE = /([^\s,=;"]+)(?:=(?:"((?:[^"\\]|\\.)*)"|([^,]*)))?|"(?:[^"\\]|\\.)*"/g

const NONE: Directives = new Map()

/** The most that a duration can be, s (RFC 9111, section 1.2.2). */
const LONGEST = 2 ** 31

export function parseDirectives(text: string | null): Directives {
  if (!text) return NONE
  const directives = new Map<string, string[]>()
  for (const [, name, quoted, plain] of text.matchAll(DIRECTIVE)) {
    if (!name) continue
    const value = quoted?.replace(/\\(.)/g, '$1') ?? plain?.trimEnd() ?? ''
    const values = directives.get(name.toLowerCase())
    if (values) values.push(value)
    else directives.set(name.toLowerCase(), [value])
  }
  return directives
}

/** ms that a directive gives, undefined without it; of several the shortest, and 0 for what is no whole number of seconds. */
export function durationOf(directives: Directives, name: string): number | undefined {
  const values = directives.get(name)
  return values && Math.min(...values.map((value) => (/^\d+$/.test(value) ? Math.min(Number(value), LONGEST) * 1000 : 0)))
}

/** Field names, in lower case, that a directive such as `no-cache="a, b"` is about. */
export function fieldsOf(directives: Directives, name: string): string[] {
  return (directives.get(name) ?? []).flatMap((value) => listOf(value.toLowerCase()))
}

/** Members of a comma-separated list. */
export function listOf(text: string | null): string[] {
  return (text ?? '').split(',').map((member) => member.trim()).filter(Boolean)
}

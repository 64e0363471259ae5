// Cache groups (RFC 9875): names under which responses of one origin are invalidated together.

/** A String and its parameters, which mean nothing here. */
const MEMBER = /"((?:[^"\\]|\\["\\])*)"(?:;[^,"]*(?:"(?:[^"\\]|\\.)*")?)*/g

/** Members of a List of Strings (RFC 9651, section 3.1); none where it is not one. */
export function groupsIn(field: string | null): string[] {
  const text = field ?? ''
  // Between them are commas alone.
  if (/[^\s,]/.test(text.replace(MEMBER, ''))) return []
  return Array.from(text.matchAll(MEMBER), ([, name]) => name!.replace(/\\(.)/g, '$1'))
}

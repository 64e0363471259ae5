// Cache groups (RFC 9875): names under which responses of one origin are invalidated together.

import { contentOf, hideQuotes } from './quoted.ts'

/** A String and its parameters, which have no meaning here. */
const MEMBER = /"((?:[^"\\]|\\\\)*)"(?:;[^,"]*(?:"[^"]*")?)*/g

/** The members of a List of Strings (RFC 9651, section 3.1); none if the field is anything else. */
export function groupsIn(field: string | null): string[] {
  const text = hideQuotes(field ?? '')
  // Nothing but commas may be between them.
  if (/[^\s,]/.test(text.replace(MEMBER, ''))) return []
  return Array.from(text.matchAll(MEMBER), ([, name]) => contentOf(name!))
}

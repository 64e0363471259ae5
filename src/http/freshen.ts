// Asking about a stored response, and what the answer changes in it: RFC 9111, sections 4.3.1 to 4.3.5.

import { unstored } from './policy.ts'
import type { StoredResponse } from './variants.ts'

/** Fields of the stored body, which an answer without one does not change (RFC 9111, section 3.2). */
const OF_BODY = ['content-encoding', 'content-length', 'content-range']

function fieldOf({ headers }: Pick<StoredResponse, 'headers'>, name: string): string | null {
  return headers.find(([each]) => each === name)?.[1] ?? null
}

/** Preconditions by which an origin can tell that it has nothing newer (RFC 9111, section 4.3.1). */
export function addPreconditions(headers: Headers, stored: StoredResponse): void {
  const etag = fieldOf(stored, 'etag')
  const modified = fieldOf(stored, 'last-modified')
  if (etag !== null) headers.set('if-none-match', etag)
  if (modified !== null) headers.set('if-modified-since', modified)
}

/** Whether a 304, or the answer to HEAD, is about the stored response: no validator contradicts (sections 4.3.3, 4.3.5). */
export function isAbout(stored: StoredResponse, headers: Headers, names: readonly string[]): boolean {
  return names.every((name) => {
    const told = headers.get(name)
    return told === null || told.replace(/^W\//, '') === fieldOf(stored, name)?.replace(/^W\//, '')
  })
}

/** Its fields after an answer that confirms it (section 3.2). */
export function freshenedFields(stored: StoredResponse, headers: Headers, omit: readonly string[]): StoredResponse['headers'] {
  const kept = new Set([...unstored(headers, omit), ...OF_BODY])
  const told = [...headers].filter(([name]) => !kept.has(name))
  // An age is of the answer that told it.
  return [...stored.headers.filter(([name]) => name !== 'age' && !(headers.has(name) && !kept.has(name))), ...told]
}

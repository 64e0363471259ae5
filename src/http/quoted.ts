// Quoted strings in header fields (RFC 9110, section 5.6.4). Escaped quotes are hidden first: then a string ends at the next quote, and
// even a hostile field is read in linear time.

/** Replaces each escaped quote by a NUL, which no field contains. */
export function hideQuotes(field: string): string {
  return field.replace(/\\./g, (pair) => (pair === '\\"' ? '\0' : pair))
}

/** The unescaped text between two quotes. */
export function contentOf(text: string): string {
  return text.replace(/\\(.)/g, '$1').replaceAll('\0', '"')
}

// Quoted strings in header fields (RFC 9110, section 5.6.4). Escaped quotes are hidden first: then a string ends at the next quote,
// and however hostile a field is, it is read in linear time.

/** The field with a NUL, which no field has, for each escaped quote. */
export function hideQuotes(field: string): string {
  return field.replace(/\\./g, (pair) => (pair === '\\"' ? '\0' : pair))
}

/** What the text between two quotes stands for. */
export function contentOf(text: string): string {
  return text.replace(/\\(.)/g, '$1').replaceAll('\0', '"')
}

// How the origin's answer updates the stored header fields: RFC 9111, sections 3.1, 3.2, 4.3.3 to 4.3.5.

/** Whether a 304, or the answer to HEAD, is about the stored response: none of these fields differs. */
export function isAbout(stored: Headers, told: Headers, names: readonly string[]): boolean {
  // Weak comparison.
  const valueOf = (headers: Headers, name: string): string | undefined => headers.get(name)?.replace(/^W\//, '')
  return names.every((name) => !told.has(name) || valueOf(told, name) === valueOf(stored, name))
}

/**
 * The fields to store after an answer.
 * @param confirmed those of the stored response, if the answer confirms it
 */
export function fieldsAfter(told: Headers, confirmed?: Headers): Headers {
  const headers = new Headers(confirmed)
  const news = [...told].filter(([name]) => !(confirmed && /^content-(encoding|length|range)$/.test(name)))
  for (const [name] of [['date'], ...news]) headers.delete(name!)
  for (const [name, value] of news) headers.append(name, value)
  return headers
}

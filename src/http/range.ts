// A single byte range of a stored response (RFC 9110, section 14).

/**
 * The first and last byte that a Range field asks for; the last comes before the first if the range is not satisfiable. Undefined if the
 * whole body is to be sent: for several ranges, another unit, or an invalid field.
 */
export function partOf(range: string, size: number): readonly [from: number, to: number] | undefined {
  const [, first, last] = range.match(/^bytes=\s*(\d*)-(\d*)\s*$/i) ?? []
  if (!first) return last ? [Math.max(0, size - Number(last)), size - 1] : undefined
  const to = last ? Number(last) : Infinity
  return to < Number(first) ? undefined : [Number(first), Math.min(to, size - 1)]
}

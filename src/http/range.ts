// A single byte range of a stored response (RFC 9110, section 14).

export interface Part {
  /** The first byte. */
  readonly from: number
  /** The last byte. */
  readonly to: number
}

/** The part that a Range field asks for; `none` where no byte is in it, undefined where the whole is to be sent: several ranges, another unit, nonsense. */
export function partOf(range: string, size: number): Part | 'none' | undefined {
  const [, first, last] = range.match(/^bytes=\s*(\d*)-(\d*)\s*$/i) ?? []
  if (first === undefined || (!first && !last)) return undefined
  const from = first ? Number(first) : Math.max(0, size - Number(last))
  const to = first && last ? Math.min(Number(last), size - 1) : size - 1
  if (first && last && Number(last) < Number(first)) return undefined
  return from > to ? 'none' : { from, to }
}

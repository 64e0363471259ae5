// Logs made by hand, cut at every place.

import { expect, test } from 'vitest'
import { isTorn } from './leveldb-log.ts'

/** A log of records of these lengths, and where each of them ends. */
function makeLog(lengths: readonly number[]): { log: Buffer; ends: number[] } {
  const parts: Buffer[] = []
  const ends: number[] = []
  let at = 0
  const push = (part: Buffer) => {
    parts.push(part)
    at += part.length
  }
  for (const length of lengths) {
    for (let left = length, first = true; first || left > 0; first = false) {
      if (32_768 - (at % 32_768) < 7) push(Buffer.alloc(32_768 - (at % 32_768)))
      const fits = Math.min(left, 32_768 - (at % 32_768) - 7)
      const header = Buffer.alloc(7)
      header.writeUInt16LE(fits, 4)
      header[6] = fits === left ? (first ? 1 : 4) : first ? 2 : 3
      push(Buffer.concat([header, Buffer.alloc(fits, 'x')]))
      left -= fits
    }
    ends.push(at)
  }
  return { log: Buffer.concat(parts), ends }
}

test('a log is torn where it ends within a record, and nowhere else', () => {
  const { log, ends } = makeLog([10, 200, 32_300, 400, 20, 70_000, 0, 5])
  const whole: number[] = []
  for (let length = 1; length <= log.length; length++) if (!isTorn(log.subarray(0, length))) whole.push(length)
  // The padding at the end of a block belongs to no record.
  const expected = ends.flatMap((end) => {
    const left = 32_768 - (end % 32_768)
    return left < 7 ? Array.from({ length: left + 1 }, (_, padding) => end + padding) : [end]
  })
  expect(whole).toEqual(expected.filter((end) => end <= log.length))
  expect(isTorn(Buffer.alloc(0))).toBe(false)
})

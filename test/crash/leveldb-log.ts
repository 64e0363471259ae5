// Whether a kill has torn one of LevelDB's log files: its last record is not whole. Chromium opens such a database as if nothing were
// wrong, and writes on behind the tear; at the start after that it takes the whole database for corrupt, and begins an
// empty one. No library can help it; a test in ../engines shows what the cache makes of it.

/** Bytes of a block; a record of more is cut into fragments. */
const BLOCK = 32_768
/** Bytes of a fragment's header: checksum, length, type. */
const HEADER = 7
const FIRST = 2
const MIDDLE = 3

/** @see https://github.com/google/leveldb/blob/main/doc/log_format.md */
export function isTorn(log: Buffer): boolean {
  let open = false
  for (let at = 0; at < log.length; ) {
    const left = BLOCK - (at % BLOCK)
    if (left < HEADER) {
      at += left
      continue
    }
    if (at + HEADER > log.length) return true
    const end = at + HEADER + log.readUInt16LE(at + 4)
    if (end > log.length) return true
    const type = log[at + 6]
    open = type === FIRST || type === MIDDLE
    at = end
  }
  return open
}

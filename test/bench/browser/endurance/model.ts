// What the cache may answer: the latest value of a key that is neither deleted nor expired, or nothing where the bound
// took it. Its arrays have their size from the beginning, so that the heap is the cache's.

const VALUE_LENGTH = 400
const FILLER = '0123456789abcdefghijklmnopqrstuvwxyz'.repeat(20)
/** Every fourth key has a tag, of which there are so many. */
const TAGS = 200

export interface Model {
  /** Takes note of a write; returns its value. */
  write(index: number, expiresAt: number): string
  /** @throws Error for what was not there to be touched */
  touch(index: number, now: number, expiresAt: number): void
  remove(index: number): void
  removeTag(tag: number): void
  /** Whether a key is there unless the bound took it. */
  has(index: number, now: number): boolean
  /** @throws Error for a value that must not be found; returns whether one was */
  check(index: number, found: string | undefined, now: number): boolean
  /** How many keys would be there without a bound. */
  count(now: number): number
}

export function keyOf(index: number): string {
  return `item:${index}`
}

export function isTagged(index: number): boolean {
  return index % 4 === 0
}

export function tagsOf(index: number): string[] {
  return isTagged(index) ? [nameOfTag((index / 4) % TAGS)] : []
}

export function nameOfTag(tag: number): string {
  return `tag:${tag % TAGS}`
}

export function createModel(keys: number): Model {
  const versions = new Uint32Array(keys)
  const expiries = new Float64Array(keys)
  const valueOf = (index: number) => `${index}:${versions[index]}:${FILLER}`.slice(0, VALUE_LENGTH)
  const has = (index: number, now: number) => expiries[index]! > now
  return {
    write(index, expiresAt) {
      versions[index]!++
      expiries[index] = expiresAt
      return valueOf(index)
    },
    touch(index, now, expiresAt) {
      if (!has(index, now)) throw new Error(`Touched ${keyOf(index)}, which is not there`)
      expiries[index] = expiresAt
    },
    remove(index) {
      expiries[index] = 0
    },
    removeTag(tag) {
      for (let index = (tag % TAGS) * 4; index < keys; index += TAGS * 4) expiries[index] = 0
    },
    has,
    check(index, found, now) {
      if (found !== undefined && (!has(index, now) || found !== valueOf(index))) {
        throw new Error(`Found ${found.slice(0, 20)} for ${keyOf(index)}, version ${versions[index]}, ${expiries[index]! - now} ms before its end`)
      }
      return found !== undefined
    },
    count: (now) => expiries.reduce((sum, expiresAt) => sum + Number(expiresAt > now), 0),
  }
}

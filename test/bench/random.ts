// Random numbers that a seed decides, so that every contestant meets the same ones.

/** Numbers in [0, 1): mulberry32, https://gist.github.com/tommyettinger/46a874533244883189143505d203312c */
export function createRandom(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/** The same items in a random order. */
export function shuffle<T>(items: readonly T[], random: () => number): T[] {
  const result = [...items]
  for (let end = result.length - 1; end > 0; end--) {
    const other = Math.floor(random() * (end + 1))
    const item = result[end] as T
    result[end] = result[other] as T
    result[other] = item
  }
  return result
}

/** Ranks from 0 to `count - 1`, of which rank r comes up in proportion to 1 / (r + 1) ** exponent. */
export function createZipf(count: number, exponent: number, random: () => number): () => number {
  const sums = new Float64Array(count)
  let total = 0
  for (let rank = 0; rank < count; rank++) sums[rank] = total += (rank + 1) ** -exponent
  // Where to begin to look for a part of the total: a step or two before the rank.
  const guide = new Uint32Array(count)
  for (let part = 0, rank = 0; part < count; guide[part++] = rank) while (sums[rank]! < (part / count) * total) rank++
  return () => {
    const part = random()
    let rank = guide[Math.floor(part * count)]!
    while (sums[rank]! < part * total) rank++
    return rank
  }
}

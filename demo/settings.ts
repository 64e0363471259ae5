// What the user chose and wants to find again after a reload: the TTL of new entries.

const KEY = 'bestbefore-demo:ttl'
const DEFAULT_TTL = 60_000

/** The steps of the TTL slider, in ms. */
export const TTL_STEPS: readonly number[] = [5_000, 10_000, 15_000, 30_000, 60_000, 120_000, 300_000, 600_000]

export function readTtl(): number {
  try {
    const stored = Number(localStorage.getItem(KEY))
    return TTL_STEPS.includes(stored) ? stored : DEFAULT_TTL
  } catch {
    return DEFAULT_TTL
  }
}

/** Keeps the choice; where storage is forbidden it lasts until the page goes. */
export function writeTtl(ttl: number): void {
  try {
    localStorage.setItem(KEY, String(ttl))
  } catch {
    // A private mode without storage: nothing to do.
  }
}

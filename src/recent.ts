// The latest items of a series, and the count of all. An item that was forgotten counts as a match.

export interface Recent<T> {
  /** How many there have been in all. */
  count(): number
  add(item: T): void
  /** Forgets all items so far; the count stays. */
  forget(): void
  /** Whether any item after the first `since` matches, or was forgotten. */
  has(since: number, matches: (item: T) => boolean): boolean
}

/** @param kept how many items are remembered: at least this many, at most twice as many */
export function createRecent<T>(kept: number): Recent<T> {
  const items: T[] = []
  let forgotten = 0
  const forget = (count = Infinity): void => {
    forgotten += items.splice(0, count).length
  }
  return {
    count: () => forgotten + items.length,
    add(item) {
      if (items.push(item) > 2 * kept) forget(kept)
    },
    forget,
    has: (since, matches) => since < forgotten || items.slice(since - forgotten).some(matches),
  }
}

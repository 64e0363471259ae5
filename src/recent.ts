// The latest of a series of events, and the count of all. What has been forgotten counts as a match for everything.

export interface Recent<T> {
  /** How many there have been in all. */
  count(): number
  add(item: T): void
  /** Forgets all until now, but for the count. */
  forget(): void
  /** Whether one after the first `since` matches, or is forgotten. */
  has(since: number, matches: (item: T) => boolean): boolean
}

/** @param kept how many are remembered, at least; at most twice as many */
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

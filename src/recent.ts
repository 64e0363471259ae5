// The latest of what happens, counted from the first on. What has been forgotten may have been anything.

export interface Recent<T> {
  /** How many there have been. */
  count(): number
  add(item: T): void
  /** Of all until now, only the count is kept. */
  forget(): void
  /** Whether there was such a one after the first `since`. */
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

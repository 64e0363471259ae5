// Memoizes functions that derive one string from another.

/** How many results are kept; beyond that all are dropped. */
const MOST_KEPT = 1_000
/** The result for a text longer than this is not kept: a `data:` URL holds its own body. */
const LONGEST = 4_000

/**
 * Keeps the results of `make` as long as the second argument stays the same. Besides the work, this saves hashing: a string that was used
 * as a key before is found in a `Map` at once, a newly built one must be hashed first.
 */
export function memoize<C>(make: (text: string, context: C) => string): (text: string, context: C) => string {
  const kept = new Map<string, string>()
  let last: C
  return (text, context) => {
    if (context !== last || kept.size > MOST_KEPT) kept.clear()
    last = context
    let result = kept.get(text)
    if (result === undefined) {
      result = make(text, context)
      // A copy: what a script has cut out of a page's source would keep the whole source.
      if (text.length < LONGEST) kept.set(` ${text}`.slice(1), result)
    }
    return result
  }
}

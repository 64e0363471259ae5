// Strings that are made of others again and again.

/** Results that are kept. */
const MOST_KEPT = 1_000
/** Of a text longer than this the result is not kept: a `data:` URL is its own body. */
const LONGEST = 4_000

/**
 * Keeps what `make` gives for a text, as long as the second argument stays what it is. A string that was kept is found in a
 * `Map` at once; one that was put together anew must be read through first.
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
      if (text.length < LONGEST) kept.set(text, result)
    }
    return result
  }
}

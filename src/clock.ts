// Where "now" comes from. Operations read it once and pass it down.

/** A source of time: `now()` gives epoch milliseconds. */
export interface Clock {
  now(): number
}

/**
 * The wall clock, read once per turn of the event loop: time stands still within one synchronous stretch.
 *
 * A `Date.now()` in every operation makes a hit 3.3 times as slow as a bare `Map`'s, this one 1.4 times.
 */
export function turnClock(): Clock {
  let time = 0
  const forget = (): void => {
    time = 0
  }
  return {
    now() {
      if (!time) {
        time = Date.now()
        queueMicrotask(forget)
      }
      return time
    },
  }
}

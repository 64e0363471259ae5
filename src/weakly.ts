// Callbacks that do not keep their owner alive.

/** Calls `callback` as long as its owner has not been collected: timers, channels and pages hold what they call, this one holds nothing. */
export function weakly<A extends readonly unknown[]>(callback: (...args: A) => void): (...args: A) => void {
  const reference = new WeakRef(callback)
  return (...args) => reference.deref()?.(...args)
}

// Callbacks that do not keep their owner alive.

/** Calls `callback` as long as its owner has not been collected: timers, channels and pages hold what they call, this one holds nothing. */
export function weakly<A extends readonly unknown[]>(callback: (...args: A) => void): (...args: A) => void {
  const reference = new WeakRef(callback)
  return (...args) => reference.deref()?.(...args)
}

/** As `setTimeout`, but the timer keeps neither the callback's owner alive nor, in Node, the process. */
export function setWeakTimeout(callback: () => void, ms: number): ReturnType<typeof setTimeout> {
  const timer = setTimeout(weakly(callback), ms)
  // A number in browsers.
  ;(timer as { unref?(): void }).unref?.()
  return timer
}

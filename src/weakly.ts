// Callbacks that do not keep their owner alive.

/** Calls `callback` until its owner is garbage-collected. A timer, a channel or a page keeps alive what it calls; this wrapper does not. */
export function weakly<A extends readonly unknown[]>(callback: (...args: A) => void): (...args: A) => void {
  const reference = new WeakRef(callback)
  return (...args) => reference.deref()?.(...args)
}

/** As `setTimeout`, but the timer keeps neither the callback's owner alive nor, in Node, the process. */
export function setWeakTimeout(callback: () => void, ms: number): ReturnType<typeof setTimeout> {
  const timer = setTimeout(weakly(callback), ms)
  // In browsers it is a number, without `unref`.
  ;(timer as { unref?(): void }).unref?.()
  return timer
}

// Time limits of waits. The time is counted in parts: to a page that was frozen or asleep meanwhile only one part is lost.

const PARTS = 4

/** Rejects with a `TimeoutError` when a promise takes longer than so many ms. */
export async function within<T>(ms: number, promise: PromiseLike<T>): Promise<T> {
  const limiter = createLimiter(ms / PARTS)
  return limiter.within(ms, promise).finally(limiter.stop)
}

export interface Limiter {
  /** As {@link within}, but up to one part earlier. */
  within<T>(ms: number, promise: PromiseLike<T>): Promise<T>
  /** Clears the timer if nothing is waited for. */
  stop(): void
}

/**
 * For many short waits: one timer serves all of them, because to set and clear one takes a twentieth of a read.
 * @param part ms
 */
export function createLimiter(part: number): Limiter {
  const waits = new Set<() => void>()
  let timer: ReturnType<typeof setTimeout> | undefined

  const count = (): void => {
    timer = undefined
    for (const tick of waits) tick()
    if (waits.size) timer = setTimeout(count, part)
  }

  return {
    within: (ms, promise) =>
      new Promise((resolve, reject) => {
        // A wait of 0 ms has no parts.
        let left = ms / part || 0
        const end = <E>(tell: (how: E) => void, how: E): void => {
          waits.delete(tick)
          tell(how)
        }
        const tick = (): void => {
          if (--left < 1) end(reject, new DOMException(`no answer after ${ms} ms`, 'TimeoutError'))
        }
        waits.add(tick)
        timer ??= setTimeout(count, part)
        promise.then(
          (value) => end(resolve, value),
          (error) => end(reject, error),
        )
      }),
    stop() {
      if (!waits.size) clearTimeout(timer)
    },
  }
}

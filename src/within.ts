// Time limits. Time is counted in parts: if the page is frozen or asleep meanwhile, at most one part of the limit is lost.

const PARTS = 4

/** Rejects with a `TimeoutError` if a promise takes longer than `ms`. */
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
 * For many short waits: one timer serves all of them, because setting and clearing one takes a twentieth of a read.
 * @param part length of the parts in which time is counted, ms
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
        // 0 / 0 is NaN.
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

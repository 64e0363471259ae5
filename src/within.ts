// The limit of every wait.

/** Parts in which a limit is counted: a page that was frozen or asleep meanwhile loses one, not all. */
const TICKS = 4

/** Rejects with a `TimeoutError` when a promise takes longer than so many ms. */
export async function within<T>(ms: number, promise: PromiseLike<T>): Promise<T> {
  let timer: ReturnType<typeof setTimeout>
  const late = new Promise<never>((_resolve, reject) => {
    let ticks = TICKS
    const tick = (): void => {
      if (ticks--) timer = setTimeout(tick, ms / TICKS)
      else reject(new DOMException(`no answer after ${ms} ms`, 'TimeoutError'))
    }
    tick()
  })
  return Promise.race([promise, late]).finally(() => clearTimeout(timer))
}

// Order under the test's control: promises settled by hand, and turns of the event loop that pass without sleeping.

export interface Deferred<T = void> {
  readonly promise: Promise<T>
  resolve(value: T): void
  reject(error: unknown): void
}

export function deferred<T = void>(): Deferred<T> {
  let resolve!: (value: T) => void
  let reject!: (error: unknown) => void
  const promise = new Promise<T>((...settle) => ([resolve, reject] = settle))
  return { promise, resolve, reject }
}

/** Lets everything run that is ready to, timers excepted. */
export async function turns(count = 20): Promise<void> {
  for (let turn = 0; turn < count; turn++) await new Promise<void>((resolve) => setImmediate(resolve))
}

/** Whether a promise has settled after a few turns. */
export async function isPending(promise: Promise<unknown>): Promise<boolean> {
  let pending = true
  const end = (): void => {
    pending = false
  }
  promise.then(end, end)
  await turns()
  return pending
}

// Loaders whose end the test decides, and what it waits for.

import { expect } from 'vitest'
import type { LoaderContext } from '../../src/index.ts'
import { deferred, turns } from './deferred.ts'

export interface Run<V> {
  readonly context: LoaderContext<V>
  resolve(value: V): void
  reject(error: unknown): void
}

/** A loader whose end the test decides, run by run. */
export function heldLoader<V>() {
  const runs: Run<V>[] = []
  const loader = (context: LoaderContext<V>): Promise<V> => {
    const { promise, ...end } = deferred<V>()
    runs.push({ context, ...end })
    return promise
  }
  return { runs, loader }
}

/** Lets turns of the event loop pass until it is so. */
export async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  for (let turn = 0; !(await holds()); turn++) {
    if (turn > 1_000) expect.fail('it does not come to pass')
    await turns(1)
  }
}

/** What a promise rejects with. */
export function rejectionOf(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    (value) => expect.fail(`it should reject, but resolves to ${String(value)}`),
    (error: unknown) => error,
  )
}

// Codecs for tests: one that takes its time and binds what a cipher would, and one under the control of the test.

import type { Codec, CodecContext } from '../../src/index.ts'
import { deferred, type Deferred } from './deferred.ts'

/** What the codec `bound` makes of a value. */
export type Bound = readonly [key: string, expiresAt: number, value: unknown]

const turn = (): Promise<void> => new Promise((resolve) => queueMicrotask(resolve))

/** Async in both directions, and refuses what belongs to another key or had another expiry. */
export const bound: Codec<any> = {
  async encode(value, { key, expiresAt }): Promise<Bound> {
    await turn()
    return [key, expiresAt, value]
  },
  async decode(stored, { key, expiresAt }) {
    await turn()
    const [ofKey, until, value] = stored as Bound
    if (ofKey !== key || until !== expiresAt) throw new Error('not its own')
    return value
  },
}

export interface ControlledCodec {
  readonly codec: Codec<any>
  /** What was asked so far: 'encode a', 'decode b', … */
  readonly asked: string[]
  /** From now on calls for these keys do not answer until they are released; all keys where none is given. */
  hold(...keys: string[]): void
  release(): void
  /** From now on calls of these kinds fail like this for a key: 'encode a'. */
  fail(call: string, how: () => unknown): void
  heal(): void
}

export function controlledCodec(): ControlledCodec {
  const asked: string[] = []
  const failing = new Map<string, () => unknown>()
  let holding: ((key: string) => boolean) | undefined
  let gates: Deferred[] = []

  const answer = async (task: 'encode' | 'decode', value: unknown, context: CodecContext): Promise<any> => {
    const call = `${task} ${context.key}`
    asked.push(call)
    if (holding?.(context.key)) {
      const gate = deferred()
      gates.push(gate)
      await gate.promise
    }
    const fault = failing.get(call)
    return fault ? fault() : bound[task](value, context)
  }

  return {
    codec: { encode: (value, context) => answer('encode', value, context), decode: (stored, context) => answer('decode', stored, context) },
    asked,
    hold(...keys) {
      holding = (key) => !keys.length || keys.includes(key)
    },
    release() {
      holding = undefined
      for (const gate of gates.splice(0)) gate.resolve()
    },
    fail: (call, how) => void failing.set(call, how),
    heal: () => failing.clear(),
  }
}

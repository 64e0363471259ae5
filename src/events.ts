// Events for the app's listeners.

import { call } from './errors.ts'

export interface Emitter<E> {
  emit(event: E): void
  /** @returns a function that ends the subscription */
  subscribe(listener: (event: E) => void): () => void
}

export function createEmitter<E>(): Emitter<E> {
  const listeners = new Set<(event: E) => void>()
  const waiting: E[] = []
  let emitting = false
  return {
    emit(event) {
      // A listener may cause another event, which is delivered once all have got this one.
      waiting.push(event)
      if (emitting) return
      emitting = true
      for (const each of waiting) {
        // The listeners there are now, without those that leave meanwhile.
        for (const listener of [...listeners]) if (listeners.has(listener)) call(listener, [each])
      }
      waiting.length = 0
      emitting = false
    },
    subscribe(listener) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
  }
}

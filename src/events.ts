// Listeners of an app.

import { call } from './errors.ts'

export interface Emitter<E> {
  emit(event: E): void
  /** @returns ends the subscription */
  subscribe(listener: (event: E) => void): () => void
}

export function createEmitter<E>(): Emitter<E> {
  const listeners = new Set<(event: E) => void>()
  return {
    emit(event) {
      // Those there at the start, less those that leave meanwhile.
      for (const listener of [...listeners]) if (listeners.has(listener)) call(listener, [event])
    },
    subscribe(listener) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
  }
}

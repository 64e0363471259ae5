// A lock manager for the tabs of one process: exclusive locks, granted in the order asked for, with `ifAvailable`, `signal`
// and `steal` as the standard has them. A mood makes it useless, as blocked storage or a broken browser do.

import { vi } from 'vitest'
import { deferred, type Deferred } from '../../helpers/deferred.ts'

type Mood =
  | 'fair'
  /** Nobody is granted anything. */
  | 'never grants'
  /** Every request rejects, as in an opaque origin. */
  | 'rejects'
  /** The method throws. */
  | 'throws'

interface Holder {
  readonly lost: Deferred<never>
}

interface Waiter {
  grant(): void
}

export class Locks {
  mood: Mood = 'fair'
  /** Names asked for, in order. */
  readonly asked: string[] = []
  readonly #held = new Map<string, Holder>()
  readonly #queues = new Map<string, Waiter[]>()

  install(): void {
    vi.stubGlobal('navigator', { locks: { request: this.request } })
  }

  /** Names held now. */
  get held(): string[] {
    return [...this.#held.keys()]
  }

  /** How many wait for a lock. */
  waitingFor(name: string): number {
    return this.#queues.get(name)?.length ?? 0
  }

  /** Foreign code takes a lock away from whoever holds it, and lets go of it at once. */
  async steal(name: string): Promise<void> {
    await this.request(name, { steal: true }, async () => {})
  }

  readonly request = <T>(name: string, options: LockOptions, callback: (lock: Lock | null) => Promise<T>): Promise<T> => {
    if (this.mood === 'throws') throw new DOMException('denied', 'SecurityError')
    this.asked.push(name)
    if (this.mood === 'rejects') return Promise.reject(new DOMException('denied', 'SecurityError'))
    const { ifAvailable = false, steal = false, signal } = options
    if (signal?.aborted) return Promise.reject(signal.reason)
    return new Promise<T>((resolve, reject) => {
      const waiter: Waiter = {
        grant: () => {
          signal?.removeEventListener('abort', leave)
          this.#hold(name, callback).then(resolve, reject)
        },
      }
      const leave = (): void => {
        const queue = this.#queues.get(name)!
        queue.splice(queue.indexOf(waiter), 1)
        reject(signal!.reason)
      }
      if (ifAvailable && (this.#held.has(name) || this.mood === 'never grants')) {
        queueMicrotask(() => void callback(null).then(resolve, reject))
        return
      }
      if (steal) {
        this.#held.get(name)?.lost.reject(new DOMException('The lock was stolen', 'AbortError'))
        this.#held.delete(name)
        waiter.grant()
        return
      }
      this.#queues.set(name, [...(this.#queues.get(name) ?? []), waiter])
      signal?.addEventListener('abort', leave)
      queueMicrotask(() => this.#next(name))
    })
  }

  #next(name: string): void {
    if (this.mood !== 'never grants' && !this.#held.has(name)) this.#queues.get(name)?.shift()?.grant()
  }

  async #hold<T>(name: string, callback: (lock: Lock | null) => Promise<T>): Promise<T> {
    const holder: Holder = { lost: deferred<never>() }
    this.#held.set(name, holder)
    const working = Promise.resolve().then(() => callback({ name, mode: 'exclusive' }))
    working.catch(() => {})
    try {
      return await Promise.race([working, holder.lost.promise])
    } finally {
      if (this.#held.get(name) === holder) {
        this.#held.delete(name)
        this.#next(name)
      }
    }
  }
}

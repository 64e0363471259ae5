// A BroadcastChannel between the tabs of one process, as good or as bad as the test wants it. Chaos is seeded: one seed, one
// course of events. Messages are cloned, and come in later turns of the event loop.

import { vi } from 'vitest'
import { random } from '../../helpers/property.ts'

/** Shares of messages, 0 to 1. */
export interface Chaos {
  readonly drop?: number
  readonly duplicate?: number
  /** Comes behind later ones. */
  readonly reorder?: number
  /** Something else comes as well. */
  readonly garbage?: number
}

interface Delivery {
  readonly to: FakeChannel
  readonly data: unknown
}

interface FakeChannel {
  readonly name: string
  onmessage: ((event: MessageEvent) => void) | null
}

export class Network {
  /** What has been posted, in order. */
  readonly posted: unknown[] = []
  /** What handlers of messages threw. */
  readonly errors: unknown[] = []
  chaos: Chaos = {}
  /** Nothing arrives while it is. */
  deaf = false
  readonly #channels = new Set<FakeChannel>()
  #waiting: Delivery[] = []
  readonly #random: () => number

  constructor(seed?: number) {
    this.#random = random(seed)
  }

  /** Channels that are open. */
  get open(): number {
    return this.#channels.size
  }

  /** Messages under way. */
  get waiting(): number {
    return this.#waiting.length
  }

  /** A message of foreign code, or of another tab, to every channel; comes at once. */
  inject(data: unknown): void {
    for (const to of [...this.#channels]) this.#deliver({ to, data })
  }

  install(): void {
    const network = this
    class BroadcastChannel implements FakeChannel {
      onmessage: ((event: MessageEvent) => void) | null = null
      #closed = false
      readonly name: string
      constructor(name: string) {
        this.name = name
        network.#channels.add(this)
      }
      postMessage(message: unknown): void {
        if (this.#closed) throw new DOMException('The channel is closed', 'InvalidStateError')
        const data: unknown = structuredClone(message)
        network.posted.push(data)
        for (const to of network.#channels) if (to !== this && to.name === this.name) network.#send({ to, data })
      }
      close(): void {
        this.#closed = true
        network.#channels.delete(this)
      }
    }
    vi.stubGlobal('BroadcastChannel', BroadcastChannel)
  }

  #send(delivery: Delivery): void {
    const { drop = 0, duplicate = 0, garbage = 0 } = this.chaos
    if (this.deaf || this.#random() < drop) return
    const copies = this.#random() < duplicate ? 2 : 1
    for (let copy = 0; copy < copies; copy++) this.#wait(delivery)
    if (this.#random() < garbage) this.#wait({ to: delivery.to, data: GARBAGE[Math.floor(this.#random() * GARBAGE.length)] })
  }

  #wait(delivery: Delivery): void {
    this.#waiting.push(delivery)
    setImmediate(() => {
      const late = this.#random() < (this.chaos.reorder ?? 0)
      const next = late ? this.#waiting.pop() : this.#waiting.shift()
      if (next) this.#deliver(next)
    })
  }

  #deliver({ to, data }: Delivery): void {
    if (!this.#channels.has(to)) return
    try {
      to.onmessage?.({ data: structuredClone(data) } as MessageEvent)
    } catch (error) {
      this.errors.push(error)
    }
  }
}

/** Data of no message that this library posts. */
export const GARBAGE: readonly unknown[] = [
  null,
  undefined,
  0,
  NaN,
  -1n,
  true,
  '',
  'destroy',
  [],
  [[[]]],
  {},
  /destroy/g,
  new Date(0),
  new Map([['destroy', true]]),
  new Uint8Array(8),
  new Error('destroy'),
  { destroy: 'true' },
  { destroy: 1 },
  { destroy: { destroy: true } },
  { ids: [1], changes: [{ type: 'deletePrefix', prefix: '' }] },
  { database: 'another', ids: [1], changes: [{ type: 'deletePrefix', prefix: '' }] },
  { database: ['another'], ids: [1], changes: [{ type: 'deletePrefix', prefix: '' }] },
  { database: null, ids: null, changes: null },
  ...Array.from({ length: 3 }, (_, depth) => JSON.parse(`${'{"changes":['.repeat(depth + 50)}${']}'.repeat(depth + 50)}`) as unknown),
]

/** Changes that no message of this library has; in a message that is otherwise in order. */
export const GARBAGE_CHANGES: readonly unknown[] = [
  null,
  undefined,
  'deletePrefix',
  7,
  [],
  [null, undefined, 0, NaN, 'held', true, [], {}, /held/],
  [{ type: 'delete' }],
  [{ type: 'delete', key: 5 }],
  [{ type: 'delete', key: null }],
  [{ type: 'delete', key: ['held'] }],
  [{ type: 'delete', key: { toString: 'held' } }],
  [{ type: 'deletePrefix', prefix: 0 }],
  [{ type: 'deletePrefix', prefix: null }],
  [{ type: 'deletePrefix', prefix: [] }],
  [{ type: 'deleteTag', tag: 7 }],
  [{ type: 'deleteTag', tag: /x/ }],
]

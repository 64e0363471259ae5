// What becomes of bodies that are stored.

import { within } from '../within.ts'

type Chunk = Uint8Array<ArrayBuffer>

/** ms that a body may take: whoever joined its request waits for all of it. */
const LONGEST = 30_000

/** All of a body, read ahead of its other readers, once it has come to its end; rejects where it breaks off, takes too long or is longer than the limit, in bytes. */
export function copy(body: ReadableStream<Chunk>, limit: number): Promise<ArrayBuffer> {
  let size = 0
  const counter = new TransformStream<Chunk, Chunk>({
    transform(chunk, controller) {
      size += chunk.byteLength
      if (size > limit) controller.error()
      else controller.enqueue(chunk)
    },
  })
  const late = new AbortController()
  return within(LONGEST, new Response(body.pipeThrough(counter, { signal: late.signal })).arrayBuffer()).catch((error) => {
    // Or it would be read on, and its origin never see that nobody wants it.
    late.abort()
    throw error
  })
}

/**
 * A body for the caller who asked. It ends when it is stored. What the caller does with its chunks is not to change what is stored:
 * of a body that is no byte stream both have the same. (A `Buffer` has a `slice` of its own, which copies nothing.)
 */
export function handOver(body: ReadableStream<Chunk>, signal: AbortSignal | undefined, stored: () => Promise<void>): ReadableStream<Chunk> {
  let leave!: () => void
  const { readable, writable } = new TransformStream<Chunk, Chunk>({
    // A pipe that has a signal first waits for its reader to take what has come, and holds the connection meanwhile.
    start: (controller) => void (leave = leaveBy(controller, signal)),
    transform: (chunk, controller) => controller.enqueue(Uint8Array.prototype.slice.call(chunk) as Chunk),
    flush: stored,
  })
  signal?.addEventListener('abort', leave)
  if (signal?.aborted) leave()
  const end = (): void => signal?.removeEventListener('abort', leave)
  body.pipeTo(writable).then(end, end)
  return readable
}

/** A signal may live as long as the page: it is not to hold a body that nobody has any more. */
function leaveBy(controller: TransformStreamDefaultController, signal: AbortSignal | undefined): () => void {
  const reference = new WeakRef(controller)
  return () => reference.deref()?.error(signal!.reason)
}

export function isSame(one: ArrayBuffer, other: ArrayBuffer): boolean {
  const right = new Uint8Array(other)
  return one.byteLength === other.byteLength && new Uint8Array(one).every((byte, place) => byte === right[place])
}

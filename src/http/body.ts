// Bodies that are passed to a caller and stored at the same time.

import { within } from '../within.ts'

type Chunk = Uint8Array<ArrayBuffer>

/** ms that a body may take: callers that joined its request wait for all of it. */
const LONGEST = 30_000

/** Reads a whole body. Rejects if it is cut off, takes too long, or is longer than the limit. @param limit bytes */
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
    // Otherwise reading would go on, and the origin would never see that nobody wants the body.
    late.abort()
    throw error
  })
}

let unread: FinalizationRegistry<() => void> | undefined

/**
 * A body for the caller, which ends once the response is stored. Its chunks are copies: unless the body is a byte stream, the branches of
 * a tee share chunks, and the caller must not be able to change what is stored. (The `slice` of a `Buffer` does not copy.)
 */
export function handOver(body: ReadableStream<Chunk>, signal: AbortSignal | undefined, stored: () => Promise<void>): ReadableStream<Chunk> {
  let leave!: () => void
  const { readable, writable } = new TransformStream<Chunk, Chunk>({
    // Not by a signal of the pipe: an aborted pipe waits for its reader to take what has come, and holds the connection meanwhile.
    start: (controller) => void (leave = leaveBy(controller, signal)),
    transform: (chunk, controller) => controller.enqueue(Uint8Array.prototype.slice.call(chunk) as Chunk),
    flush: stored,
  })
  signal?.addEventListener('abort', leave)
  if (signal?.aborted) leave()
  const end = (): void => signal?.removeEventListener('abort', leave)
  body.pipeTo(writable).then(end, end)
  // A body that nobody reads has no end.
  unread ??= new FinalizationRegistry((end) => end())
  unread.register(readable, end)
  return readable
}

/** An abort handler that holds the body weakly: a signal may live as long as the page, and must not keep the body alive. */
function leaveBy(controller: TransformStreamDefaultController, signal: AbortSignal | undefined): () => void {
  const reference = new WeakRef(controller)
  return () => reference.deref()?.error(signal!.reason)
}

export function isSame(one: ArrayBuffer, other: ArrayBuffer): boolean {
  const [left, right] = [new Uint8Array(one), new Uint8Array(other)]
  // A loop: with a callback for each byte, 5 MB block the page for 50 ms and more.
  let place = 0
  while (place < left.length && left[place] === right[place]) place++
  return place === left.length && place === right.length
}

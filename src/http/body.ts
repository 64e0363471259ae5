// A body on its way to a caller, copied as it comes.

type Body = ReadableStream<Uint8Array<ArrayBuffer>>

/**
 * A body for a caller, who reads it at their own pace, and for whom it ends when what was copied has been seen to.
 *
 * @param signal takes it away
 */
export function until(body: Body, signal: AbortSignal | undefined, seen: Promise<unknown>): Body {
  const flush = async (): Promise<void> => void (await seen)
  return body.pipeThrough(new TransformStream({ flush }), signal && { signal })
}

/** All of a body, read ahead of its other readers, once it has come to its end; rejects where it breaks off or is longer than the limit, in bytes. */
export function copy(body: Body, limit: number): Promise<ArrayBuffer> {
  let size = 0
  const counter = new TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>({
    transform(chunk, controller) {
      size += chunk.byteLength
      if (size > limit) controller.error()
      else controller.enqueue(chunk)
    },
  })
  return new Response(body.pipeThrough(counter)).arrayBuffer()
}

export function isSame(one: ArrayBuffer, other: ArrayBuffer): boolean {
  const right = new Uint8Array(other)
  return one.byteLength === other.byteLength && new Uint8Array(one).every((byte, place) => byte === right[place])
}

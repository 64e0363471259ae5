// What becomes of bodies that are stored.

type Chunk = Uint8Array<ArrayBuffer>

/** All of a body, read ahead of its other readers, once it has come to its end; rejects where it breaks off or is longer than the limit, in bytes. */
export function copy(body: ReadableStream<Chunk>, limit: number): Promise<ArrayBuffer> {
  let size = 0
  const counter = new TransformStream<Chunk, Chunk>({
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

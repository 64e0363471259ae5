// A body on its way to a caller, copied as it comes.

type Chunk = Uint8Array<ArrayBuffer>

export interface Tapped {
  /** For the caller. */
  readonly stream: ReadableStream<Chunk>
  /** All of it, once it has come to its end; undefined where it is longer than the limit. Rejects where it breaks off. */
  readonly whole: Promise<ArrayBuffer | undefined>
}

/**
 * Reads a body ahead of its caller, up to the limit; a longer one at the caller's pace, and no copy is kept.
 *
 * @param limit bytes; below 0 for no copy
 * @param signal takes the body from the caller
 * @param cancel called when the caller wants no more
 * @param seen resolves when the copy has been seen to; until then the caller waits for the end
 */
export function tap(body: ReadableStream<Chunk>, limit: number, signal: AbortSignal | undefined, cancel: (reason: unknown) => void, seen: Promise<unknown>): Tapped {
  const reader = body.getReader()
  let chunks: Chunk[] = []
  let size = 0
  let controller!: ReadableStreamDefaultController<Chunk>
  /** Whether the caller still reads. */
  let open = true

  const close = (how: () => void): void => {
    if (open) how()
    open = false
    signal?.removeEventListener('abort', abort)
  }

  const abort = (): void => {
    const { reason } = signal!
    close(() => controller.error(reason))
    if (size > limit) reader.cancel(reason).catch(() => {})
  }

  /** Whether there was more. */
  const read = async (): Promise<boolean> => {
    try {
      const { done, value } = await reader.read()
      if (done) seen.finally(() => close(() => controller.close()))
      else {
        size += value.byteLength
        if (size <= limit) chunks.push(value)
        if (open) controller.enqueue(value)
      }
      return !done
    } catch (error) {
      close(() => controller.error(error))
      throw error
    }
  }

  const readAll = async (): Promise<ArrayBuffer | undefined> => {
    while (size <= limit) if (!(await read())) return join(chunks, size)
    chunks = []
    return undefined
  }

  const stream = new ReadableStream<Chunk>({
    start(given) {
      controller = given
    },
    async pull() {
      await whole.catch(() => {})
      if (open) await read()
    },
    cancel(reason) {
      close(() => {})
      cancel(reason)
      return size > limit ? reader.cancel(reason) : undefined
    },
  })
  signal?.addEventListener('abort', abort)
  const whole = readAll()
  return { stream, whole }
}

function join(chunks: readonly Chunk[], size: number): ArrayBuffer {
  const bytes = new Uint8Array(size)
  let at = 0
  for (const chunk of chunks) {
    bytes.set(chunk, at)
    at += chunk.byteLength
  }
  return bytes.buffer
}

export function isSame(one: ArrayBuffer, other: ArrayBuffer): boolean {
  const right = new Uint8Array(other)
  return one.byteLength === other.byteLength && new Uint8Array(one).every((byte, place) => byte === right[place])
}

// Which slot was used last: a doubly linked list over slot numbers in typed arrays, so that a use writes six numbers and
// allocates nothing. It also hands out the slots, and threads the free ones on the same array. Slot 0 is the list's ends.

export class RecencyList {
  /** Towards the less recently used; for a free slot, the next free one. */
  #next: Uint32Array
  /** Towards the more recently used. */
  #previous: Uint32Array
  #firstFree = 0
  #highest = 0

  constructor(capacity: number) {
    this.#next = new Uint32Array(capacity + 1)
    this.#previous = new Uint32Array(capacity + 1)
  }

  /** How many slots fit before {@link grow} is due. */
  get capacity(): number {
    return this.#next.length - 1
  }

  /** 0 when the list is empty. */
  get mostRecent(): number {
    return this.#next[0]!
  }

  /** 0 when the list is empty. */
  get leastRecent(): number {
    return this.#previous[0]!
  }

  /** The next less recently used slot; 0 at the end. */
  after(slot: number): number {
    return this.#next[slot]!
  }

  /** Takes a free slot and makes it the most recently used. The caller has seen to the capacity. */
  add(): number {
    let slot = this.#firstFree
    if (slot === 0) slot = ++this.#highest
    else this.#firstFree = this.#next[slot]!
    this.#linkFirst(slot)
    return slot
  }

  /** Makes a slot the most recently used. */
  use(slot: number): void {
    if (this.#next[0] === slot) return
    this.#unlink(slot)
    this.#linkFirst(slot)
  }

  /** Frees a slot. */
  remove(slot: number): void {
    this.#unlink(slot)
    this.#next[slot] = this.#firstFree
    this.#firstFree = slot
  }

  grow(capacity: number): void {
    this.#next = copyInto(new Uint32Array(capacity + 1), this.#next)
    this.#previous = copyInto(new Uint32Array(capacity + 1), this.#previous)
  }

  #linkFirst(slot: number): void {
    const first = this.#next[0]!
    this.#next[slot] = first
    this.#previous[slot] = 0
    this.#previous[first] = slot
    this.#next[0] = slot
  }

  #unlink(slot: number): void {
    const next = this.#next[slot]!
    const previous = this.#previous[slot]!
    this.#next[previous] = next
    this.#previous[next] = previous
  }
}

export function copyInto<T extends Uint32Array | Float64Array>(target: T, source: T): T {
  target.set(source)
  return target
}

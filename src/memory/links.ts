// Doubly linked rings of numbered nodes: a move writes six numbers and allocates nothing. Both links of a node are side by
// side in one typed array, which grows with the nodes. The owner has to know which nodes are in a ring.

export class Links {
  #links: Uint16Array | Uint32Array
  readonly #nodes: number

  /**
   * @param heads nodes 0 to `heads - 1` start as empty rings
   * @param most how many nodes may come after them
   */
  constructor(heads: number, most: number) {
    this.#nodes = heads + most
    this.#links = this.#allocate(128)
    while (--heads >= 0) this.#join(heads, heads)
  }

  next(node: number): number {
    return this.#links[2 * node]!
  }

  prev(node: number): number {
    return this.#links[2 * node + 1]!
  }

  /** Inserts a node after another. */
  add(node: number, before: number): void {
    if (2 * node >= this.#links.length) {
      const full = this.#links
      this.#links = this.#allocate(2 * Math.min(2 * node, this.#nodes))
      this.#links.set(full)
    }
    this.#join(node, this.next(before))
    this.#join(before, node)
  }

  /** Moves a node of a ring after another. Written out, because with calls of `delete` and `add` a hit takes 8 % longer. */
  move(node: number, before: number): void {
    const links = this.#links
    const next = links[2 * node]!
    const prev = links[2 * node + 1]!
    links[2 * prev] = next
    links[2 * next + 1] = prev
    const after = links[2 * before]!
    links[2 * node] = after
    links[2 * after + 1] = node
    links[2 * before] = node
    links[2 * node + 1] = before
  }

  delete(node: number): void {
    this.#join(this.prev(node), this.next(node))
  }

  #join(before: number, after: number): void {
    this.#links[2 * before] = after
    this.#links[2 * after + 1] = before
  }

  #allocate(length: number): Uint16Array | Uint32Array {
    return new (this.#nodes > 2 ** 16 ? Uint32Array : Uint16Array)(length)
  }
}

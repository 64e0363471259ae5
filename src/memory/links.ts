// Doubly linked rings over numbered nodes: a move writes six numbers and allocates nothing. Both links of a node lie side
// by side in one typed array, which grows as nodes come. Node 0 may only be a head: a link of 0 elsewhere says "in no ring".

export interface Links {
  /** 0 or `undefined` for a node that is in no ring. */
  next(node: number): number
  prev(node: number): number
  /** Puts a node behind another. */
  add(node: number, before: number): void
  delete(node: number): void
}

/** @param heads nodes 0 to `heads - 1` start as empty rings */
export function createLinks(heads: number): Links {
  let links = new Uint32Array(128)

  const next = (node: number): number => links[2 * node]!
  const prev = (node: number): number => links[2 * node + 1]!
  const join = (before: number, after: number): void => {
    links[2 * before] = after
    links[2 * after + 1] = before
  }
  while (--heads >= 0) join(heads, heads)

  return {
    next,
    prev,
    add(node, before) {
      if (2 * node >= links.length) {
        const full = links
        links = new Uint32Array(4 * node)
        links.set(full)
      }
      join(node, next(before))
      join(before, node)
    },
    delete(node) {
      join(prev(node), next(node))
      links[2 * node] = 0
    },
  }
}

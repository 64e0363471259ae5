// The linked rings alone, against plain arrays: order after any insertion and removal, several rings side by side, growth.

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Links } from '../../src/memory/links.ts'
import { runs } from '../helpers/property.ts'

/** Members of a ring forwards; fails when the way back differs. */
function ring(links: Links, head: number): number[] {
  const there: number[] = []
  for (let node = links.next(head); node !== head; node = links.next(node)) there.push(node)
  const back: number[] = []
  for (let node = links.prev(head); node !== head; node = links.prev(node)) back.push(node)
  expect(back.reverse()).toEqual(there)
  return there
}

describe('a ring', () => {
  it('starts empty', () => {
    const links = new Links(3, 10_000)
    for (const head of [0, 1, 2]) expect(ring(links, head)).toEqual([])
  })

  it('takes a node behind its head as the first, behind its last as the last, or in between', () => {
    const links = new Links(1, 10_000)
    links.add(1, 0)
    links.add(2, 0)
    links.add(3, links.prev(0))
    links.add(4, 2)
    expect(ring(links, 0)).toEqual([2, 4, 1, 3])
  })

  it('lets the first, the last, the middle and the only one go', () => {
    const links = new Links(1, 10_000)
    for (const node of [4, 3, 2, 1]) links.add(node, 0)
    links.delete(1)
    expect(ring(links, 0)).toEqual([2, 3, 4])
    links.delete(4)
    links.add(5, 0)
    links.delete(2)
    expect(ring(links, 0)).toEqual([5, 3])
    links.delete(3)
    links.delete(5)
    expect(ring(links, 0)).toEqual([])
  })

  it('keeps its members when it grows, and takes new ones', () => {
    const links = new Links(2, 10_000)
    links.add(2, 0)
    links.add(3, 1)
    for (const node of [64, 65, 200, 5000]) links.add(node, 0)
    expect([ring(links, 0), ring(links, 1)]).toEqual([[5000, 200, 65, 64, 2], [3]])
  })
})

it('agrees with arrays over any sequence of insertions, moves, removals and growth', () => {
  const HEADS = 3
  type Step = { node: number; behind: number; leave: boolean }
  const step: fc.Arbitrary<Step> = fc.record({ node: fc.oneof(fc.nat(30), fc.nat(2000)), behind: fc.nat(60), leave: fc.boolean() })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 150, size: 'max' }), (steps) => {
      const links = new Links(HEADS, 10_000)
      const naive: number[][] = Array.from({ length: HEADS }, (_, head) => [head])
      for (const { node: number, behind, leave } of steps) {
        const node = HEADS + number
        const home = naive.find((members) => members.includes(node))
        if (home !== undefined) {
          if (leave) links.delete(node)
          home.splice(home.indexOf(node), 1)
        }
        if (leave) continue
        const places = naive.flat()
        const before = places[behind % places.length]!
        if (home !== undefined) links.move(node, before)
        else links.add(node, before)
        const members = naive.find((list) => list.includes(before))!
        members.splice(members.indexOf(before) + 1, 0, node)
      }
      naive.forEach((members, head) => expect(ring(links, head)).toEqual(members.slice(1)))
    }),
    runs(500),
  )
})

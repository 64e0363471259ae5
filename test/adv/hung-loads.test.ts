// Loads whose loaders never end (a lost worker, a socket that never answers) are replaced after lockTimeout. Those that are
// "remembered" are MOST_RIVALS = 6; the others must go (design, rule 7: nothing grows without a bound).

import { expect, test } from 'vitest'
import { MEMORY_ALONE, placeOf, TWO_TIERS } from '../helpers/caches.ts'
import { turns } from '../helpers/deferred.ts'
import { collect } from '../helpers/heap.ts'

test.each([MEMORY_ALONE, TWO_TIERS])('$title: of loads that never end, only the latest are kept', async (arrangement) => {
  const place = placeOf(arrangement)
  const cache = place.open<number>()
  const counts: number[] = []
  for (const polls of [20, 40]) {
    const refs: WeakRef<object>[] = []
    const ask = (n: number): void => {
      const view = { rows: new Array(100).fill(n) }
      refs.push(new WeakRef(view))
      cache.getOrLoad('k', () => new Promise<number>(() => void view)).catch(() => {})
    }
    for (let n = 0; n < polls; n++) {
      ask(n)
      await turns()
      place.clock.advance(11_000)
    }
    for (let round = 0; round < 4; round++) await collect()
    counts.push(refs.filter((ref) => ref.deref()).length)
  }
  expect(Math.max(...counts), `alive of 20 and of 40: ${counts}`).toBeLessThan(9)
})

// README, `errorTtl`: "ms for which a failed load is not tried again". At the 1,001st failing key, all 1,000 before it were forgotten at
// once: a list of 1,500 items whose backend is down asked for 1,000 of them again.

import { expect, test } from 'vitest'
import { createCache } from '../../src/index.ts'

test('of 1,010 loads that failed, nearly all are not tried again', async () => {
  const cache = createCache<number>({ errorTtl: 60_000 })
  let calls = 0
  const ask = (n: number): Promise<unknown> =>
    cache
      .getOrLoad(`k${n}`, () => {
        calls++
        throw new Error('down')
      })
      .catch(() => {})
  for (let n = 0; n < 1_010; n++) await ask(n)
  calls = 0
  // The latest first: a bound may forget the earliest.
  for (let n = 1_009; n > 10; n--) await ask(n)
  expect(calls).toBeLessThan(20)
})

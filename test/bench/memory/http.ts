// A response that createCachedFetch gives from memory, against one made by hand from a Map.

import { createCachedFetch, type HttpEntry } from '../../../src/http/index.ts'
import { createCache } from '../../../src/index.ts'
import { answerOf, BODY_BYTES, checkAnswer, fetchFrom, HELD, MANNERS, originOf, urlOf, type MannerName } from '../answers.ts'
import { createPairs } from '../browser/page/workload.ts'
import { median } from '../statistics.ts'
import { TURN, type Answer } from './plan.ts'
import { time } from './timing.ts'

/** How often one is timed after the other. */
const REPEATS = 5
/** ms for the calls of each, and for warming up before. */
const LIMIT_MS = 300

/** @returns ns per call, each awaited: `cachedFetch` and `map` */
export async function answer(manner: MannerName, seed: number): Promise<Answer> {
  const pairs = createPairs(seed, HELD, BODY_BYTES)
  const cachedFetch = createCachedFetch(createCache<HttpEntry>(), { fetch: originOf(pairs) })
  for (const { key } of pairs) await (await cachedFetch(urlOf(key))).text()
  const answers = new Map(await Promise.all(pairs.map(async ({ key, value }) => [urlOf(key), await answerOf(value)] as const)))
  const contestants = { cachedFetch, map: fetchFrom(answers) }
  const calls = pairs.map(({ key }) => MANNERS[manner](urlOf(key)))
  const ns = { cachedFetch: [] as number[], map: [] as number[] }
  for (const fetch of Object.values(contestants)) for (const [place, { value }] of pairs.entries()) await checkAnswer(await fetch(...calls[place]!), value)
  for (let repeat = 0; repeat < REPEATS; repeat++) {
    for (const name of ['cachedFetch', 'map'] as const) {
      const fetch = contestants[name]
      const run = async (from: number, to: number): Promise<number> => {
        for (let call = from; call < to; call++) await fetch(...calls[call % HELD]!)
        return 0
      }
      ns[name].push((await time(TURN, run, LIMIT_MS)).ns)
    }
  }
  return { cachedFetch: median(ns.cachedFetch), map: median(ns.map) }
}

// The public HTTP cache tests, as far as they are at hand, against createCachedFetch as a private cache, on every arrangement
// of tiers. Each required case must pass. REAL_CLOCK=1 waits for each pause, HTTP_CACHE_TESTS names another directory.

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ARRANGEMENTS, type Hits } from './arrangements.ts'
import { CASES_PATH, kindOf, privateCases } from './cases.ts'
import { runCases } from './client.ts'
import { everythingForEver, noCache } from './mutants.ts'
import type { Verdict } from './judge.ts'
import { startOrigin, type Origin } from './origin.ts'
import { lineOf, reasonOf, scoreOf, type Score } from './score.ts'

const MINUTE = 60_000
/** The share of the optional cases that must pass. */
const OPTIMAL_SHARE = 0.9

const found = privateCases()
const cases = found ?? []
const required = cases.filter((each) => kindOf(each) === 'required')
if (!found) console.log(`\n!!! NOT TESTED: the HTTP cache tests are not at ${CASES_PATH}. HTTP_CACHE_TESTS names another directory.\n`)

let origin: Origin
beforeAll(async () => {
  origin = await startOrigin()
})
afterAll(() => origin.close())

/** What keeps a score from counting as conforming: the required cases that it misses. */
function faultsOf(score: Score): string[] {
  return [...score.required.missed].map(([id, reason]) => `${id}: ${reason}`)
}

describe.skipIf(!found)(found ? 'HTTP cache tests' : `HTTP cache tests: NOT RUN, there is no ${CASES_PATH}`, () => {
  describe.each(ARRANGEMENTS)('$title', ({ title, persists, open }) => {
    let verdicts: ReadonlyMap<string, Verdict> = new Map()
    const hits = { memory: 0, store: 0 }

    const openCounted = (...[clock, id]: Parameters<typeof open>) => {
      const standing = open(clock, `${title} ${id}`, { unreachable: '504' })
      const close = async (): Promise<void> => {
        const { memory, store }: Hits = standing.hits()
        await standing.close()
        hits.memory += memory
        hits.store += store
      }
      return { ...standing, close }
    }

    beforeAll(async () => {
      verdicts = await runCases(cases, origin, openCounted)
    }, MINUTE)

    test.each(required.map(({ id, name }) => [id, name]))('%s: %s', (id) => {
      expect(reasonOf(id, cases, verdicts)).toBeUndefined()
    })

    test(`of the optional cases, ${OPTIMAL_SHARE * 100} % pass`, () => {
      const score = scoreOf(cases, verdicts)
      console.log(`${title}: ${lineOf(score)}`)
      const { passed, of, missed } = score.optimal
      expect(passed / of, [...missed].join('\n')).toBeGreaterThanOrEqual(OPTIMAL_SHARE)
    })

    test(`answers come from ${persists ? 'the database, none from memory' : 'memory'}`, () => {
      expect(hits[persists ? 'store' : 'memory']).toBeGreaterThan(0)
      expect(hits[persists ? 'memory' : 'store']).toBe(0)
    })
  })

  test('a plain fetch does not pass, and scores what is known of it', async () => {
    const score = scoreOf(cases, await runCases(cases, origin, noCache))
    expect(lineOf(score)).toBe('11/78 required, 0/41 optimal, 4/39 check')
    expect(faultsOf(score)).toHaveLength(67)
  }, MINUTE)

  test('a cache that keeps everything for ever passes no required case', async () => {
    const score = scoreOf(cases, await runCases(cases, origin, everythingForEver))
    expect(score.required.passed).toBe(0)
    expect(faultsOf(score)).toHaveLength(required.length)
  }, MINUTE)
})

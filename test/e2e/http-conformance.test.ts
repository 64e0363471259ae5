// The public HTTP cache tests, as far as they are at hand, against createCachedFetch in a page of Chromium, whose own HTTP cache
// is below. In Node: ../http/conformance.test.ts, which says more.

import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { CASES_PATH, kindOf, privateCases } from '../http/cases.ts'
import { runCases, type OpenSession } from '../http/client.ts'
import type { Verdict } from '../http/judge.ts'
import { startOrigin, type Origin } from '../http/origin.ts'
import { lineOf, reasonOf, scoreOf } from '../http/score.ts'
import { bundleSide, launchBrowser, type RunningBrowser } from '../tabs/support/browser.ts'
import type { Call, Hits, Sessions } from './http-page.ts'

/** Of fields that browsers keep from scripts (Fetch, "forbidden response-header name"), or do not hand on. */
const UNSEEN = ['headers-store-Set-Cookie', 'headers-store-Set-Cookie2', 'headers-store-Clear-Site-Data']
/** The share of the optional cases that must pass. */
const OPTIMAL_SHARE = 0.9

const found = privateCases()
const cases = found ?? []
const required = cases.filter((each) => kindOf(each) === 'required' && !UNSEEN.includes(each.id))
if (!found) console.log(`\n!!! NOT TESTED in Chromium: the HTTP cache tests are not at ${CASES_PATH}. HTTP_CACHE_TESTS names another directory.\n`)

let origin: Origin
let browser: RunningBrowser
let page: Page

/** Runs in the page. */
const inPage = async <A, R>(work: (sessions: Sessions, argument: A) => R, argument: A): Promise<Awaited<R>> =>
  page.evaluate(`(${work})(sessions, ${JSON.stringify(argument)})`) as Promise<Awaited<R>>

beforeAll(async () => {
  if (!found) return
  origin = await startOrigin(await bundleSide(join(import.meta.dirname, 'http-page.ts')))
  browser = await launchBrowser('chromium')
  ;[page] = (await browser.openPages(1, true)) as [Page]
  await page.goto(origin.url)
})

afterAll(async () => {
  await browser?.close()
  await origin?.close()
})

describe.skipIf(!found)(found ? 'HTTP cache tests in Chromium' : `HTTP cache tests in Chromium: NOT RUN, there is no ${CASES_PATH}`, () => {
  describe.each([
    { title: 'memory', onDisk: false },
    { title: 'a named database', onDisk: true },
  ])('$title', ({ title, onDisk }) => {
    let verdicts: ReadonlyMap<string, Verdict> = new Map()
    const hits = { memory: 0, store: 0 }

    const open: OpenSession = (clock, session) => {
      const opening = inPage((sessions, [id, disk]) => sessions.open(id, disk), [session, onDisk] as const)
      return {
        async fetch(url, { signal: _, ...init }) {
          await opening
          const call: Call = { session, now: clock.now(), url, init }
          const { status, headers, text } = await inPage((sessions, given) => sessions.fetch(given), call)
          return { status, headers: new Headers(headers as [string, string][]), text: async () => text }
        },
        async close() {
          const { memory, store }: Hits = await inPage((sessions, id) => sessions.end(id), session)
          hits.memory += memory
          hits.store += store
        },
      }
    }

    beforeAll(async () => {
      verdicts = await runCases(cases, origin, open)
    })

    test.each(required.map(({ id, name }) => [id, name]))('%s: %s', (id) => {
      expect(reasonOf(id, cases, verdicts)).toBeUndefined()
    })

    test('no script sees the rest of the required ones', () => {
      expect(UNSEEN.filter((id) => reasonOf(id, cases, verdicts) !== undefined)).toEqual(UNSEEN)
    })

    test(`of the optional cases, ${OPTIMAL_SHARE * 100} % pass`, () => {
      const score = scoreOf(cases, verdicts)
      console.log(`Chromium, ${title}: ${lineOf(score)}`)
      const { passed, of, missed } = score.optimal
      expect(passed / of, [...missed].join('\n')).toBeGreaterThanOrEqual(OPTIMAL_SHARE)
    })

    test(`answers come from ${title} alone`, () => {
      expect(hits[onDisk ? 'store' : 'memory']).toBeGreaterThan(0)
      expect(hits[onDisk ? 'memory' : 'store']).toBe(0)
    })
  })
})

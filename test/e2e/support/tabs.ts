// A demo served as `npm start` does, a browser, and for every test a visitor with an origin, and so a database, of their own.

import { rmSync } from 'node:fs'
import type { BrowserContext } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, expect } from 'vitest'
import { openBrowser, temporaryFolder } from './browser.ts'
import { startDemo, type Site } from './demo.ts'
import { Visitor } from './visitor.ts'

export interface Demo {
  readonly site: Site
  /** The test's first. */
  readonly visitor: Visitor
  /** All of the test. */
  readonly visitors: readonly Visitor[]
  newTab(): Promise<Visitor>
  /** What has reached the server's API. */
  requestCount(): Promise<number>
}

/** Call it at the top of a file of tests. */
export function useDemo(): Demo {
  const profile = temporaryFolder()
  let site: Site
  let browser: BrowserContext
  let visitors: Visitor[] = []
  let origins = 0

  beforeAll(async () => {
    site = await startDemo()
    browser = await openBrowser(profile)
  })
  afterAll(async () => {
    await browser?.close()
    await site?.stop()
    rmSync(profile, { recursive: true, force: true, maxRetries: 5 })
  })
  beforeEach(async () => {
    origins++
    visitors = []
    await newTab()
  })
  afterEach(async () => {
    for (const { page } of visitors) await page.close()
    expect(visitors.flatMap(({ problems }) => problems), 'the console is clean').toEqual([])
  })

  async function newTab(): Promise<Visitor> {
    // Every name below .localhost is this machine.
    const tab = new Visitor(await browser.newPage(), `http://t${origins}.localhost:${site.port}/`)
    visitors.push(tab)
    return tab
  }

  return {
    get site() {
      return site
    },
    get visitor() {
      return visitors[0]!
    },
    get visitors() {
      return visitors
    },
    newTab,
    async requestCount() {
      const response = await fetch(`http://127.0.0.1:${site.port}/api/requests`)
      return ((await response.json()) as { requests: number }).requests
    },
  }
}

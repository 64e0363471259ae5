// A demo served as `npm start` does, a browser, and for every test a visitor with an origin, and so a database, of their own.

import { afterEach, beforeEach, expect } from 'vitest'
import { useServed, type Site } from './demo.ts'
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
  const served = useServed()
  let visitors: Visitor[] = []
  let origins = 0

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
    const tab = new Visitor(await served.browser.newPage(), `http://t${origins}.localhost:${served.site.port}/`)
    visitors.push(tab)
    return tab
  }

  return {
    get site() {
      return served.site
    },
    get visitor() {
      return visitors[0]!
    },
    get visitors() {
      return visitors
    },
    newTab,
    async requestCount() {
      const response = await fetch(`http://127.0.0.1:${served.site.port}/api/requests`)
      return ((await response.json()) as { requests: number }).requests
    },
  }
}

// What the demo's panel shows while the cache is used, and while something is broken: in a real Chromium with a profile on disk, the
// real library below.

import type { Page } from 'playwright-core'
import { beforeEach, describe, expect, test } from 'vitest'
import { useDemo } from './support/tabs.ts'
import type { Visitor } from './support/visitor.ts'

const demo = useDemo()
const { newTab, requestCount } = demo
let visitor: Visitor
let page: Page

beforeEach(() => {
  visitor = demo.visitor
  page = visitor.page
})

/** How much of the time line has been drawn on. */
function drawnShare(): number {
  const canvas = document.querySelector<HTMLCanvasElement>('#timeline canvas')!
  const { width, height } = canvas
  const copy = new OffscreenCanvas(width, height).getContext('2d', { willReadFrequently: true })!
  copy.drawImage(canvas, 0, 0)
  return copy.getImageData(0, 0, width, height).data.filter((value, index) => index % 4 === 3 && value > 0).length / (width * height)
}

describe('look inside', () => {
  test('entries move to their end, and a sweep takes what has expired', async () => {
    await visitor.open()
    await visitor.sees('Network', 'icons?page=1')
    await visitor.presses('Add 300 short-lived entries')
    await visitor.reads('#notice', /^300 writes of one tick were on disk/)
    await visitor.reads('#timeline-note', '301 fresh')
    await page.locator('#timeline').scrollIntoViewIfNeeded()
    await expect.poll(() => page.evaluate(drawnShare), { timeout: 3_000, message: 'the dots' }).toBeGreaterThan(0.01)
    await visitor.reads('#tiers', '200 of 200 entries')
    await visitor.reads('#tiers', '301 of 5,000 rows')
    await visitor.reads('#messages', 'set burst 1/1 and 299 more')
    await visitor.reads('#commits-note', '301 changes in 2 commits')
    await visitor.reads('#queue', 'Nothing waits')
    await visitor.presses('+1 h')
    await visitor.reads('#verdict', '300 keys expired')
    await visitor.reads('#timeline-note', '0 fresh, 1 stale')
    await page.locator('#timeline').scrollIntoViewIfNeeded()
    await expect.poll(() => page.evaluate(drawnShare), { timeout: 3_000, message: 'the dots that were swept' }).toBeLessThan(0.01)
    await visitor.reads('#tiers', '1 of 5,000 rows')
    await visitor.presses('Sweep now')
    await visitor.reads('#notice', 'Swept: nothing had expired.')
  })

  test('a load holds a lock, which another tab waits for: one request for both', async () => {
    await visitor.open()
    await visitor.sees('Network', 'icons?page=1')
    await visitor.chooses('slow')
    const other = await newTab()
    await other.open()
    const before = await requestCount()
    // It is held for as long as the server takes, which on a slow machine is not much longer than two presses.
    const watching = visitor.reads('#locks', /icons\?page=2(held|waiting)/)
    await Promise.all([watching, ...demo.visitors.map((tab) => tab.presses('Next page'))])
    for (const tab of demo.visitors) await tab.reads('#results', 'page 2 of')
    expect(await requestCount()).toBe(before + 1)
  })
})

describe('break it', () => {
  test.each([
    ['failing', 'Stale', 'the server failed with 503'],
    ['offline', 'Offline', 'no answer from the server'],
    ['slow', 'Offline', 'no answer from the server'],
  ] as const)('while the server is %s, what is stored stands in, and the rest can be tried again', async (how, source, reason) => {
    await visitor.open()
    await visitor.sees('Network', 'icons?page=1')
    await visitor.chooses(how)
    await visitor.presses('+1 h')
    await visitor.opensIcon('abb')
    if (how !== 'slow') await page.getByRole('heading', { name: 'No answer' }).waitFor()
    await visitor.goesBack()
    await visitor.sees(source, 'icons?page=1')
    await visitor.reads('#answer-reason', reason)
    await visitor.reads('#verdict', `The server is ${how}. Answered from: ${source}`)
    await visitor.chooses('well')
    await page.goBack()
    if (how !== 'slow') await visitor.sees('Network', 'icons/abb')
  })

  test('a full disk: memory takes what is new, and the fault is told', async () => {
    await visitor.open()
    await visitor.sees('Network', 'icons?page=1')
    await page.getByRole('switch', { name: 'Disk full' }).check()
    await visitor.presses('Next page')
    await visitor.sees('Network', 'icons?page=2')
    await visitor.reads('#status-text', 'Memory only: capacity')
    await visitor.reads('#faults', 'quota-exceeded')
    await page.goBack()
    await visitor.sees('Memory', 'icons?page=1')
    await page.goForward()
    await visitor.sees('Memory', 'icons?page=2')
    await visitor.presses('Add 300 short-lived entries')
    await visitor.reads('#messages', 'delete burst 1/1 and 299 more')
    await visitor.reads('#commits-note', /^1 change in 1 commit$/)
  })

  test('a deleted database is made anew, and filled by the next loads', async () => {
    await visitor.open()
    await visitor.sees('Network', 'icons?page=1')
    await visitor.reads('#tiers', '1 of 5,000 rows')
    await visitor.presses('Delete database')
    await visitor.reads('#verdict', 'The database is gone, with 1 row.')
    await visitor.reads('#tiers', '0 of 5,000 rows')
    await visitor.presses('Next page')
    await visitor.sees('Network', 'icons?page=2')
    // It is shown before it is on disk, and whoever leaves before gives it up.
    await visitor.reads('#tiers', '1 of 5,000 rows')
    await page.goBack()
    await visitor.sees('Network', 'icons?page=1')
    await visitor.reads('#status-text', 'Stored in IndexedDB')
    await visitor.reads('#faults', 'None so far.')
    await visitor.reads('#queue', 'Nothing waits to be written.')
    await visitor.reads('#tiers', '2 of 5,000 rows')
    const before = await requestCount()
    await page.reload()
    await visitor.sees('Disk', 'icons?page=1')
    await visitor.presses('Next page')
    await visitor.sees('Disk', 'icons?page=2')
    expect(await requestCount()).toBe(before)
  })

  test('a destroyed cache is gone in every tab; answers come from the network', async () => {
    await visitor.open()
    await visitor.sees('Network', 'icons?page=1')
    const other = await newTab()
    await other.open()
    await other.sees('Disk', 'icons?page=1')
    await visitor.presses('Destroy cache')
    await visitor.reads('#verdict', 'Destroyed, in all tabs: 0 databases left.')
    for (const tab of demo.visitors) await tab.reads('#status-text', 'Destroyed: nothing is cached')
    for (const tab of demo.visitors) await tab.reads('#notice', 'The cache is destroyed.')
    for (const name of ['Sweep now', 'Delete database']) await other.presses(name)
    await other.reads('#notice', 'The cache is destroyed.')
    await other.reads('#verdict', 'The cache is destroyed.')
    await other.presses('Next page')
    await other.sees('Network', 'icons?page=2')
    await other.reads('#answer-reason', 'past the cache')
  })

  test('a clock that is set back empties memory; the disk answers', async () => {
    await visitor.open()
    await visitor.sees('Network', 'icons?page=1')
    await visitor.presses('+1 min')
    await visitor.presses('Next page')
    await visitor.sees('Network', 'icons?page=2')
    await visitor.presses('Right')
    await visitor.reads('#verdict', /^Memory had \d entries, now 0;/)
    await page.goBack()
    await visitor.sees('Disk', 'icons?page=1')
  })
})

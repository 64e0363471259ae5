// The demo as a user meets it after `npm start`: a real Chromium with a profile on disk, the real library below. Where an answer
// came from is read from the page; what reached the server is read from the server's own count.

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

/** The stored responses; those of one second are past their date together, in any order. */
async function entries(): Promise<string[]> {
  return (await page.locator('#entries code').allTextContents()).sort()
}

describe('where answers come from', () => {
  test('the network first, memory the second time, disk after a reload', async () => {
    await visitor.open()
    await visitor.sees('Network', 'icons?page=1')
    await visitor.opensIcon('abb')
    await visitor.sees('Network', 'icons/abb')
    await page.goBack()
    await visitor.sees('Memory', 'icons?page=1')

    const before = await requestCount()
    await visitor.opensIcon('abb')
    await visitor.sees('Memory', 'icons/abb')
    await page.reload()
    await visitor.sees('Disk', 'icons/abb')
    expect(await page.locator('h1:visible').textContent()).toBe('ABB')
    await visitor.goesBack()
    await visitor.sees('Disk', 'icons?page=1')
    expect(await requestCount()).toBe(before)
    await expect.poll(entries).toEqual(['icons/abb', 'icons?page=1'])
    await visitor.reads('#status-text', 'Stored in IndexedDB')
  })

  test('past its date an answer is served at once, and asked about in the background', async () => {
    await visitor.open('#/icon/abb')
    await visitor.sees('Network', 'icons/abb')
    await visitor.goesBack()
    await visitor.sees('Network', 'icons?page=1')
    const before = await requestCount()
    await visitor.presses('+1 min')
    await visitor.reads('#entries-count', '0 fresh, 2 stale')
    await visitor.opensIcon('abb')
    await visitor.sees('Stale', 'icons/abb')
    await visitor.reads('#notice', 'icons/abb: unchanged')
    expect(await requestCount()).toBe(before + 1)
    await visitor.reads('.stamp-left', /^0:[23]\d left$/)
  })

  test('the stamp tells what is past its date from what is past its window too, and from what is gone', async () => {
    await visitor.open('#/icon/abb')
    await visitor.reads('.stamp-left', /^0:\d\d left$/)
    await visitor.presses('+1 min')
    await visitor.reads('.stamp-left', /^past: 4:\d\d more, while the server is asked$/)
    await visitor.presses('+1 h')
    await visitor.reads('.stamp-left', 'past: stands in if the server fails')
    await visitor.presses('Clear')
    await visitor.reads('.stamp', 'Best before--:--:--not stored')
  })

  test('what the server says of freshness is chosen, and survives a reload', async () => {
    await visitor.open()
    await page.locator('#max-age').press('Home')
    await page.reload()
    await visitor.reads('#max-age-value', '5 seconds')
    expect(await page.locator('#max-age').getAttribute('aria-valuetext')).toBe('5 seconds')
  })

  test('clear empties both tiers, in every tab', async () => {
    await visitor.open()
    await visitor.sees('Network', 'icons?page=1')
    const before = await requestCount()
    const other = await newTab()
    await other.open()
    await other.sees('Disk', 'icons?page=1')
    expect(await requestCount()).toBe(before)
    for (const tab of demo.visitors) await tab.reads('#entries-count', '1 response')
    await other.presses('Clear')
    // Sooner than any timer of the page would tell.
    for (const tab of demo.visitors) await expect.poll(() => tab.page.locator('#entries-count').textContent(), { timeout: 1_000, interval: 20 }).toBe('none')
    await visitor.presses('Reload page')
    await visitor.sees('Network', 'icons?page=1')
  })
})

describe('editing', () => {
  test('an edit shows at once in the item and the lists, in this tab and another', async () => {
    await visitor.open()
    await visitor.sees('Network', 'icons?page=1')
    const other = await newTab()
    await other.open()
    await other.sees('Disk', 'icons?page=1')
    await visitor.opensIcon('abb')
    await visitor.sees('Network', 'icons/abb')
    await visitor.edits('Asea Brown Boveri', 'Zürich')
    await visitor.reads('#icon-title', 'Asea Brown Boveri')
    await visitor.reads('.facts', 'Zürich')
    await other.reads('[data-slug="abb"]', 'Asea Brown Boveri')
    await visitor.goesBack()
    await visitor.reads('[data-slug="abb"]', 'Asea Brown Boveri')
  })

  test('a draft survives a reload; an edit of what was changed meanwhile is refused', async () => {
    await visitor.open('#/icon/abb')
    await visitor.sees('Network', 'icons/abb')
    await visitor.presses('Edit')
    await page.getByLabel('Notes').fill('to be told')
    await page.getByLabel('Notes').dispatchEvent('keydown', { key: 'Escape', isComposing: true })
    await page.getByLabel('Notes').press('Escape')
    await visitor.presses('Edit')
    await visitor.reads('.edit', 'Your draft from before.')
    await page.reload()
    await visitor.reads('.edit', 'Your draft from before.')
    expect(await page.getByLabel('Notes').inputValue()).toBe('to be told')

    const token = { authorization: 'Bearer ada' }
    const body = JSON.stringify({ title: 'ABB Ltd', notes: '' })
    await fetch(`http://127.0.0.1:${demo.site.port}/api/icons/abb`, { method: 'PATCH', headers: token, body })
    await visitor.presses('Save')
    await visitor.reads('.edit', 'changed meanwhile')
  })

  test('logout leaves nothing of the user, in any tab, and the next user sees nothing of theirs', async () => {
    await visitor.open('#/icon/aiqfome')
    await visitor.sees('Network', 'icons/aiqfome')
    await visitor.edits('Ada’s own')
    const other = await newTab()
    await other.open('#/icon/aiqfome')
    await other.reads('#icon-title', 'Ada’s own')
    await visitor.presses('Log out')
    for (const tab of demo.visitors) await tab.reads('#left-over', 'Nothing of Ada is left, in any tab: 0 rows in IndexedDB, 0 in the cache.')
    for (const tab of demo.visitors) expect(await tab.page.content()).not.toContain('Ada’s own')
    await visitor.presses('Log in as Ben')
    for (const tab of demo.visitors) await tab.reads('#icon-title', /^Aiqfome$/)
    // Both tabs load at once: one asks the network, and the other may read what that one stored.
    const tiers = async () => (await Promise.all(demo.visitors.map((tab) => tab.page.locator('#log .log-tier').allTextContents()))).flat()
    await expect.poll(tiers).toContain('Network')
    for (const tab of demo.visitors) expect(await tab.page.content()).not.toContain('Ada’s own')
    expect(await page.locator('#user').inputValue()).toBe('ben')
  })
})

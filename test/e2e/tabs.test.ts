// The page of two tabs, as a visitor uses it: what one pane does the other shows, of all panes one wins, and one loads.

import type { FrameLocator, Page } from 'playwright-core'
import { beforeEach, describe, expect, test } from 'vitest'
import { expectFits, usePages } from './pages.ts'

const pages = usePages()
const { press } = pages
let page: Page
let left: FrameLocator
let right: FrameLocator

beforeEach(async () => {
  page = await pages.open('tabs.html')
  left = page.frameLocator('iframe[title="Left pane"]')
  right = page.frameLocator('iframe[title="Right pane"]')
  for (const pane of [left, right]) await pane.getByRole('button', { name: 'Delete coffee' }).waitFor()
})

const box = (pane: FrameLocator, name: string) => pane.getByRole('textbox', { name })
const expectValue = (pane: FrameLocator, name: string, value: string) => expect.poll(() => box(pane, name).inputValue()).toBe(value)
const expectText = (locate: () => Promise<string | null>, text: string | RegExp) => expect.poll(locate).toMatch(text)
const eventsOf = (pane: FrameLocator, what: string) => pane.locator('#events li', { hasText: what })

describe('two tabs', () => {
  test('what is typed and deleted in one shows in the other, which marks it as remote', async () => {
    await box(left, 'milk').fill('3 litres')
    await expectValue(right, 'milk', '3 litres')
    await eventsOf(left, 'localsetmilk').first().waitFor()
    await eventsOf(right, 'remotesetmilk').first().waitFor()
    await right.getByRole('button', { name: 'Delete bread' }).click()
    await expectValue(left, 'bread', '')
    await left.getByRole('button', { name: 'Put back bread' }).click()
    await expectValue(right, 'bread', '1 loaf')
    await right.getByRole('button', { name: 'Clear' }).click()
    await eventsOf(left, 'remotedeletePrefixeverything').waitFor()
    for (const name of ['milk', 'bread', 'coffee']) await expectValue(left, name, '')
  })

  test('of two that take the seat at once exactly one gets it', async () => {
    await press('Take the seat')
    await expectText(() => page.locator('#seat-said').textContent(), /^2 panes asked for the seat: (Left|Right) got it, (Left|Right) did not\.$/)
    const results = await Promise.all([left, right].map((pane) => pane.locator('#seat-result').textContent()))
    expect(results.sort()).toEqual(['add() gave false', 'add() gave true'])
    await expectFits(page, 'tabs')
  })

  test('both load at once, and the server is asked once', async () => {
    await press('Load the report')
    await expectText(() => page.locator('#load-said').textContent(), '2 panes have the report; the server was asked once.')
    expect(await page.locator('#requests').textContent()).toBe('1')
    await right.getByRole('button', { name: 'Load it' }).click()
    await expectText(() => right.locator('#report-state').textContent(), /^Loaded (here|by Left), answered in /)
    expect(await page.locator('#load-said').textContent(), 'who has asked twice counts once').toBe('2 panes have the report; the server was asked once.')
    expect(await page.locator('#requests').textContent()).toBe('1')
  })

  test('a second window takes part in all of it', async () => {
    const [other] = await Promise.all([pages.browser.waitForEvent('page'), press('Open a second window')])
    const pane = other.frameLocator('iframe[title="Left of window 2 pane"]')
    await pane.getByRole('button', { name: 'Delete coffee' }).waitFor()
    await other.frameLocator('iframe[title="Right of window 2 pane"]').getByRole('button', { name: 'Delete coffee' }).waitFor()
    await box(pane, 'milk').fill('none')
    await expectValue(left, 'milk', 'none')
    await press('Take the seat')
    await expectText(() => page.locator('#seat-said').textContent(), /^4 panes asked for the seat: (Left|Right)( of window 2)? got it, /)
    await press('Load the report')
    await expectText(() => other.locator('#load-said').textContent(), '4 panes have the report; the server was asked once.')
    const own = await pages.browser.newPage()
    await own.goto(page.url())
    await own.locator('iframe[title="Left of window 3 pane"]').waitFor()
    for (const window of [own, other]) await window.close()
  })
})

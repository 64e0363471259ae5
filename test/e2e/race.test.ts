// The page of the race, as a visitor runs it, with few entries: who raced, what is shown and copied, and that nothing is left.

import type { Page } from 'playwright-core'
import { describe, expect, test } from 'vitest'
import { expectFits, usePages } from './pages.ts'

const TASKS = ['50 sets at once', '20 sets, each awaited', '50 gets, none in memory', 'Delete what expired among 200']
const NAMES = ['bestbefore', 'idb-keyval', 'localForage', 'Dexie']

const pages = usePages()
const { press } = pages
let page: Page

const statusText = () => page.getByRole('status').textContent()
const databases = () => page.evaluate(async () => (await indexedDB.databases()).map(({ name }) => name))

describe('the race', () => {
  test('every library does every task, the results can be copied, and nothing stays', async () => {
    page = await pages.open('race.html?quick')
    await press('Start the race')
    await expect.poll(statusText, { timeout: 50_000 }).toMatch(/^Done\. Every library did all of its work\. bestbefore was the fastest in [0-4] of 4/)
    for (const task of TASKS) {
      const rows = page.getByRole('table', { name: task }).getByRole('row')
      const texts = await rows.allInnerTexts()
      expect(texts.slice(1).map((text) => text.split(/\s/)[0])).toEqual(NAMES)
      for (const text of texts.slice(1)) expect(text).toMatch(/\d\.\d+×\s+[\d.]+ ms$/)
      expect(texts[1]).toContain('1.00×')
    }
    expect(await databases()).toEqual([])
    await press('Copy the results')
    await expect.poll(statusText).toBe('Copied as a Markdown table.')
    const lines = (await page.locator('#table').textContent())!.split('\n')
    expect(lines[2]).toBe('| | bestbefore | idb-keyval | localForage | Dexie | bestbefore, ms |')
    expect(lines.slice(4).map((line) => line.split(' | ')[0])).toEqual(TASKS.map((task) => `| ${task}`))
    await expectFits(page, 'race')
  })

  test('is cancelled between two steps, and deletes what it has stored', async () => {
    page = await pages.open('race.html')
    await press('Start the race')
    await page.getByText('Round 1 of 3').waitFor()
    await press('Cancel')
    await expect.poll(statusText).toBe('Cancelled. What was stored is deleted.')
    expect(await databases()).toEqual([])
    expect(await page.getByRole('button', { name: 'Start the race' }).isEnabled()).toBe(true)
  })

  test('does not run in two tabs at once', async () => {
    page = await pages.open('race.html')
    await press('Start the race')
    await page.getByText('Round 1 of 3').waitFor()
    const other = await pages.browser.newPage()
    await other.goto(page.url())
    await other.getByRole('button', { name: 'Start the race' }).click()
    await expect.poll(() => other.getByRole('status').textContent()).toMatch(/^Another tab is racing/)
    await other.close()
    await press('Cancel')
    await expect.poll(statusText).toBe('Cancelled. What was stored is deleted.')
  })
})

// The page about the leak, as a visitor runs it: which side forgets, and which keeps.

import type { Page } from 'playwright-core'
import { describe, expect, test } from 'vitest'
import { expectFits, usePages } from './pages.ts'

const pages = usePages()
const { press } = pages
let page: Page

async function numberAt(id: string): Promise<number> {
  return Number((await page.locator(`#${id}`).textContent())!.replaceAll(',', ''))
}

const choose = (name: string) => page.getByRole('radio', { name, exact: true }).check({ force: true })

describe('the leak', () => {
  test('keys that are set and removed climb on the left, and are gone on the right', async () => {
    page = await pages.open('leak.html')
    await press('Start')
    await expect.poll(() => numberAt('left-held')).toBeGreaterThan(1_000)
    await press('Pause')
    expect(await page.locator('#sentence').textContent()).toMatch(/^([\d,]+) keys were set and removed\. The left still holds \1; bestbefore holds none\.$/)
    expect([await numberAt('left-size'), await numberAt('right-held'), await numberAt('right-size')]).toEqual([0, 0, 0])
    expect(await page.locator('#status').textContent()).toBe(await page.locator('#sentence').textContent())
    await expectFits(page, 'leak')
    await press('Reset')
    expect(await numberAt('left-held')).toBe(0)
  })

  test('a minute in which the tab is frozen leaves keys behind on the left alone', async () => {
    page = await pages.open('leak.html')
    await choose('Removed, then frozen')
    await press('Start')
    await press('Freeze for a minute')
    const status = page.locator('#status')
    await expect.poll(() => status.textContent()).toMatch(/frozen for a minute 1 time\..* bestbefore holds none\.$/)
    const kept = await numberAt('left-held')
    expect(kept).toBeGreaterThan(100)
    // Sweep after sweep does not find them.
    await press('Freeze for a minute')
    await expect.poll(() => status.textContent()).toMatch(/ 2 times/)
    expect(await numberAt('left-held')).toBeGreaterThan(kept)
  })

  test('what expired meanwhile leaves memory and disk on the right, and stays with its values on the left', async () => {
    page = await pages.open('leak.html')
    await choose('Expired while frozen')
    await choose('Memory and disk')
    await press('Start')
    await press('Freeze for a minute')
    await expect.poll(() => page.locator('#status').textContent()).toMatch(/ 1 time\./)
    await press('Freeze for a minute')
    await expect.poll(() => page.locator('#status').textContent()).toMatch(/ 2 times/)
    // The right side sweeps its disk meanwhile.
    await expect.poll(async () => (await numberAt('left-held')) - (await numberAt('right-held'))).toBeGreaterThan(0)
    await press('Pause')
    const [left, right] = [await numberAt('left-held'), await numberAt('right-held')]
    expect(left).toBeGreaterThan(right)
    expect(await numberAt('left-characters')).toBeGreaterThan(100 * left)
    await press('Reset')
    await expect.poll(() => page.evaluate(recordsOnDisk)).toBe(0)
  })
})

async function recordsOnDisk(): Promise<number> {
  const counts = (await indexedDB.databases()).map(
    ({ name = '' }) =>
      new Promise<number>((resolve) => {
        const opening = indexedDB.open(name)
        opening.onsuccess = () => {
          const counting = opening.result.transaction('entries').objectStore('entries').count()
          counting.onsuccess = () => {
            opening.result.close()
            resolve(counting.result)
          }
        }
      }),
  )
  return (await Promise.all(counts)).reduce((sum, count) => sum + count, 0)
}

// Makes the README's picture of the demo: `npm run picture`.

import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { openBrowser, startDemo, temporaryFolder } from '../support/demo.ts'

const PICTURE = join(import.meta.dirname, '../../../demo/picture.png')
/** ms after which an answer of the server is on screen. */
const SETTLED = 800

/** A visitor's minute: pages, a search, and the way back, which memory answers. @returns the exit code */
export async function main(): Promise<number> {
  const site = await startDemo()
  const profile = temporaryFolder()
  const browser = await openBrowser(profile)
  try {
    const page = await browser.newPage()
    await page.setViewportSize({ width: 1120, height: 1000 })
    await page.goto(`http://127.0.0.1:${site.port}/`)
    await page.waitForTimeout(2 * SETTLED)
    for (const id of ['next', 'next', 'previous']) {
      await page.locator(`#${id}`).click()
      await page.waitForTimeout(SETTLED)
    }
    for (const text of ['git', '']) {
      await page.locator('#search').fill(text)
      await page.waitForTimeout(SETTLED)
    }
    await page.getByRole('button', { name: 'Add 300 short-lived entries' }).click()
    await page.waitForTimeout(SETTLED)
    await page.screenshot({ path: PICTURE, fullPage: true, clip: { x: 0, y: 0, width: 1120, height: 1240 } })
    return 0
  } finally {
    await browser.close()
    await site.stop()
    rmSync(profile, { recursive: true, force: true, maxRetries: 5 })
  }
}

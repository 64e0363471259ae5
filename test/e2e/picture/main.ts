// Makes the README's picture of the demo: `npm run picture`.

import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { openBrowser, temporaryFolder } from '../support/browser.ts'

const ROOT = join(import.meta.dirname, '../../..')
const VITE = join(ROOT, 'node_modules/.bin/vite')
const SIZE = { width: 1120, height: 1240 }
/** ms after which an answer of the server is on screen. */
const SETTLED = 1_500

/** A visitor's minute: pages, a search, and the way back, which memory answers. @returns the exit code */
export async function main(): Promise<number> {
  execFileSync(VITE, ['build', '--mode', 'served', '--logLevel', 'warn'], { cwd: ROOT, stdio: 'inherit' })
  const server = spawn(VITE, ['preview', '--mode', 'served', '--host', '127.0.0.1'], { cwd: ROOT, env: { ...process.env, NO_COLOR: '1' } })
  const profile = temporaryFolder()
  const browser = await openBrowser(profile)
  try {
    const [said] = (await once(server.stdout, 'data')) as [Buffer]
    const page = await browser.newPage()
    await page.setViewportSize(SIZE)
    await page.goto(String(said).match(/http:\S+/)![0])
    await page.waitForTimeout(2 * SETTLED)
    for (const id of ['next', 'next', 'previous']) {
      await page.locator(`#${id}`).click()
      await page.waitForTimeout(SETTLED)
    }
    for (const text of ['git', '']) {
      await page.locator('#search').fill(text)
      await page.waitForTimeout(SETTLED)
    }
    await page.locator('#burst').click()
    await page.waitForTimeout(SETTLED)
    await page.evaluate(() => scrollTo(0, 0))
    await page.screenshot({ path: join(ROOT, 'demo/picture.png') })
    return 0
  } finally {
    server.kill()
    await browser.close()
    rmSync(profile, { recursive: true, force: true, maxRetries: 5 })
  }
}

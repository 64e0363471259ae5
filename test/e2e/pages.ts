// A demo page under test: Vite's dev server, and Chromium with a profile on disk. Each test has an origin, and so databases, of its own.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { chromium, type BrowserContext, type Page } from 'playwright-core'
import { createServer } from 'vite'
import { expect } from 'vitest'
import { findEngine } from '../browser/engines.ts'

const ROOT = join(import.meta.dirname, '../..')
const PICTURES = join(ROOT, 'test-results/demo')
const SIZES = { 360: { width: 360, height: 740 }, 1280: { width: 1280, height: 900 } }

export interface Demo {
  readonly browser: BrowserContext
  /** Opens a page under a new origin. */
  open(path: string): Promise<Page>
  /** What the consoles of all pages have said since the last call. */
  problems(): string[]
  stop(): Promise<void>
}

export async function startDemo(): Promise<Demo> {
  const home = mkdtempSync(join(tmpdir(), 'bestbefore-demo-'))
  const server = await createServer({
    configFile: join(ROOT, 'vite.config.ts'),
    mode: 'development',
    logLevel: 'error',
    cacheDir: join(home, 'vite'),
    server: { host: '127.0.0.1', port: 0, watch: null },
  })
  await server.listen()
  const address = server.httpServer?.address()
  const port = typeof address === 'object' && address ? address.port : 0
  const browser = await chromium.launchPersistentContext(join(home, 'profile'), {
    executablePath: findEngine('chromium') ?? 'chromium',
    args: ['--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking', '--disable-sync'],
    reducedMotion: 'reduce',
    viewport: SIZES[1280],
  })
  let problems: string[] = []
  browser.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) problems.push(message.text())
  })
  browser.on('weberror', (error) => problems.push(String(error.error())))
  let origins = 0
  return {
    browser,
    async open(path) {
      const page = await browser.newPage()
      // Every name below .localhost is this machine.
      await page.goto(`http://p${++origins}.localhost:${port}/${path}`)
      return page
    },
    problems() {
      const said = problems
      problems = []
      return said
    },
    async stop() {
      await browser.close()
      await server.close()
      rmSync(home, { recursive: true, force: true, maxRetries: 5 })
    },
  }
}

/** Pictures at 360 and 1280 px, light and dark; at none of them does the page scroll sideways. */
export async function expectFits(page: Page, name: string): Promise<void> {
  for (const width of [360, 1280] as const) {
    await page.setViewportSize(SIZES[width])
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme })
      await page.screenshot({ path: join(PICTURES, `${name}-${width}-${colorScheme}.png`), fullPage: true })
    }
    const [content = 0, room = 0] = await page.evaluate(() => [document.documentElement.scrollWidth, document.documentElement.clientWidth])
    expect(content, `no horizontal scrolling at ${width} px`).toBeLessThanOrEqual(room)
  }
}

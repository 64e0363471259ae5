// The demo as a user meets it: Vite's dev server, a real Chromium with a profile on disk, the real library below.
// Which tier answered is read from the page; what reached the server is read from the server's own count.
// Every test has an origin, and so a database, of its own. Screenshots go to test-results/demo/.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { chromium, type BrowserContext, type Page } from 'playwright-core'
import { build, createServer, type ViteDevServer } from 'vite'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { findEngine } from '../browser/engines.ts'

const ROOT = join(import.meta.dirname, '../..')
const CONFIG = join(ROOT, 'vite.config.ts')
const PICTURES = join(ROOT, 'test-results/demo')
const DESKTOP = { width: 1280, height: 900 }
const PHONE = { width: 360, height: 740 }
const TTL_KEY = 'bestbefore-demo:ttl'

let server: ViteDevServer
let port: number
let profile: string
let browser: BrowserContext
let origin: string
let page: Page
let origins = 0
let problems: string[] = []

beforeAll(async () => {
  server = await createServer({
    configFile: CONFIG,
    mode: 'development',
    logLevel: 'error',
    server: { host: '127.0.0.1', port: 0, watch: null },
  })
  await server.listen()
  const address = server.httpServer?.address()
  port = typeof address === 'object' && address ? address.port : 0
  profile = mkdtempSync(join(tmpdir(), 'bestbefore-demo-'))
  browser = await chromium.launchPersistentContext(profile, {
    executablePath: findEngine('chromium') ?? 'chromium',
    args: ['--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking', '--disable-sync'],
    reducedMotion: 'reduce',
    viewport: DESKTOP,
  })
})

afterAll(async () => {
  await browser?.close()
  await server?.close()
  rmSync(profile, { recursive: true, force: true, maxRetries: 5 })
})

beforeEach(async () => {
  // Every name below .localhost is this machine.
  origin = `http://t${++origins}.localhost:${port}`
  problems = []
  page = await browser.newPage()
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) problems.push(message.text())
  })
  page.on('pageerror', (error) => problems.push(String(error)))
})

afterEach(async () => {
  await page.close()
  expect(problems, 'the console is clean').toEqual([])
})

async function open(hash = '#/'): Promise<void> {
  await page.goto(`${origin}/${hash}`)
}

/** Waits until the last answer shown is this one. */
async function expectAnswer(tier: 'Memory' | 'Disk' | 'Network', key: string): Promise<void> {
  const shown = async () => [await page.locator('#answer-tier').textContent(), await page.locator('#answer-key').textContent()]
  await expect.poll(shown, { timeout: 5_000 }).toEqual([tier, key])
}

async function expectTexts(selector: string, texts: string[]): Promise<void> {
  await expect.poll(() => page.locator(selector).allTextContents(), { timeout: 5_000 }).toEqual(texts)
}

async function expectFocus(selector: string): Promise<void> {
  await expect.poll(() => page.locator(selector).evaluate((element) => element === document.activeElement)).toBe(true)
}

async function requestCount(): Promise<number> {
  const { requests } = (await (await fetch(`http://127.0.0.1:${port}/api/requests`)).json()) as { requests: number }
  return requests
}

/** Before the page loads: its timers and its clock then follow the test. */
async function useShortTtl(): Promise<void> {
  await page.clock.install()
  await page.addInitScript(([key, ttl]) => localStorage.setItem(key, ttl), [TTL_KEY, '5000'] as const)
}

describe('tiers', () => {
  test('the network answers first, memory the second time, disk after a reload', async () => {
    await open()
    await expectAnswer('Network', 'icons?page=1')
    await page.locator('[data-slug="abb"]').click()
    await expectAnswer('Network', 'icons/abb')
    await page.goBack()
    await expectAnswer('Memory', 'icons?page=1')

    const before = await requestCount()
    await page.locator('[data-slug="abb"]').click()
    await expectAnswer('Memory', 'icons/abb')
    await page.reload()
    await expectAnswer('Disk', 'icons/abb')
    expect(await page.locator('h1:visible').textContent()).toBe('ABB')
    await page.getByRole('link', { name: 'Back to icons' }).click()
    await expectAnswer('Disk', 'icons?page=1')
    expect(await requestCount()).toBe(before)
    await expectTexts('#entries code', ['icons?page=1', 'icons/abb'])
    await expectTexts('#status-text', ['Stored in IndexedDB'])
  })

  test('an expired entry is asked of the network again', async () => {
    await useShortTtl()
    await open('#/icon/abb')
    await expectAnswer('Network', 'icons/abb')
    await page.getByRole('link', { name: 'Back to icons' }).click()
    await expectAnswer('Network', 'icons?page=1')

    const before = await requestCount()
    await page.clock.fastForward(6_000)
    await expect.poll(() => page.locator('#entries-count').textContent()).toBe('0 fresh, 2 expired')
    await page.locator('[data-slug="abb"]').click()
    await expectAnswer('Network', 'icons/abb')
    expect(await requestCount()).toBe(before + 1)
  })

  test('sweep removes what has expired and tells how many', async () => {
    await useShortTtl()
    await open()
    await expectAnswer('Network', 'icons?page=1')
    await page.locator('#ttl').press('End')
    await page.getByRole('button', { name: 'Prefetch next page' }).click()
    await expectAnswer('Network', 'icons?page=2')

    await page.clock.fastForward(6_000)
    await page.getByRole('button', { name: 'Sweep now' }).click()
    await expectTexts('#notice', ['Swept 1 expired entry.'])
    await expectTexts('#entries code', ['icons?page=2'])
    await page.getByRole('button', { name: 'Sweep now' }).click()
    await expectTexts('#notice', ['Swept: nothing had expired.'])
  })

  test('clear empties both tiers', async () => {
    await open()
    await expectAnswer('Network', 'icons?page=1')
    await page.getByRole('button', { name: 'Clear' }).click()
    await expectTexts('#entries code', [])
    expect(await page.getByText('Nothing is cached yet.').isVisible()).toBe(true)
    await page.getByRole('button', { name: 'Reload page' }).click()
    await expectAnswer('Network', 'icons?page=1')
  })

  test('a second tab gets what the first has loaded, and both agree when one clears', async () => {
    await open()
    await expectAnswer('Network', 'icons?page=1')
    const before = await requestCount()
    const other = await browser.newPage()
    try {
      await other.goto(`${origin}/#/`)
      await expect.poll(() => other.locator('#answer-tier').textContent()).toBe('Disk')
      expect(await requestCount()).toBe(before)
      const entriesOf = (tab: Page) => tab.locator('#entries-count').textContent()
      for (const tab of [page, other]) await expect.poll(() => entriesOf(tab)).toBe('1 entry')
      await other.getByRole('button', { name: 'Clear' }).click()
      // Sooner than any timer of the page would tell.
      for (const tab of [other, page]) await expect.poll(() => entriesOf(tab), { timeout: 1_000, interval: 20 }).toBe('none')
    } finally {
      await other.close()
    }
  })

  test('the TTL that was chosen survives a reload', async () => {
    await open()
    await page.locator('#ttl').press('Home')
    await page.reload()
    await expectTexts('#ttl-value', ['5 seconds'])
    expect(await page.locator('#ttl').getAttribute('aria-valuetext')).toBe('5 seconds')
  })

  test('while the server is down the cache answers, and the rest can be tried again', async () => {
    await open()
    await expectAnswer('Network', 'icons?page=1')
    await page.getByRole('switch', { name: 'Server down' }).check()
    await page.getByRole('button', { name: 'Next page', exact: true }).click()
    await page.getByRole('heading', { name: 'No answer' }).waitFor()
    await page.goBack()
    await expectAnswer('Memory', 'icons?page=1')
    await page.goForward()
    await page.getByText('The server is down.').waitFor()
    await expectTexts('#answer-tier', ['No answer'])
    await page.getByRole('switch', { name: 'Server down' }).uncheck()
    await page.getByRole('button', { name: 'Try again' }).click()
    await expectAnswer('Network', 'icons?page=2')
    expect(problems.filter((text) => !text.includes('503'))).toEqual([])
    problems = []
  })
})

describe('the app', () => {
  test('is used by keyboard alone, and the focus comes back', async () => {
    await open()
    await expectAnswer('Network', 'icons?page=1')
    await tabTo('#search')
    await page.keyboard.type('github')
    await expectAnswer('Network', 'icons?search=github&page=1')
    await tabTo('.tiles a')
    await page.keyboard.press('Enter')
    await expectAnswer('Network', 'icons/github')
    await expectFocus('#icon-title')
    await page.keyboard.press('Escape')
    await expectFocus('[data-slug="github"]')
    expect(new URL(page.url()).hash).toBe('#/?q=github')
    await page.keyboard.press('Enter')
    await expectAnswer('Memory', 'icons/github')
    await page.goBack()
    await expectFocus('[data-slug="github"]')
  })

  test('follows the address: bookmarks, back and forward', async () => {
    await open('#/?q=git&page=1')
    await expectAnswer('Network', 'icons?search=git&page=1')
    expect(await page.getByRole('searchbox').inputValue()).toBe('git')
    await page.getByRole('searchbox').fill('')
    await expectAnswer('Network', 'icons?page=1')
    await page.getByRole('button', { name: 'Next page', exact: true }).click()
    await expectAnswer('Network', 'icons?page=2')
    expect(new URL(page.url()).hash).toBe('#/?page=2')
    await page.goBack()
    await expectAnswer('Memory', 'icons?page=1')
    await page.goForward()
    await expectAnswer('Memory', 'icons?page=2')
  })

  test('says so when there is no such icon or no match', async () => {
    await open('#/icon/no-such-icon')
    await page.getByText('There is no icon called “no-such-icon”.').waitFor()
    await page.getByRole('link', { name: 'See all icons' }).click()
    await page.getByRole('searchbox').fill('qqqq')
    await expectTexts('#results', ['No icon matches “qqqq”'])
    expect(problems.filter((text) => !text.includes('404'))).toEqual([])
    problems = []
  })

  for (const [name, viewport] of [['360', PHONE], ['1280', DESKTOP]] as const) {
    test(`fits ${name} px, light and dark, and nothing jumps while it loads`, async () => {
      await page.setViewportSize(viewport)
      await page.addInitScript(observeShifts)
      await open()
      await expectAnswer('Network', 'icons?page=1')
      await picture(`list-${name}`)
      expect(await readShifts(), 'layout shift of the list').toBeLessThan(0.01)
      await page.locator('[data-slug="dotnet"]').click()
      await expectAnswer('Network', 'icons/dotnet')
      await expect.poll(() => page.locator('.stamp-left').textContent()).toMatch(/left$/)
      await picture(`icon-${name}`)
      expect(await readShifts(), 'layout shift of an icon').toBeLessThan(0.02)
    })
  }
})

describe('the server', () => {
  test('answers with problems as JSON and is never cached by HTTP', async () => {
    const ask = async (path: string, init?: RequestInit) => {
      const response = await fetch(`http://127.0.0.1:${port}/api/${path}`, init)
      expect(response.headers.get('cache-control')).toBe('no-store')
      const body = (await response.json()) as { error?: { code: string } }
      return [response.status, body.error?.code]
    }
    const before = await requestCount()
    const answers = await Promise.all([
      ask('icons?search=git'),
      ask('icons?page=0'),
      ask('icons?page=9999'),
      ask('icons/%zz'),
      ask('icons/no-such-icon'),
      ask('nothing'),
      ask('icons', { method: 'POST' }),
    ])
    expect(answers).toEqual([
      [200, undefined],
      [400, 'bad-page'],
      [404, 'no-such-page'],
      [400, 'bad-slug'],
      [404, 'no-such-icon'],
      [404, 'not-found'],
      [405, 'method-not-allowed'],
    ])
    expect(await requestCount()).toBe(before + 7)
  })

  test('keeps its data out of the client', async () => {
    const result = await build({ configFile: CONFIG, mode: 'production', logLevel: 'error', build: { write: false } })
    const outputs = Array.isArray(result) ? result : [result]
    const scripts = outputs.flatMap((one) => ('output' in one ? one.output : [])).filter((file) => file.type === 'chunk')
    const code = scripts.map((file) => file.code).join('')
    expect(code).toContain('/api/')
    expect(code).not.toContain('simple-icons')
    expect(code.length).toBeLessThan(100_000)
  })
})

async function tabTo(selector: string): Promise<void> {
  for (let presses = 0; presses < 8; presses++) {
    await page.keyboard.press('Tab')
    if (await page.evaluate((wanted) => document.activeElement?.matches(wanted), selector)) return
  }
  throw new Error(`Tab does not reach ${selector}`)
}

async function picture(name: string): Promise<void> {
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme })
    await page.screenshot({ path: join(PICTURES, `${name}-${colorScheme}.png`), fullPage: true })
  }
  const [content = 0, room = 0] = await page.evaluate(() => [document.documentElement.scrollWidth, document.documentElement.clientWidth])
  expect(content, 'no horizontal scrolling').toBeLessThanOrEqual(room)
}

function observeShifts(): void {
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries() as (PerformanceEntry & { value: number })[]) {
      const before = Number(document.documentElement.dataset['shifts'] ?? 0)
      document.documentElement.dataset['shifts'] = String(before + entry.value)
    }
  }).observe({ type: 'layout-shift', buffered: true })
}

async function readShifts(): Promise<number> {
  return Number((await page.locator('html').getAttribute('data-shifts')) ?? 0)
}

// The pages beside the app, built and served as `npm start` does. Each page that is opened has an origin, and so databases, of its own.

import { join } from 'node:path'
import axe from 'axe-core'
import type { BrowserContext, Page } from 'playwright-core'
import { afterEach, beforeAll, expect } from 'vitest'
import { useServed } from './support/demo.ts'
import { readShifts, watchShifts } from './support/shifts.ts'

const PICTURES = join(import.meta.dirname, '../../test-results/demo')
const PICTURES_WANTED = process.env['PICTURES'] === 'true'
const SIZES = { 360: { width: 360, height: 740 }, 1280: { width: 1280, height: 900 } }

export interface Pages {
  readonly browser: BrowserContext
  /** Opens a page under a new origin; it is closed after the test. */
  open(path: string): Promise<Page>
  /** Presses a button of the page. */
  press(name: string): Promise<void>
}

/** For the tests of a file. After each the console must be clean. */
export function usePages(): Pages {
  const served = useServed()
  let page: Page
  let origins = 0
  let problems: string[] = []

  beforeAll(() => {
    const { browser } = served
    browser.on('console', (message) => {
      if (['error', 'warning'].includes(message.type())) problems.push(message.text())
    })
    browser.on('weberror', (error) => problems.push(String(error.error())))
  })

  afterEach(async () => {
    await page.close()
    const said = problems
    problems = []
    expect(said, 'the console is clean').toEqual([])
  })

  return {
    get browser() {
      return served.browser
    },
    async open(path) {
      page = await served.browser.newPage()
      await watchShifts(page)
      // Every name below .localhost is this machine.
      await page.goto(`http://p${++origins}.localhost:${served.site.port}/${path}`)
      return page
    },
    press: (name) => page.getByRole('button', { name }).click(),
  }
}

/** Takes a picture of the whole page for people to look at, with `PICTURES=true`. */
export async function picture(page: Page, name: string): Promise<void> {
  if (PICTURES_WANTED) await page.screenshot({ path: join(PICTURES, `${name}.png`), fullPage: true })
}

/** At 360 and 1280 px, light and dark, the page neither scrolls sideways nor keeps anybody out. So far nothing jumped. */
export async function expectFits(page: Page, name: string): Promise<void> {
  expect(await readShifts(page), 'layout shift').toBeLessThan(0.02)
  for (const frame of page.frames()) await frame.evaluate(axe.source)
  for (const width of [360, 1280] as const) {
    await page.setViewportSize(SIZES[width])
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme })
      await picture(page, `${name}-${width}-${colorScheme}`)
      expect(await violations(page, rulesFor(colorScheme)), `${name}, ${width} px, ${colorScheme}`).toEqual([])
    }
    const [content = 0, room = 0] = await page.evaluate(() => [document.documentElement.scrollWidth, document.documentElement.clientWidth])
    expect(content, `no horizontal scrolling at ${width} px`).toBeLessThanOrEqual(room)
  }
}

/** The rules for a scheme that is looked at after the light one: it has other colours, and nothing else. */
export function rulesFor(colorScheme: 'light' | 'dark'): string[] | undefined {
  return colorScheme === 'dark' ? ['color-contrast'] : undefined
}

/** What keeps people out of a page that has axe. @param rules the only ones to go by */
export function violations(page: Page, rules?: string[]): Promise<string[]> {
  return page.evaluate(async (only) => {
    const { violations } = await (globalThis as unknown as { axe: typeof axe }).axe.run(only ? { runOnly: only } : {})
    return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ target, failureSummary }) => `${target} ${failureSummary}`).join('; ')}`)
  }, rules)
}

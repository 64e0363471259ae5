// What a visitor of the demo does and sees, in one tab.

import type { Page } from 'playwright-core'
import { expect } from 'vitest'

export type Source = 'Memory' | 'Disk' | 'Network' | 'Stale' | 'Offline' | 'No answer'

/** What the browser itself says of a request that fails on purpose. */
const FAILED_REQUEST = /^Failed to load resource/

export class Visitor {
  readonly page: Page
  readonly #url: string
  /** What the page has complained of. */
  readonly problems: string[] = []

  /** @param url of the demo's folder */
  constructor(page: Page, url: string) {
    this.page = page
    this.#url = url
    page.on('console', (message) => {
      if (['error', 'warning'].includes(message.type()) && !FAILED_REQUEST.test(message.text())) this.problems.push(message.text())
    })
    page.on('pageerror', (error) => this.problems.push(String(error)))
  }

  async open(hash = '#/'): Promise<void> {
    await this.page.goto(this.#url + hash)
  }

  /** Waits until the last answer shown is this one. */
  async sees(source: Source, path: string): Promise<void> {
    const { page } = this
    const shown = async () => [await page.locator('#answer-source').textContent(), await page.locator('#answer-path').textContent()]
    await expect.poll(shown, { message: 'the last answer' }).toEqual([source, path])
  }

  async reads(selector: string, text: string | RegExp): Promise<void> {
    const shown = () => this.page.locator(selector).textContent()
    await expect.poll(shown, { message: selector }).toMatch(text)
  }

  async presses(name: string): Promise<void> {
    // In a tab behind another, an action waits for seconds.
    await this.page.bringToFront()
    await this.page.getByRole('button', { name, exact: true }).click()
  }

  async chooses(server: 'well' | 'slow' | 'failing' | 'offline'): Promise<void> {
    await this.page.getByRole('radio', { name: server }).check()
  }

  async opensIcon(slug: string): Promise<void> {
    await this.page.bringToFront()
    await this.page.locator(`[data-slug="${slug}"]`).click()
  }

  async goesBack(): Promise<void> {
    await this.page.getByRole('link', { name: 'Back to icons' }).click()
  }

  /** Titles an icon, whose page is open. */
  async edits(title: string, notes = ''): Promise<void> {
    await this.presses('Edit')
    await this.page.getByLabel('Title').fill(title)
    await this.page.getByLabel('Notes').fill(notes)
    await this.presses('Save')
    await this.reads('#notice', `Saved “${title}”`)
  }
}

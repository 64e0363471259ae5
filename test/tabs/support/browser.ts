// The Chromium that tabs.ts drives, and the script that it gives to tabs and workers. TABS_ENGINE=chromium-sqlite takes the
// other storage backend.

import { readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { chromium, type Browser, type Page } from 'playwright-core'
import { build } from 'vite'
import { vi } from 'vitest'
import type { EngineName } from '../../browser/engines.ts'
import { launchEngine, type RunningEngine } from '../../browser/launch.ts'

export interface RunningBrowser {
  readonly browser: Browser
  /** Opens empty pages, each in a window of its own or all in the one that is there. */
  openPages(count: number, newWindow: boolean): Promise<Page[]>
  /** Ends it as its user does. */
  close(): Promise<void>
  /** Ends all its processes at once, as a crash does. */
  kill(): Promise<void>
}

/** The engine of tests that do not choose one. */
export const ENGINE = (process.env['TABS_ENGINE'] ?? 'chromium') as EngineName
const START_MS = 10_000
const PORT_FILE = 'DevToolsActivePort'

/**
 * @param home the profile's directory, which outlives the browser; by default a fresh one
 * @throws Error when Chromium is not installed or does not start.
 */
export async function launchBrowser(name = ENGINE, home?: string): Promise<RunningBrowser> {
  // An earlier browser's port is no use.
  if (home !== undefined) rmSync(join(home, PORT_FILE), { force: true })
  const switches = ['--remote-debugging-port=0', '--no-startup-window']
  const engine = launchEngine(name, 'about:blank', home === undefined ? { switches } : { switches, home })
  const browser = await attach(engine).catch(async (error) => {
    await engine.stop()
    throw error
  })
  return {
    browser,
    openPages: (count, newWindow) => openPages(browser, count, newWindow),
    async close() {
      // Asked this way it ends at once; the signal alone takes seconds.
      const session = await browser.newBrowserCDPSession()
      await session.send('Browser.close').catch(() => {})
      await engine.stop()
    },
    async kill() {
      await engine.kill()
      await engine.stop()
    },
  }
}

/** One script for tabs and workers. */
export async function bundleSide(entry = join(import.meta.dirname, 'side.ts')): Promise<string> {
  const result = await build({
    configFile: false,
    logLevel: 'error',
    define: { 'process.env': '{}' },
    build: { write: false, target: 'es2022', minify: false, lib: { entry, formats: ['iife'], name: 'bundle' } },
  })
  const [output] = Array.isArray(result) ? result : [result]
  if (output === undefined || !('output' in output)) throw new Error('Cannot bundle the page\'s script: there is no output')
  return output.output[0].code
}

/** Attaches without playwright's overrides: its focus emulation keeps every page visible. */
async function attach({ home, ended }: RunningEngine): Promise<Browser> {
  let words: string | undefined
  void ended.then((last) => (words = last))
  const address = () => {
    if (words !== undefined) throw new Error(`Cannot open tabs: the browser ended early: ${words}`)
    const [, port, path] = /^(\d+)\n(.+)/.exec(readFileSync(join(home, PORT_FILE), 'utf8')) ?? []
    if (path === undefined) throw new Error('Cannot open tabs: the port is not written yet')
    return `ws://127.0.0.1:${port}${path}`
  }
  return chromium.connectOverCDP(await vi.waitFor(address, { timeout: START_MS, interval: 20 }), { noDefaults: true })
}

async function openPages(browser: Browser, count: number, newWindow: boolean): Promise<Page[]> {
  const context = browser.contexts()[0]!
  const pages: Page[] = []
  if (count === 0) return pages
  const opened = new Promise<void>((resolve) => {
    context.on('page', function collect(page) {
      if (pages.push(page) < count) return
      context.off('page', collect)
      resolve()
    })
  })
  const session = await browser.newBrowserCDPSession()
  for (let page = 0; page < count; page++) await session.send('Target.createTarget', { url: 'about:blank', newWindow })
  await Promise.all([opened, session.detach()])
  return pages
}

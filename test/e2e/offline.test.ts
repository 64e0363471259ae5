// An app with a service worker, in a real Chromium with a profile on disk: what it shows while its server is gone, and what page
// and worker know of each other.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Page, Response } from 'playwright-core'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { launchBrowser, type RunningBrowser } from '../tabs/support/browser.ts'
import type { app } from './offline/page.ts'
import { AppServer } from './offline/server.ts'

type App = typeof app
/** The page's. */
declare const globalThis: { app: App }

let server: AppServer
let profile: string
let browser: RunningBrowser
let page: Page

beforeEach(async () => {
  server = await AppServer.start()
  profile = mkdtempSync(join(tmpdir(), 'bestbefore-offline-'))
  await openBrowser()
  await page.goto(server.origin)
  await page.evaluate(() => globalThis.app.start())
})

afterEach(async () => {
  await browser.close()
  await server.go().catch(() => {})
  rmSync(profile, { recursive: true, force: true, maxRetries: 5 })
})

async function openBrowser(): Promise<void> {
  browser = await launchBrowser('chromium', profile)
  page = (await browser.openPages(1, true))[0]!
}

const ask = (how: 'fetch' | 'cachedFetch', url: string, method = 'GET') => page.evaluate(([how, url, method]) => globalThis.app[how](url, { method }), [how, url, method] as const)

/** Opens the app anew, as it is without its server. */
async function openAgain(): Promise<Response> {
  const response = await page.goto(server.origin)
  expect(await page.textContent('body')).toContain('The app')
  return response!
}

/** Waits until another side finds what one has stored. */
const expectStored = (how: 'fetch' | 'cachedFetch', url: string) => expect.poll(() => ask(how, url)).toMatchObject({ how: 'hit; ttl' })

test.each(['origin', 'elsewhere'] as const)('what the worker has stored of its %s the page finds, and the other way round, and neither waits for the other', async (where) => {
  const start = Date.now()
  const [one, other] = [`${server[where]}/api/list`, `${server[where]}/api/list?2`]
  expect(await ask('fetch', one)).toEqual({ text: 'items 1 to 1', how: 'fwd=uri-miss; stored' })
  await expectStored('cachedFetch', one)
  expect(await ask('cachedFetch', other)).toEqual({ text: 'items 1 to 1', how: 'fwd=uri-miss; stored' })
  await expectStored('fetch', other)
  expect(await ask('cachedFetch', other)).toMatchObject({ how: 'hit; ttl' })
  expect(server.requests).toEqual(['GET /api/list', 'GET /api/list?2'])
  expect(Date.now() - start).toBeLessThan(5_000)
})

test('without its server the app opens, and has its answers, fresh ones and stale ones', async () => {
  await ask('fetch', '/api/list')
  await ask('fetch', '/api/length')
  await server.go()
  const shell = await openAgain()
  expect([shell.fromServiceWorker(), shell.headers()['cache-status']]).toEqual([true, undefined])
  expect(await ask('fetch', '/api/list')).toEqual({ text: 'items 1 to 1', how: 'hit; ttl' })
  expect(await ask('fetch', '/api/length')).toEqual({ text: '1', how: 'fwd=stale; detail=offline' })
  expect(await ask('fetch', '/api/never').catch(String)).toContain('TypeError: Failed to fetch')
  await server.comeBack()
  expect(await ask('fetch', '/api/length')).toEqual({ text: '1', how: 'fwd=stale; fwd-status=304' })
})

test('a navigation is left whole, even to what the API answers', async () => {
  await ask('fetch', '/api/list')
  const document = await page.goto(`${server.origin}/api/list`)
  expect([document!.fromServiceWorker(), document!.headers()['cache-status'], await document!.text()]).toEqual([true, 'edge; fwd=miss', 'items 1 to 1'])
  expect(server.requests).toHaveLength(2)
})

test('so it does after a restart of the browser', async () => {
  await ask('fetch', '/api/list')
  await expectStored('cachedFetch', '/api/list')
  await ask('cachedFetch', '/api/length')
  await page.evaluate(() => globalThis.app.flush())
  await server.go()
  await browser.close()
  await openBrowser()
  await openAgain()
  expect(await ask('fetch', '/api/list')).toEqual({ text: 'items 1 to 1', how: 'hit; ttl' })
  expect(await ask('fetch', '/api/length')).toEqual({ text: '1', how: 'fwd=stale; detail=offline' })
})

test('a POST through the worker invalidates what the page has in memory', async () => {
  await ask('cachedFetch', '/api/list')
  expect(await ask('cachedFetch', '/api/list')).toEqual({ text: 'items 1 to 1', how: 'hit; ttl' })
  expect(await ask('fetch', '/api/list', 'POST')).toMatchObject({ how: 'fwd=method' })
  await expect.poll(() => ask('cachedFetch', '/api/list')).toMatchObject({ text: 'items 1 to 2' })
  expect(server.requests).toEqual(['GET /api/list', 'POST /api/list', 'GET /api/list'])
})

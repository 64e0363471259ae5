// Real tabs for a test file: one Chromium, with a profile on disk and no more help from its driver than a user's browser gets, so
// that pages are hidden, frozen, cached and killed as they are in life. Every test has an origin, and so databases, of its own.

import type { CDPSession, Page, Worker } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, expect } from 'vitest'
import type { CacheOptions } from '../../../src/index.ts'
import { Api, type Haste } from './api.ts'
import { bundleSide, ENGINE, launchBrowser, type RunningBrowser } from './browser.ts'
import type { Side } from './side.ts'

/** Where the library runs: a tab or a worker. */
export interface Place {
  readonly name: string
  /** Runs a function there. It has its arguments and globals, and nothing of what is around it here. */
  run<R, A = undefined>(work: (side: Side, argument: A) => R, ...argument: A extends undefined ? [] : [A]): Promise<Awaited<R>>
}

export interface OpenOptions {
  /** Of the cache that every tab opens; `false` for none. */
  readonly cache?: CacheOptions<unknown> | false
  /** Tabs of one window: the last one shows, the others are hidden. By default each tab has its own. */
  readonly oneWindow?: boolean
  /** Globals to delete before the library runs, such as `globalThis.BroadcastChannel`. */
  readonly missing?: readonly string[]
  /** Has long timers of the page end sooner. */
  readonly hasten?: readonly Haste[]
}

const NAMES = 'ABCDEFGH'
const RETURN_MS = 10_000

export class Tab implements Place {
  readonly name: string
  readonly page: Page
  /** Not to be checked after the test: it cannot answer, or its memory may be wrong. */
  silent = false
  /** Present while it is frozen. */
  #frozen: CDPSession | undefined

  constructor(name: string, page: Page) {
    this.name = name
    this.page = page
  }

  run: Place['run'] = (work, ...argument) => this.page.evaluate(call(work, argument)) as Promise<never>

  /** Opens a page of the origin, with a cache that has looked into its database once. */
  async visit(origin: string, { cache = {}, missing = [], hasten }: OpenOptions = {}): Promise<void> {
    const query = new URLSearchParams([['tab', this.name], ...missing.map((path) => ['missing', path])])
    if (cache) query.set('options', JSON.stringify(cache))
    if (hasten !== undefined) query.set('hasten', JSON.stringify(hasten))
    await this.page.goto(`${origin}/?${query}`)
    if (cache) await this.run((side) => side.cache.get('nothing'))
  }

  /** Collects what the page complains of. */
  hear(problems: string[]): void {
    this.page.on('console', (message) => {
      if (['error', 'warning'].includes(message.type())) problems.push(`${this.name}: ${message.text()}`)
    })
    this.page.on('pageerror', (error) => problems.push(`${this.name}: ${error.stack ?? error}`))
  }

  /** Kills its process. */
  async crash(): Promise<void> {
    this.silent = true
    const crashed = new Promise((resolve) => this.page.once('crash', resolve))
    const session = await this.page.context().newCDPSession(this.page)
    session.send('Page.crash').catch(() => {})
    await crashed
  }

  /** Stops its tasks and timers; what it is asked through `run` still runs. */
  async freeze(): Promise<void> {
    this.silent = true
    this.#frozen = await this.page.context().newCDPSession(this.page)
    await this.#frozen.send('Page.setWebLifecycleState', { state: 'frozen' })
    await expect.poll(() => this.run(({ frozen }) => frozen)).toBe(true)
  }

  async thaw(): Promise<void> {
    await this.#frozen?.send('Page.setWebLifecycleState', { state: 'active' })
    await expect.poll(() => this.run(({ frozen }) => frozen)).toBe(false)
    this.#frozen = undefined
    this.silent = false
  }

  /** Hides the other tabs of its window. */
  async show(): Promise<void> {
    await this.page.bringToFront()
    await this.#becomes('visible')
  }

  /** Shows another tab of its window. */
  async hideBehind(other: Tab): Promise<void> {
    await other.show()
    await this.#becomes('hidden')
  }

  async #becomes(visibility: DocumentVisibilityState): Promise<void> {
    await expect.poll(() => this.run(() => document.visibilityState)).toBe(visibility)
  }

  /** Goes to another page of the origin, which knows nothing of caches. */
  async leave(): Promise<void> {
    this.silent = true
    await this.page.goto(new URL('/elsewhere', this.page.url()).href)
  }

  /** @throws Error with the browser's reasons where the page comes back from anywhere but the back/forward cache. */
  async comeBack(): Promise<void> {
    await this.page.evaluate('void history.back()')
    const shown = () => this.page.evaluate('location.pathname === "/" && globalThis.side?.shown').catch(() => false)
    await expect.poll(shown, { timeout: RETURN_MS, interval: 20 }).toBeTruthy()
    const how = await this.run(({ shown }) => shown)
    const reasons = await this.page.evaluate('performance.getEntriesByType("navigation")[0].notRestoredReasons')
    if (how !== 'again') throw new Error(`Not from the back/forward cache: ${JSON.stringify(reasons)}`)
    this.silent = false
  }

  /** A dedicated worker of this tab, with a cache of its own. */
  async startWorker(options: CacheOptions<unknown> = {}): Promise<Place> {
    const name = `${this.name} worker`
    const started = this.page.waitForEvent('worker')
    await this.run(({ left }, url) => void (left['worker'] = new Worker(url)), scriptUrl(name, options))
    return placeOf(name, await started)
  }

  /** The origin's service worker, with a cache of its own. */
  async startServiceWorker(options: CacheOptions<unknown> = {}): Promise<Place> {
    const name = 'service worker'
    const started = this.page.context().waitForEvent('serviceworker')
    await this.run((_, url) => navigator.serviceWorker.register(url).then(() => {}), scriptUrl(name, options))
    return placeOf(name, await started)
  }

  async close(): Promise<void> {
    // A frozen page does not even close.
    if (this.#frozen) await this.thaw()
    await this.page.close()
  }
}

export interface Tabs {
  readonly api: Api
  /** Of the test that runs. */
  readonly origin: string
  /** All tabs of the test that runs. */
  readonly opened: readonly Tab[]
  /** Opens tabs named A, B and so on, each with a cache that has looked into its database once. */
  open(count: number, options?: OpenOptions): Promise<Tab[]>
}

/** Opens the browser for the file or group that calls it. After each test it checks that memory and disk agree and that no page has complained. */
export function useTabs(engine = ENGINE): Tabs {
  let api: Api
  let browser: RunningBrowser
  let origin = ''
  let opened: Tab[] = []
  let problems: string[] = []

  beforeAll(async () => {
    api = await Api.start({ '/side.js': await bundleSide() })
    browser = await launchBrowser(engine)
  })

  afterAll(async () => {
    await browser?.close()
    await api?.close()
  })

  beforeEach(() => {
    origin = api.newOrigin()
    problems = []
  })

  afterEach(async () => {
    const tabs = opened
    opened = []
    api.reset()
    try {
      await Promise.all(tabs.filter(({ silent, page }) => !silent && !page.isClosed()).map(expectAgreement))
      expect(problems, 'what pages complained of').toEqual([])
    } finally {
      await Promise.all(tabs.filter(({ page }) => !page.isClosed()).map((tab) => tab.close()))
    }
  })

  const openTab = (page: Page): Tab => {
    const name = NAMES[opened.length] ?? '?'
    const tab = new Tab(name, page)
    opened.push(tab)
    tab.hear(problems)
    return tab
  }

  return {
    get api() {
      return api
    },
    get origin() {
      return origin
    },
    get opened() {
      return opened
    },
    async open(count, options = {}) {
      const first = options.oneWindow && opened.length === 0 ? 1 : 0
      const pages = [...(await browser.openPages(first, true)), ...(await browser.openPages(count - first, !options.oneWindow))]
      const tabs = pages.map(openTab)
      await Promise.all(tabs.map((tab) => tab.visit(origin, options)))
      return tabs
    },
  }
}

async function expectAgreement(tab: Tab): Promise<void> {
  const disagreements = () => tab.run((side) => side.outcome(side.cache ? side.disagreements() : Promise.resolve([])))
  const agrees = (found: unknown) => String(found) === '' || found === 'rejected: closed'
  await expect.poll(disagreements, { message: `memory and disk agree in ${tab.name}`, interval: 20 }).toSatisfy(agrees)
}

function scriptUrl(name: string, options: CacheOptions<unknown>): string {
  return `/side.js?${new URLSearchParams({ tab: name, options: JSON.stringify(options) })}`
}

function placeOf(name: string, worker: Worker): Place {
  return { name, run: (work, ...argument) => worker.evaluate(call(work, argument)) as Promise<never> }
}

/** A call as source text: what it runs in has no other way to get a function. */
function call(work: (...parameters: never[]) => unknown, argument: readonly unknown[]): string {
  return `(${work})(side, ${JSON.stringify(argument[0]) ?? 'undefined'})`
}

// The demo without its server: it is a page that was opened once. The server is stopped, so nothing is pretended.

import { rmSync } from 'node:fs'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { openBrowser, temporaryFolder } from './support/browser.ts'
import { startDemo, type Site } from './support/demo.ts'
import { Visitor } from './support/visitor.ts'

let profile: string
let site: Site

beforeEach(async () => {
  profile = temporaryFolder()
  site = await startDemo()
})

afterEach(async () => {
  await site?.stop()
  rmSync(profile, { recursive: true, force: true, maxRetries: 5 })
})

/** Opens the app, or other pages of it at an origin each, in a browser that is closed again. */
async function visit(work: (...visitors: Visitor[]) => Promise<void>, paths: readonly string[] = ['']): Promise<void> {
  const browser = await openBrowser(profile)
  try {
    const visitors: Visitor[] = []
    for (const [index, path] of paths.entries()) {
      const visitor = new Visitor(await browser.newPage(), `http://demo${index}.localhost:${site.port}/${path}`)
      visitors.push(visitor)
      await visitor.open()
    }
    await work(...visitors)
    expect(visitors.flatMap(({ problems }) => problems), 'the console is clean').toEqual([])
  } finally {
    await browser.close()
  }
}

/** How many of the drawings on the page are there: a mask that is missing leaves nothing to see. */
async function drawings({ page }: Visitor): Promise<number> {
  return page.evaluate(async () => {
    const urls = [...document.querySelectorAll<HTMLElement>('.drawing')].map((drawing) => /"(.*)"/.exec(drawing.style.maskImage)?.[1] ?? '')
    const found = await Promise.all(urls.map((url) => fetch(url).then(({ ok }) => ok, () => false)))
    return found.filter(Boolean).length
  })
}

test('the page can be installed; it opens when the server is gone, also after a restart of the browser; logout leaves nothing', async () => {
  await visit(async (visitor) => {
    const { page } = visitor
    await visitor.sees('Network', 'icons?page=1')
    const session = await page.context().newCDPSession(page)
    expect(await session.send('Page.getInstallabilityErrors')).toEqual({ installabilityErrors: [] })
    await visitor.opensIcon('abb')
    await visitor.sees('Network', 'icons/abb')
    await visitor.goesBack()
    await expect.poll(() => drawings(visitor)).toBe(24)

    await site.stop()
    await page.reload()
    await visitor.sees('Disk', 'icons?page=1')
    expect(await drawings(visitor)).toBe(24)
    await visitor.opensIcon('abb')
    await visitor.sees('Disk', 'icons/abb')
  })

  await visit(async (visitor) => {
    await visitor.sees('Disk', 'icons?page=1')
    expect(await drawings(visitor)).toBe(24)
    await visitor.presses('+1 h')
    await visitor.opensIcon('abb')
    await visitor.sees('Offline', 'icons/abb')
    await visitor.presses('Log out')
    await visitor.reads('#left-over', 'Nothing of Ada is left')
    await visitor.presses('Log in as Ada')
    await visitor.page.getByText('The server cannot be reached.').waitFor()
  })
})

/** Waits until a service worker has all files of the page and answers for it. On a slow disk that takes long. */
async function untilKept({ page }: Visitor): Promise<void> {
  const workers = () =>
    page.evaluate(async () => {
      const { controller } = navigator.serviceWorker
      const { installing, waiting, active } = (await navigator.serviceWorker.getRegistration()) ?? {}
      return { controller: controller?.state, installing: installing?.state, waiting: waiting?.state, active: active?.state }
    })
  await expect.poll(workers, { timeout: 60_000, message: page.url() }).toMatchObject({ controller: 'activated' })
}

/** What works on a page without its server. */
const USES: Readonly<Record<string, (visitor: Visitor) => Promise<void>>> = {
  async 'leak.html'(visitor) {
    await visitor.presses('Start')
    await visitor.reads('#sentence', /keys were set and removed\./)
  },
  async 'tabs.html'(visitor) {
    for (const side of ['Left', 'Right']) await visitor.page.frameLocator(`[title="${side} pane"]`).getByRole('button', { name: 'Delete milk' }).waitFor()
    await visitor.presses('Take the seat in all panes at once')
    await visitor.reads('#seat-said', '2 panes asked for the seat')
  },
  async 'race.html?quick'(visitor) {
    await visitor.presses('Start the race')
    await visitor.reads('#status', 'Done. Every library did all of its work.')
  },
}

test('whichever page is opened first, it works when the server is gone, and so does the app', async () => {
  await visit(async (...visitors) => {
    for (const visitor of visitors) await untilKept(visitor)
    await site.stop()
    for (const [index, use] of Object.values(USES).entries()) {
      const visitor = visitors[index]!
      await visitor.page.bringToFront()
      await visitor.page.reload()
      await use(visitor)
      await visitor.page.getByRole('link', { name: 'App' }).click()
      await visitor.page.getByText('The server cannot be reached.').waitFor()
    }
  }, Object.keys(USES))
})

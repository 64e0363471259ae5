// The demo without its server: it is a page that was opened once. The server is stopped, so nothing is pretended.

import { rmSync } from 'node:fs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openBrowser, temporaryFolder } from './support/browser.ts'
import { startDemo, type Site } from './support/demo.ts'
import { Visitor } from './support/visitor.ts'

const profile = temporaryFolder()
let site: Site

beforeAll(async () => {
  site = await startDemo()
})

afterAll(async () => {
  await site?.stop()
  rmSync(profile, { recursive: true, force: true, maxRetries: 5 })
})

/** Opens the page in a browser that is closed again. */
async function visit<T>(work: (visitor: Visitor) => Promise<T>): Promise<T> {
  const browser = await openBrowser(profile)
  try {
    const visitor = new Visitor(await browser.newPage(), `http://demo.localhost:${site.port}/`)
    await visitor.open()
    const result = await work(visitor)
    expect(visitor.problems, 'the console is clean').toEqual([])
    return result
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

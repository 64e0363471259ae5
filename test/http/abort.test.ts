// A caller who leaves: the request goes on while anybody else waits for it, and ends with the last.

import { describe, expect, test } from 'vitest'
import { placeOf } from '../helpers/caches.ts'
import { deferred, turns, type Deferred } from '../helpers/deferred.ts'
import { FRESH, serveSite, type Answering } from './serving.ts'
import { standOn, TIERS } from './standing.ts'

const site = serveSite()
const REASON = new Error('not wanted any more')

/** The first answer waits for the gate, in part where there is a part. */
function halting(gate: Deferred, part?: string): Answering {
  return async ({ number }, response) => {
    if (number > 1) return { fields: { 'Cache-Control': 'max-age=60' }, body: `v${number}` }
    if (part !== undefined) response.writeHead(200, { 'Cache-Control': 'max-age=60' }).write(part)
    await gate.promise
    if (part === undefined) response.writeHead(200, { 'Cache-Control': 'max-age=60' })
    return void response.end('end')
  }
}

describe.each(TIERS)('$title', (arrangement) => {
  test('a signal that is aborted already: the call rejects with its reason, and nobody is asked', async () => {
    const { fetch, text } = standOn(placeOf(arrangement))
    const page = site.page(FRESH)
    await expect(fetch(page.url, { signal: AbortSignal.abort(REASON) })).rejects.toBe(REASON)
    expect(page.visits()).toEqual([])
    await text(page.url)
    await expect(fetch(page.url, { signal: AbortSignal.abort(REASON) }), 'nor does what is stored answer').rejects.toBe(REASON)
    await expect(fetch(new Request(page.url, { signal: AbortSignal.abort(REASON) }))).rejects.toBe(REASON)
  })

  test('whoever leaves while what is stored is read hears of that', async () => {
    const { fetch, text, cache } = standOn(placeOf(arrangement))
    const page = site.page(FRESH)
    await text(page.url)
    const controller = new AbortController()
    const asking = fetch(page.url, { signal: controller.signal })
    const isAtOnce = cache.peek(`http\0\0${page.url}`) !== undefined
    controller.abort(REASON)
    if (isAtOnce) expect(await (await asking).text()).toBe('v1')
    else await expect(asking).rejects.toBe(REASON)
  })

  test('the last caller who leaves ends the request', async () => {
    const { fetch, text } = standOn(placeOf(arrangement))
    const page = site.page(halting(deferred()))
    const controllers = [new AbortController(), new AbortController()]
    const asking = controllers.map(({ signal }) => fetch(page.url, { signal }))
    const ends = Promise.allSettled(asking)
    const { gone } = await page.visit()
    for (const controller of controllers) controller.abort(REASON)
    expect(await ends).toEqual([{ status: 'rejected', reason: REASON }, { status: 'rejected', reason: REASON }])
    await gone
    expect(await text(page.url), 'nothing of it is stored').toBe('v2')
  })

  test.each([[0, 1], [1, 0]])('a caller who leaves is detached alone (%i leaves, %i stays)', async (leaves, stays) => {
    const { fetch, ask } = standOn(placeOf(arrangement))
    const gate = deferred()
    const page = site.page(halting(gate))
    const controllers = [new AbortController(), new AbortController()]
    const asking = controllers.map(({ signal }) => fetch(page.url, { signal }))
    await page.visit()
    controllers[leaves]!.abort(REASON)
    await expect(asking[leaves]).rejects.toBe(REASON)
    gate.resolve()
    expect(await (await asking[stays]!).text()).toBe('end')
    expect(page.visits()).toEqual([])
    expect(await ask(page.url)).toEqual(['end', 'hit; ttl=60'])
  })

  test('a caller without a signal keeps the request going', async () => {
    const { fetch, text } = standOn(placeOf(arrangement))
    const gate = deferred()
    const page = site.page(halting(gate))
    const controller = new AbortController()
    const leaving = fetch(page.url, { signal: controller.signal })
    const staying = text(page.url)
    await page.visit()
    controller.abort(REASON)
    await expect(leaving).rejects.toBe(REASON)
    gate.resolve()
    expect(await staying).toBe('end')
    expect(page.visits()).toEqual([])
  })

  test('whoever leaves while the body comes loses the body, with the reason; the origin sees it when nobody else waits', async () => {
    const { fetch, text } = standOn(placeOf(arrangement))
    const page = site.page(halting(deferred(), 'part'))
    const controller = new AbortController()
    const response = await fetch(page.url, { signal: controller.signal })
    const { gone } = await page.visit()
    const reader = response.body!.getReader()
    expect(new TextDecoder().decode((await reader.read()).value)).toBe('part')
    controller.abort(REASON)
    await expect(reader.read()).rejects.toBe(REASON)
    await gone
    expect(await text(page.url)).toBe('v2')
  })

  test('whoever leaves while the body comes does not take it from those who joined', async () => {
    const { fetch, text } = standOn(placeOf(arrangement))
    const gate = deferred()
    const page = site.page(halting(gate, 'part '))
    const controller = new AbortController()
    const response = await fetch(page.url, { signal: controller.signal })
    await page.visit()
    const joined = text(page.url)
    await turns()
    controller.abort(REASON)
    await expect(response.text()).rejects.toBe(REASON)
    gate.resolve()
    expect(await joined).toBe('part end')
    expect(page.visits()).toEqual([])
  })

  test('a body that is cancelled is no loss for those who joined', async () => {
    const { fetch, text } = standOn(placeOf(arrangement))
    const gate = deferred()
    const page = site.page(halting(gate, 'part '))
    const response = await fetch(page.url)
    await page.visit()
    const joined = text(page.url)
    await turns()
    await response.body!.cancel()
    gate.resolve()
    expect(await joined).toBe('part end')
    expect(page.visits()).toEqual([])
  })

  test('a body that is cancelled, with nobody else, is stored or given up, and never half stored', async () => {
    const { fetch, text } = standOn(placeOf(arrangement))
    const gate = deferred()
    const page = site.page(halting(gate, 'part '))
    const response = await fetch(page.url)
    await response.body!.cancel()
    gate.resolve()
    expect(await text(page.url)).toMatch(/^(part end|v2)$/)
  })

  test.each<[what: string, fields: Record<string, string>]>([
    ['a large body', { 'Cache-Control': 'max-age=60', 'Content-Length': '90000000' }],
    ['what may not be stored', { 'Cache-Control': 'no-store' }],
    ['an event stream', { 'Content-Type': 'text/event-stream' }],
  ])('an abort before it is read frees the connection of %s', async (_what, fields) => {
    const { fetch } = standOn(placeOf(arrangement))
    const page = site.page((_visit, response) => {
      response.writeHead(200, fields)
      const sending = setInterval(() => response.write('x'.repeat(50_000)), 1)
      response.on('close', () => clearInterval(sending))
    })
    const controller = new AbortController()
    const response = await fetch(page.url, { signal: controller.signal })
    const { gone } = await page.visit()
    await new Promise((resolve) => setTimeout(resolve, 50))
    controller.abort(REASON)
    await gone
    await expect(response.text()).rejects.toBe(REASON)
  })

  test('an abort after the end changes nothing for a clone either', async () => {
    const { fetch } = standOn(placeOf(arrangement))
    const controller = new AbortController()
    const response = await fetch(site.page(FRESH).url, { signal: controller.signal })
    const clone = response.clone()
    expect(await response.text()).toBe('v1')
    controller.abort(REASON)
    expect(await clone.text()).toBe('v1')
  })

  test('an abort after the end changes nothing', async () => {
    const { fetch, ask } = standOn(placeOf(arrangement))
    const page = site.page(FRESH)
    const controller = new AbortController()
    const response = await fetch(page.url, { signal: controller.signal })
    const text = await response.text()
    controller.abort(REASON)
    expect(text).toBe('v1')
    expect(await ask(page.url)).toEqual(['v1', 'hit; ttl=60'])
  })

  test('a background request is not the caller’s: an abort does not end it', async () => {
    const place = placeOf(arrangement)
    const { fetch, text } = standOn(place)
    const gate = deferred()
    const page = site.page({ fields: { 'Cache-Control': 'max-age=60, stale-while-revalidate=60' }, body: 'old' })
    await text(page.url)
    page.visits()
    place.clock.advance(61_000)
    page.answer = async () => {
      await gate.promise
      return { fields: { 'Cache-Control': 'max-age=60' }, body: 'new' }
    }
    const controller = new AbortController()
    const response = await fetch(page.url, { signal: controller.signal })
    expect(await response.text()).toBe('old')
    const { gone } = await page.visit()
    controller.abort(REASON)
    const ended = gone.then(() => 'gone')
    gate.resolve()
    expect(await Promise.race([ended, text(page.url, { cache: 'no-cache' })])).toBe('new')
    expect(await text(page.url)).toBe('new')
  })
})

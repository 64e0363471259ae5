// onUpdate: told when a background request has confirmed or replaced what was served stale, in this tab and in others.

import { afterEach, describe, expect, test, vi } from 'vitest'
import type { HttpEntry, HttpUpdate } from '../../src/http/index.ts'
import { createWorld, type World } from '../coherence/support/world.ts'
import { SECOND } from '../helpers/clock.ts'
import { deferred, turns } from '../helpers/deferred.ts'
import { until } from '../helpers/loads.ts'
import { BROKEN, serveSite, type Answering, type Page } from './serving.ts'
import { standOn, type Standing } from './standing.ts'

const site = serveSite()

afterEach(() => {
  vi.unstubAllGlobals()
})

interface Told extends Standing {
  readonly updates: HttpUpdate[]
}

function tabOf(world: World): Told {
  const updates: HttpUpdate[] = []
  return { ...standOn(world, { onUpdate: (update) => void updates.push(update) }, world.tab<HttpEntry>().cache), updates }
}

const SWR = { 'Cache-Control': 'max-age=60, stale-while-revalidate=600' }

/** A response that is stored and then served stale, once, while its origin answers so. */
async function revalidated(world: World, { text, ask }: Standing, next: Answering): Promise<Page> {
  const page = site.page({ fields: { ...SWR, ETag: '"1"' }, body: 'old' })
  await text(page.url)
  await world.settle()
  await world.pass(61 * SECOND)
  page.visits()
  page.answer = next
  expect(await ask(page.url)).toEqual(['old', 'hit; ttl=-1; detail=swr'])
  await page.visit()
  await world.settle()
  return page
}

describe.each<[what: string, next: Answering, status: number, changed: boolean, text: string]>([
  ['a 304', { status: 304, fields: { ...SWR, ETag: '"1"' } }, 200, false, 'old'],
  ['the same body again', { fields: { ...SWR, ETag: '"2"' }, body: 'old' }, 200, false, 'old'],
  ['another body', { fields: { ...SWR, ETag: '"2"' }, body: 'new' }, 200, true, 'new'],
  ['another body of the same length', { fields: SWR, body: 'odd' }, 200, true, 'odd'],
  ['a status that is stored', { status: 404, fields: SWR, body: 'gone' }, 404, true, 'gone'],
])('%s', (_what, next, status, changed, text) => {
  test('is told, here and in another tab, and is what those then get', async () => {
    const world = createWorld()
    const [one, other] = [tabOf(world), tabOf(world)]
    const page = await revalidated(world, one, next)
    await until(() => one.updates.length + other.updates.length === 2)
    for (const { updates } of [one, other]) expect(updates).toEqual([{ url: page.url, status, changed }])
    for (const each of [one, other]) expect(await each.ask(page.url)).toEqual([text, 'hit; ttl=60'])
    await world.settle()
    expect(one.updates, 'once').toHaveLength(1)
  })
})

test.each<[what: string, next: Answering]>([
  ['an origin out of reach', BROKEN],
  ['an answer that is not stored', { fields: { 'Cache-Control': 'no-store' }, body: 'new' }],
  ['an error', { status: 503 }],
])('%s: nothing is told, and the stale response is served on', async (_what, next) => {
  const world = createWorld()
  const [one, other] = [tabOf(world), tabOf(world)]
  vi.spyOn(console, 'error').mockImplementation(() => {})
  const page = await revalidated(world, one, next)
  expect([...one.updates, ...other.updates]).toEqual([])
  expect((await one.ask(page.url))[0]).toBe('old')
  await page.visit()
  await world.settle()
})

test('answers that were waited for, removals and other entries are no updates', async () => {
  const world = createWorld()
  const [one, other] = [tabOf(world), tabOf(world)]
  const page = site.page(({ number }) => ({ fields: { 'Cache-Control': 'max-age=60', ETag: `"${number}"` }, body: `v${number}` }))
  await one.text(page.url)
  await world.pass(61 * SECOND)
  await one.text(page.url)
  await other.text(page.url, { cache: 'reload' })
  await (one.cache as never as { set(key: string, value: unknown): Promise<void> }).set('mine', [{ form: 1, changed: true, status: 200 }])
  await one.fetch(page.url, { method: 'POST' })
  await one.fetch.clear()
  await world.settle()
  expect([...one.updates, ...other.updates]).toEqual([])
})

test('an app whose onUpdate throws is told of it, and its fetches go on', async () => {
  const world = createWorld()
  const thrown: unknown[] = []
  vi.stubGlobal('reportError', (error: unknown) => void thrown.push(error))
  const mistake = new Error('mistake of the app')
  const standing = standOn(
    world,
    {
      onUpdate() {
        throw mistake
      },
    },
    world.tab<HttpEntry>().cache,
  )
  const page = await revalidated(world, standing, { fields: SWR, body: 'new' })
  await until(() => thrown.length > 0)
  expect(thrown).toEqual([mistake])
  expect(await standing.text(page.url)).toBe('new')
})

test('it may ask for the very response', async () => {
  const world = createWorld()
  const texts: string[] = []
  const standing: Standing = standOn(world, { onUpdate: ({ url }) => void standing.text(url).then((text) => texts.push(text)) }, world.tab<HttpEntry>().cache)
  await revalidated(world, standing, { fields: SWR, body: 'new' })
  await until(() => texts.length > 0)
  expect(texts).toEqual(['new'])
})

test('it is not told twice where a redirect has replaced another variant', async () => {
  const world = createWorld()
  const { text, updates } = tabOf(world)
  const kind = (value: string): RequestInit => ({ headers: { 'X-Kind': value } })
  const target = site.page({ fields: { 'Cache-Control': 'max-age=60' }, body: 'moved' })
  const page = site.page(({ headers, number }) => ({ fields: { ...SWR, Vary: 'X-Kind' }, body: `${headers['x-kind']}${number}` }))
  await text(page.url, kind('a'))
  await world.pass(61 * SECOND)
  page.visits()
  await text(page.url, kind('a'))
  await page.visit()
  await world.settle()
  expect(updates).toHaveLength(1)
  page.answer = { status: 302, fields: { Location: target.url } }
  expect(await text(page.url, kind('b'))).toBe('moved')
  await world.settle()
  expect(updates).toHaveLength(1)
})

test('where the URL redirects by now, the origin is asked once and it is told once', async () => {
  const world = createWorld()
  const tab = tabOf(world)
  const target = site.page({ fields: SWR, body: 'new' })
  const page = await revalidated(world, tab, { status: 302, fields: { Location: target.url } })
  await until(() => tab.updates.length > 0)
  await world.settle()
  expect([page.visits().length, target.visits().length, tab.updates.length]).toEqual([0, 1, 1])
})

test('a caller who leaves while it waits for the network makes no update of it', async () => {
  const world = createWorld()
  const updates: HttpUpdate[] = []
  const { fetch, text } = standOn(world, { networkTimeout: 5_000, onUpdate: (update) => void updates.push(update) }, world.tab<HttpEntry>().cache)
  const gate = deferred()
  const page = site.page(async ({ number }) => {
    if (number > 1) await gate.promise
    return { fields: { 'Cache-Control': 'max-age=1' }, body: `v${number}` }
  })
  await text(page.url)
  world.clock.advance(5 * SECOND)
  const controller = new AbortController()
  const leaving = fetch(page.url, { signal: controller.signal })
  await page.visit()
  await page.visit()
  const staying = text(page.url)
  await turns(20)
  controller.abort()
  await expect(leaving).rejects.toThrow()
  gate.resolve()
  expect(await staying).toBe('v2')
  await world.settle()
  expect(updates).toEqual([])
})

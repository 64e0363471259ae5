// Tabs that ask for the same at once, with Web Locks: one request for all of them.

import { afterEach, describe, expect, test, vi } from 'vitest'
import type { HttpEntry } from '../../src/http/index.ts'
import { createWorld, type World } from '../coherence/support/world.ts'
import { SECOND } from '../helpers/clock.ts'
import { deferred, isPending, turns } from '../helpers/deferred.ts'
import { FRESH, long, serveSite } from './serving.ts'
import { standOn, type Standing } from './standing.ts'

const site = serveSite()

afterEach(() => {
  vi.unstubAllGlobals()
})

function tabsOf(world: World, count: number): Standing[] {
  return world.tabs<HttpEntry>(count).map(({ cache }) => standOn(world, {}, cache))
}

test('tabs that ask at once share a request', async () => {
  const world = createWorld()
  const tabs = tabsOf(world, 3)
  const gate = deferred()
  const page = site.page(async ({ number }) => {
    await gate.promise
    return { fields: { 'Cache-Control': 'max-age=60' }, body: `v${number}` }
  })
  const asking = Promise.all(tabs.flatMap(({ text }) => [text(page.url), text(page.url)]))
  await page.visit()
  gate.resolve()
  expect(await asking).toEqual(['v1', 'v1', 'v1', 'v1', 'v1', 'v1'])
  expect(page.visits()).toEqual([])
  await world.settle()
  expect(world.locks.held).toEqual([])
})

test('tabs ask together about what is stale, in the background and before they answer', async () => {
  const world = createWorld()
  const tabs = tabsOf(world, 3)
  for (const [control, expected] of [['max-age=60, stale-while-revalidate=60', 'v1'], ['max-age=60', 'v2']] as const) {
    const page = site.page(({ number }) => ({ fields: { 'Cache-Control': control }, body: `v${number}` }))
    await tabs[0]!.text(page.url)
    await world.settle()
    await world.pass(61_000)
    page.visits()
    expect(await Promise.all(tabs.map(({ text }) => text(page.url)))).toEqual([expected, expected, expected])
    await page.visit()
    await world.settle()
    expect(page.visits(), control).toEqual([])
    expect(await Promise.all(tabs.map(({ text }) => text(page.url)))).toEqual(['v2', 'v2', 'v2'])
  }
})

test('users in two tabs share none', async () => {
  const world = createWorld()
  const [one, other] = tabsOf(world, 2) as [Standing, Standing]
  const page = site.page(({ headers }) => ({ fields: { 'Cache-Control': 'max-age=60' }, body: headers['authorization']! }))
  const ask = ({ text }: Standing, user: string): Promise<string> => text(page.url, { headers: { Authorization: user } })
  expect(await Promise.all([ask(one, 'alice'), ask(other, 'bob'), ask(other, 'alice'), ask(one, 'bob')])).toEqual(['alice', 'bob', 'alice', 'bob'])
})

test('a tab that waits for another may leave, and does not stop it', async () => {
  const world = createWorld()
  const [one, other] = tabsOf(world, 2) as [Standing, Standing]
  const gate = deferred()
  const page = site.page(async (visit) => {
    await gate.promise
    return { fields: { 'Cache-Control': 'max-age=60' }, body: `v${visit.number}` }
  })
  const asking = one.text(page.url)
  await page.visit()
  const controller = new AbortController()
  const leaving = other.text(page.url, { signal: controller.signal })
  leaving.catch(() => {})
  expect(await isPending(leaving)).toBe(true)
  controller.abort()
  await expect(leaving).rejects.toMatchObject({ name: 'AbortError' })
  gate.resolve()
  expect(await asking).toBe('v1')
  expect(page.visits()).toEqual([])
})

test('without locks, or with none that is granted, every tab is answered', async () => {
  const world = createWorld()
  world.locks.mood = 'rejects'
  const page = site.page(FRESH)
  const texts = await Promise.all(tabsOf(world, 3).map(({ text }) => text(page.url)))
  expect(texts.filter((text) => !/^v[123]$/.test(text))).toEqual([])
})

describe.each<[what: string, fields: Record<string, string>]>([
  ['nothing said of freshness', {}],
  ['max-age=0', { 'Cache-Control': 'max-age=0' }],
  ['served stale meanwhile', { 'Cache-Control': 'max-age=0, stale-while-revalidate=600' }],
  ['fresh', { 'Cache-Control': 'max-age=60' }],
])('an answer that is stale on arrival is shared too: %s', (_what, fields) => {
  test.each([['a short body', String], ['a long one', long]] as const)('%s', async (_length, body) => {
    const world = createWorld()
    const tabs = tabsOf(world, 3)
    let gate = deferred()
    const page = site.page(async ({ number }) => {
      await gate.promise
      return { fields: { ...fields, ETag: `"${number}"` }, body: body(`v${number}`) }
    })
    const askAll = async (): Promise<readonly string[]> => {
      gate = deferred()
      const asking = Promise.all(tabs.map(({ text }) => text(page.url)))
      await page.visit()
      await turns()
      await world.pass(5)
      gate.resolve()
      const bodies = await asking
      await world.settle()
      await world.settle()
      return bodies
    }
    expect(await askAll()).toEqual(Array(3).fill(body('v1')))
    expect(page.visits()).toEqual([])
    await world.pass(61 * SECOND)
    expect(await askAll()).toEqual(Array(3).fill(body(fields['Cache-Control']?.includes('while') ? 'v1' : 'v2')))
    expect(page.visits()).toEqual([])
  })
})

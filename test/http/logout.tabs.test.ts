// A removal in one tab, while another asks: what that one is answered is not stored, and what it held is gone.

import { afterEach, describe, expect, test, vi } from 'vitest'
import { createWorld, type World } from '../coherence/support/world.ts'
import { NAME } from '../helpers/caches.ts'
import { deferred, turns, type Deferred } from '../helpers/deferred.ts'
import { lookAtDisk } from '../helpers/indexed-db.ts'
import { answerHeld, LATENESS, overtaken, REMOVALS } from './removals.ts'
import { FRESH, serveSite } from './serving.ts'
import { cacheStatusOf, standOn, type Standing } from './standing.ts'

const site = serveSite()

afterEach(() => {
  vi.unstubAllGlobals()
})

const options = { partition: () => 'me' }

describe.each(REMOVALS)('%s', (how, remove) => {
  test('what another tab holds is gone', async () => {
    const world = createWorld()
    const [one, other] = world.tabs<never>(2).map(({ cache }) => standOn(world, options, cache)) as [Standing, Standing]
    const page = site.page(({ number }) => ({ fields: { 'Cache-Control': 'max-age=60', 'Cache-Groups': '"lists"' }, body: `v${number}` }))
    for (const each of [one, other]) expect(await each.text(page.url)).toBe('v1')
    await world.await(remove(one.fetch, page, one.cache as never))
    await world.settle()
    page.visits()
    const response = await other.fetch(page.url)
    expect(cacheStatusOf(response)).toBe(how === 'destroy' ? 'fwd=bypass' : 'fwd=uri-miss; stored')
    await response.text()
    expect(page.visits()).toHaveLength(1)
  })

  test.each(LATENESS)('a GET of another tab, %s, is not stored, in any tab', async (_how, rest) => {
    const world = createWorld()
    const [one, other] = world.tabs<never>(2).map(({ cache }) => standOn(world, options, cache)) as [Standing, Standing]
    const before = site.page(FRESH)
    await Promise.all([one.text(before.url), other.text(before.url)])
    const gate = deferred()
    const page = site.page(answerHeld(gate, rest))
    const text = await overtaken(one, page, gate, rest, async () => {
      await world.await(remove(other.fetch, page, other.cache as never))
      await world.settle()
    })
    expect(text, 'the caller gets it').toBe('v1')
    await world.settle()
    expect((await lookAtDisk(NAME)).records.filter(({ key }) => String(key).includes(page.url))).toEqual([])
    page.visits()
    const third = standOn(world, options, world.tab<never>().cache)
    for (const each of [one, third]) expect(await each.text(page.url)).not.toBe('v1')
  })
})

test.each(REMOVALS.filter(([how]) => how !== 'a mutation'))('%s, in another tab: whoever had joined a GET does not store the answer either', async (_how, remove) => {
  const world = createWorld()
  const [one, other] = world.tabs<never>(2).map(({ cache }) => standOn(world, options, cache)) as [Standing, Standing]
  const before = site.page(FRESH)
  await Promise.all([one.text(before.url), other.text(before.url)])
  const gate = deferred()
  const page = site.page(answerHeld(gate, false))
  const asking = [one.text(page.url), one.text(page.url)]
  await page.visit()
  await turns()
  await world.await(remove(other.fetch, page, other.cache as never))
  await world.settle()
  gate.resolve()
  expect((await Promise.all(asking)).sort()).toEqual(['v1', 'v2'])
  await world.settle()
  expect((await lookAtDisk(NAME)).records.filter(({ key }) => String(key).includes(page.url))).toEqual([])
})

describe.each(REMOVALS.filter(([how]) => how !== 'destroy'))('%s', (_removal, remove) => {
  test.each(LATENESS)('a GET of another tab that hears of nothing, %s, is not stored either', async (_how, rest) => {
    const world = createWorld()
    const [one, other] = world.tabs<never>(2).map(({ cache }) => standOn(world, options, cache)) as [Standing, Standing]
    const before = site.page(FRESH)
    await Promise.all([one.text(before.url), other.text(before.url)])
    world.network.deaf = true
    const gate = deferred()
    const page = site.page(answerHeld(gate, rest))
    await overtaken(one, page, gate, rest, () => world.await(remove(other.fetch, page, other.cache as never)))
    await world.settle()
    expect((await lookAtDisk(NAME)).records.filter(({ key }) => String(key).includes(page.url))).toEqual([])
    expect(await one.text(page.url)).not.toBe('v1')
  })
})

test.each(REMOVALS.filter(([how]) => how !== 'destroy'))('%s: a GET that waits for that of another tab meanwhile is not stored', async (_removal, remove) => {
  const world = createWorld()
  const [one, other, third] = world.tabs<never>(3).map(({ cache }) => standOn(world, options, cache)) as [Standing, Standing, Standing]
  const before = site.page(FRESH)
  for (const each of [one, other, third]) await each.text(before.url)
  const gate = deferred()
  const page = site.page(answerHeld(gate, false))
  const asking = [one.text(page.url)]
  await page.visit()
  asking.push(other.text(page.url))
  await turns()
  await world.await(remove(third.fetch, page, third.cache as never))
  await world.settle()
  gate.resolve()
  await Promise.all(asking)
  await world.settle()
  expect((await lookAtDisk(NAME)).records.filter(({ key }) => String(key).includes(page.url))).toEqual([])
})

/** A response of group `mine` that has gone stale, and a request about it whose origin then is out of reach, or not well. */
async function staleAndAsked(world: World, text: Standing['text'], how: string): Promise<{ asking: Promise<string>; gate: Deferred }> {
  const page = site.page({ fields: { 'Cache-Control': 'max-age=60, stale-if-error=600', 'Cache-Groups': '"mine"' }, body: 'stored' })
  await text(page.url)
  await world.pass(61_000)
  page.visits()
  const gate = deferred()
  page.answer = async (_visit, response) => {
    await gate.promise
    return how === 'offline' ? void response.destroy() : { status: 503, body: 'sorry' }
  }
  const asking = text(page.url).catch(() => 'rejected')
  await page.visit()
  return { asking, gate }
}

test.each(
  ['networkTimeout', 'offline', 'stale-if-error'].flatMap((how) => ['clear', 'destroy', 'destroy in another tab'].map((removal) => [how, removal] as const)),
)('%s: what a logout by %s has removed does not stand in after it', async (how, removal) => {
  const world = createWorld()
  const [{ fetch, text, cache }, other] = world.tabs<never>(2).map((tab) => standOn(world, { ...options, ...(how === 'networkTimeout' && { networkTimeout: 2_000 }) }, tab.cache)) as [Standing, Standing]
  const { asking, gate } = await staleAndAsked(world, text, how)
  await world.await(removal === 'clear' ? fetch.clear('me') : (removal === 'destroy' ? cache : other.cache).destroy())
  await world.settle()
  await world.pass(2_000)
  gate.resolve()
  expect(await asking).toBe(how === 'offline' ? 'rejected' : 'sorry')
})

test.each<[what: string, remove: (standing: Standing) => Promise<unknown>]>([
  ['a key of the app', ({ cache }) => cache.delete('an app’s own')],
  ['another URL', ({ fetch }) => fetch.invalidate({ url: `${site.url}/other` })],
  ['another partition', ({ fetch }) => fetch.clear('other')],
])('the removal of %s keeps no answer from being stored', async (_what, remove) => {
  const world = createWorld()
  const standing = standOn(world, options, world.tab<never>().cache)
  const page = site.page(FRESH)
  const asking = standing.text(page.url)
  await world.await(remove(standing))
  await asking
  expect(await standing.ask(page.url)).toEqual(['v1', 'hit; ttl=60'])
})

test.each<[whose: string, group: string, standsIn: boolean]>([['another', 'others', true], ['its own', 'mine', false]])('the removal of %s group while a request is under way: what is stored stands in or not', async (_whose, group, standsIn) => {
  for (const how of ['offline', 'error']) {
    const world = createWorld()
    const { fetch, text } = standOn(world, options, world.tab<never>().cache)
    const { asking, gate } = await staleAndAsked(world, text, how)
    await world.await(fetch.invalidate({ group }))
    gate.resolve()
    expect(await asking).toBe(standsIn ? 'stored' : how === 'offline' ? 'rejected' : 'sorry')
  }
})

test('a cache that is closed at any moment of a request leaves nothing unhandled', async () => {
  for (let moment = 0; moment < 40; moment++) {
    const world = createWorld()
    const { text, cache } = standOn(world, {}, world.tab<never>().cache)
    const page = site.page(FRESH)
    const asking = text(page.url).catch(() => {})
    for (let turn = 0; turn < moment; turn++) await undefined
    const closing = cache.close()
    await world.settle()
    await Promise.all([asking, closing])
  }
})

// Variants of one URL that are asked for at once, in one tab or in several: none is lost, and no body is left that nothing lists.

import { afterEach, expect, test, vi } from 'vitest'
import type { HttpEntry } from '../../src/http/index.ts'
import { createWorld } from '../coherence/support/world.ts'
import { NAME } from '../helpers/caches.ts'
import { deferred, turns } from '../helpers/deferred.ts'
import { lookAtDisk } from '../helpers/indexed-db.ts'
import { as, standOn, type Standing } from './standing.ts'
import { long, serveSite } from './serving.ts'

const site = serveSite()

afterEach(() => {
  vi.unstubAllGlobals()
})

const kind = (value: string): RequestInit => ({ headers: { 'X-Kind': value } })

/** Keys of bodies that no list tells of. */
async function orphans(): Promise<unknown[]> {
  const records = (await lookAtDisk(NAME)).records as { readonly key: unknown; readonly value: { readonly stamp: number } | readonly { readonly stamp: number }[] }[]
  const listed = new Set(records.flatMap(({ value }) => (Array.isArray(value) ? value.map(({ stamp }) => stamp) : [])))
  return records.filter(({ value }) => 'stamp' in value && !listed.has(value.stamp)).map(({ key }) => key)
}

test.each([1, 2])('two variants that %i tabs ask for at once are both stored', async (count) => {
  const world = createWorld()
  const [one, other = one] = world.tabs<HttpEntry>(count).map(({ cache }) => standOn(world, {}, cache)) as [Standing, Standing?]
  const gate = deferred()
  const page = site.page(async ({ headers }) => {
    await gate.promise
    return { fields: { 'Cache-Control': 'max-age=60', Vary: 'X-Kind' }, body: long(headers['x-kind']!) }
  })
  const asking = [one.text(page.url, kind('a')), page.visit().then(() => other.text(page.url, kind('b')))]
  await turns()
  gate.resolve()
  expect(await Promise.all(asking)).toEqual([long('a'), long('b')])
  await world.settle()
  for (const each of ['a', 'b']) expect(await one.ask(page.url, kind(each))).toEqual([long(each), 'hit; ttl=60'])
  expect(await orphans()).toEqual([])
})

test('what a mutation has removed does not come back with a variant that waited for its turn', async () => {
  const world = createWorld()
  const [one, other, third] = world.tabs<HttpEntry>(3).map(({ cache }) => standOn(world, {}, cache)) as [Standing, Standing, Standing]
  const gate = deferred()
  let version = 1
  const page = site.page(async ({ headers: { 'x-kind': asked }, method }) => {
    if (method === 'PUT') version = 2
    if (asked === 'slow') await gate.promise
    return { fields: { 'Cache-Control': 'max-age=600', Vary: 'X-Kind' }, body: `${asked} ${version}` }
  })
  expect(await one.text(page.url, kind('en'))).toBe('en 1')
  await world.settle()
  page.visits()
  const slow = third.text(page.url, kind('slow'))
  await page.visit()
  const waiting = one.text(page.url, kind('de'))
  await turns()
  await world.await(other.text(page.url, { method: 'PUT', body: 'x' }))
  await world.settle()
  gate.resolve()
  expect(await waiting).toBe('de 2')
  await slow
  await world.settle()
  for (const each of [one, other, third]) expect(await each.text(page.url, kind('en'))).toBe('en 2')
})

test('where one user is redirected, what others have stored of the URL stays', async () => {
  const world = createWorld()
  const standing = standOn(world, {}, world.tab<HttpEntry>().cache)
  const login = site.page({ fields: { 'Cache-Control': 'max-age=60' }, body: 'login' })
  const page = site.page(({ headers }) => (headers['authorization'] ? { fields: { 'Cache-Control': 'max-age=60' }, body: long('private') } : { status: 302, fields: { Location: login.url } }))
  await standing.text(page.url, as('alice'))
  expect(await standing.text(page.url)).toBe('login')
  expect(await standing.ask(page.url, as('alice'))).toEqual([long('private'), 'hit; ttl=60'])
  await world.settle()
  expect(await orphans()).toEqual([])
})

test('what is replaced by a redirect leaves no body behind', async () => {
  const world = createWorld()
  const standing = standOn(world, {}, world.tab<HttpEntry>().cache)
  const target = site.page({ fields: { 'Cache-Control': 'max-age=60' }, body: 'moved' })
  const page = site.page({ fields: { 'Cache-Control': 'max-age=60' }, body: long('here') })
  await standing.text(page.url)
  await world.pass(61_000)
  page.answer = { status: 302, fields: { Location: target.url } }
  expect(await standing.text(page.url)).toBe('moved')
  await world.settle()
  expect(await orphans()).toEqual([])
  expect((await lookAtDisk(NAME)).records.map(({ key }) => key)).toEqual(expect.not.arrayContaining([expect.stringContaining(`${page.url}\0`)]))
})

test('one that is stale is asked about in the background though another is fresh', async () => {
  const world = createWorld()
  const standing = standOn(world, {}, world.tab<HttpEntry>().cache)
  const page = site.page(({ number, headers: { 'x-kind': asked } }) => ({ fields: { 'Cache-Control': asked === 'a' ? 'max-age=60, stale-while-revalidate=6000' : 'max-age=3600', Vary: 'X-Kind' }, body: `${asked}${number}` }))
  expect([await standing.text(page.url, kind('a')), await standing.text(page.url, kind('b'))]).toEqual(['a1', 'b2'])
  await world.pass(61_000)
  page.visits()
  expect(await standing.text(page.url, kind('a'))).toBe('a1')
  await page.visit()
  await world.settle()
  expect(await standing.text(page.url, kind('a'))).toBe('a3')
})

test.each<RequestCache>(['no-cache', 'reload'])('two that are asked for at once with cache: %s are both stored', async (cache) => {
  const world = createWorld()
  const standing = standOn(world, {}, world.tab<HttpEntry>().cache)
  const gate = deferred()
  let version = 'old'
  const page = site.page(async ({ headers: { 'x-kind': asked } }) => {
    if (version === 'new') await gate.promise
    return { fields: { 'Cache-Control': 'max-age=60', Vary: 'X-Kind' }, body: `${asked} ${version}` }
  })
  for (const each of ['a', 'b']) await standing.text(page.url, kind(each))
  page.visits()
  version = 'new'
  const asking = [standing.text(page.url, { ...kind('a'), cache }), page.visit().then(() => standing.text(page.url, { ...kind('b'), cache }))]
  await turns()
  gate.resolve()
  expect(await Promise.all(asking)).toEqual(['a new', 'b new'])
  await world.settle()
  for (const each of ['a', 'b']) expect(await standing.text(page.url, kind(each))).toBe(`${each} new`)
})

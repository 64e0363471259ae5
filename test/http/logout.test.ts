// What is removed is gone, in memory and on disk; and what was asked for before is not stored after.

import { describe, expect, test } from 'vitest'
import type { Cache } from '../../src/index.ts'
import { NAME, placeOf, TWO_TIERS } from '../helpers/caches.ts'
import { deferred, turns } from '../helpers/deferred.ts'
import { lookAtDisk } from '../helpers/indexed-db.ts'
import { answerHeld, LATENESS, overtaken, REMOVALS } from './removals.ts'
import { FRESH, serveSite } from './serving.ts'
import { as, cacheStatusOf, keysOnDisk, NO_ROWS, reload, rowsOnDisk, standOn, TIERS } from './standing.ts'

const site = serveSite()

describe.each(TIERS)('$title', (arrangement) => {
  test('clear of a partition frees every row of it, and leaves the others', async () => {
    let user = ''
    const standing = standOn(placeOf(arrangement), { partition: () => user })
    const page = site.page(({ number }) => ({ fields: { 'Cache-Control': 'max-age=60', Vary: 'Accept-Language', 'Cache-Groups': '"a"' }, body: `v${number}` }))
    const ask = (language: string): Promise<string> => standing.text(page.url, { headers: { 'Accept-Language': language } })
    for (user of ['alice', 'bob', '']) for (const language of ['de', 'en']) await ask(language)
    await standing.fetch.clear('alice')
    user = 'bob'
    expect([await ask('de'), await ask('en')]).toEqual(['v3', 'v4'])
    user = ''
    expect([await ask('de'), await ask('en')]).toEqual(['v5', 'v6'])
    if (arrangement.second === 'indexeddb') expect((await keysOnDisk(standing)).filter((key) => key.includes('alice'))).toEqual([])
    user = 'alice'
    expect(await ask('de')).toBe('v7')
    for (user of ['', 'alice', 'bob']) await standing.fetch.clear(user)
    if (arrangement.second === 'indexeddb') expect(await rowsOnDisk(standing)).toEqual(NO_ROWS)
    expect(standing.cache.stats().memory).toMatchObject({ size: 0, weight: 0 })
  })

  test('clear removes what is http, and nothing else', async () => {
    const place = placeOf(arrangement)
    const cache = place.open<unknown>() as Cache<never>
    const others = ['x', 'http', 'http://127.0.0.1/', 'https\0', '', 'htt']
    for (const key of others) await (cache as Cache<unknown>).set(key, key)
    const standing = standOn(place, { partition: ({ headers }) => headers.get('x-user') ?? '' }, cache)
    const page = site.page(FRESH)
    for (const user of ['', 'a']) await standing.text(page.url, { headers: { 'X-User': user } })
    await standing.fetch.clear()
    const left: string[] = []
    for await (const key of cache.keys()) left.push(key)
    expect(left.sort()).toEqual(others.sort())
    expect(await standing.text(page.url)).toBe('v3')
  })

  test('after destroy requests go to the network, and nothing is stored', async () => {
    const standing = standOn(placeOf(arrangement))
    const page = site.page(FRESH)
    await standing.text(page.url)
    await standing.cache.destroy()
    const responses = [await standing.fetch(page.url), await standing.fetch(page.url)]
    expect(await Promise.all(responses.map((response) => response.text()))).toEqual(['v2', 'v3'])
    expect(responses.map(cacheStatusOf)).toEqual(['fwd=bypass', 'fwd=bypass'])
    expect((await standing.fetch(page.url, { method: 'DELETE' })).status).toBe(200)
    expect((await lookAtDisk(NAME)).records).toEqual([])
  })

  test('after close too; what is stored is there for the next one', async () => {
    const place = placeOf(arrangement)
    const standing = standOn(place)
    const page = site.page(FRESH)
    await standing.text(page.url)
    const next = await reload(place, standing)
    expect(await standing.ask(page.url)).toEqual(['v2', 'fwd=bypass'])
    expect(await next.text(page.url)).toBe(arrangement.second === 'indexeddb' ? 'v1' : 'v3')
  })
})

describe.each(LATENESS)('a GET that was asked for before a removal, and %s', (_how, rest) => {
  describe.each(REMOVALS)('%s', (_removal, remove) => {
    test('the caller gets it, and it is not stored', async () => {
      const place = placeOf(TWO_TIERS)
      const gate = deferred()
      const standing = standOn(place, { partition: () => 'me' })
      const page = site.page(answerHeld(gate, rest))
      expect(await overtaken(standing, page, gate, rest, () => remove(standing.fetch, page, standing.cache as Cache<never>))).toBe('v1')
      await standing.cache.flush().catch(() => {})
      expect((await lookAtDisk(NAME)).records).toEqual([])
      page.visits()
      const next = await reload(place, standing, { partition: () => 'me' })
      await next.text(page.url)
      expect(page.visits(), 'the next one asks').toHaveLength(1)
    })
  })
})

/** An answer that is asked for after a mutation was answered may be stored. */
const BY_THE_APP = REMOVALS.filter(([how]) => how !== 'a mutation')

describe.each(TIERS)('$title: a GET that a removal follows in the same turn', (arrangement) => {
  test.each(BY_THE_APP)('%s: it is not stored', async (_how, remove) => {
    const standing = standOn(placeOf(arrangement), { partition: () => 'me' })
    const before = site.page(FRESH)
    await standing.text(before.url)
    const gate = deferred()
    const page = site.page(answerHeld(gate, false))
    const asking = standing.text(page.url)
    const removing = remove(standing.fetch, page, standing.cache as Cache<never>)
    gate.resolve()
    await Promise.all([asking, removing])
    if (arrangement.second === 'indexeddb') expect((await lookAtDisk(NAME)).records.filter(({ key }) => String(key).includes(page.url))).toEqual([])
    page.visits()
    await standing.text(page.url)
    expect(page.visits(), 'the next one asks').toHaveLength(1)
  })
})

test.each(BY_THE_APP)('%s: whoever had joined a GET asks again, and does not store the answer either', async (_how, remove) => {
  const standing = standOn(placeOf(TWO_TIERS), { partition: () => 'me' })
  const gate = deferred()
  const page = site.page(answerHeld(gate, false))
  const asking = [standing.text(page.url), standing.text(page.url)]
  await page.visit()
  await turns()
  await remove(standing.fetch, page, standing.cache as Cache<never>)
  gate.resolve()
  expect((await Promise.all(asking)).sort()).toEqual(['v1', 'v2'])
  await standing.cache.flush().catch(() => {})
  expect((await lookAtDisk(NAME)).records).toEqual([])
})

test('a failed mutation voids nothing', async () => {
  const gate = deferred()
  const standing = standOn(placeOf(TWO_TIERS))
  const page = site.page(answerHeld(gate, false, 409))
  expect(await overtaken(standing, page, gate, false, () => standing.fetch(page.url, { method: 'PUT', body: 'x' }))).toBe('v1')
  expect(await standing.ask(page.url)).toEqual(['v1', 'hit; ttl=60'])
})

test('a logout of one user voids what that user asked for, and not what another did', async () => {
  const gate = deferred()
  const standing = standOn(placeOf(TWO_TIERS), { partition: ({ headers }) => headers.get('authorization') ?? '' })
  const page = site.page(async ({ number }) => {
    await gate.promise
    return { fields: { 'Cache-Control': 'max-age=60' }, body: `v${number}` }
  })
  const asking = Promise.all(['alice', 'bob'].map((user) => standing.text(page.url, as(user))))
  await page.visit()
  await page.visit()
  await standing.fetch.clear('Bearer alice')
  gate.resolve()
  await asking
  expect((await keysOnDisk(standing)).filter((key) => key.includes('alice'))).toEqual([])
  expect(await standing.ask(page.url, as('bob'))).toEqual([expect.any(String), 'hit; ttl=60'])
})

// Whose responses these are: what one user was given no other ever gets, whatever the response says of its freshness.

import { afterEach, describe, expect, test, vi } from 'vitest'
import { ALL_FROM_DISK, NAME, placeOf, TWO_TIERS } from '../helpers/caches.ts'
import { deferred } from '../helpers/deferred.ts'
import { lookAtDisk } from '../helpers/indexed-db.ts'
import { BROKEN, long, serveSite, type Page } from './serving.ts'
import { as, cacheStatusOf, keysOnDisk, NO_ROWS, reload, rowsOnDisk, standOn, TIERS } from './standing.ts'

const site = serveSite()
const elsewhere = serveSite()

/** Tells who asked, is fresh for a minute and names no Vary. */
function ownPage(): Page {
  return site.page(({ headers, number }) => ({ fields: { 'Cache-Control': 'max-age=60' }, body: `${headers['authorization'] ?? headers['cookie'] ?? 'nobody'} ${number}` }))
}

afterEach(() => {
  vi.unstubAllGlobals()
})

const withCookie = (cookie: string): RequestInit => ({ headers: { Cookie: cookie } })

/** Two users, as their requests tell. */
const PAIRS: readonly (readonly [how: string, one: RequestInit, other: RequestInit])[] = [
  ['two tokens', as('alice'), as('bob')],
  ['a token and none', as('alice'), {}],
  ['none and a token', {}, as('alice')],
  ['tokens that differ in case', as('Alice'), as('alice')],
  ['two schemes', { headers: { Authorization: 'Basic alice' } }, { headers: { Authorization: 'Bearer alice' } }],
  ['two cookies, as servers have them', withCookie('session=1'), withCookie('session=2')],
  ['a token and a cookie of the same text', { headers: { Authorization: 'x' } }, { headers: { Cookie: 'x' } }],
  ['one token with two cookies', { headers: { Authorization: 'x', Cookie: '1' } }, { headers: { Authorization: 'x', Cookie: '2' } }],
  ['a request without credentials and one with them', { credentials: 'omit' }, { credentials: 'include' }],
  ['a request with credentials and one without them', { credentials: 'include' }, { credentials: 'omit' }],
]

describe.each(TIERS)('$title', (arrangement) => {
  test.each(PAIRS)('%s: each gets what it was given itself', async (_how, one, other) => {
    const { text } = standOn(placeOf(arrangement))
    const page = ownPage()
    const first = await text(page.url, one)
    const second = await text(page.url, other)
    expect(page.visits(), 'both have asked').toHaveLength(2)
    expect(second).not.toBe(first)
    expect([await text(page.url, one), await text(page.url, other)], 'and both stay').toEqual([first, second])
    expect(page.visits()).toEqual([])
  })

  test.each(PAIRS)('%s: force-cache and only-if-cached give nobody the answer of another', async (_how, one, other) => {
    const { fetch, text } = standOn(placeOf(arrangement))
    const page = ownPage()
    await text(page.url, one)
    await expect(fetch(page.url, { ...other, cache: 'only-if-cached', mode: 'same-origin' })).rejects.toThrow(TypeError)
    expect(await text(page.url, { ...other, cache: 'force-cache' })).toMatch(/2$/)
  })

  test.each(PAIRS)('%s: nobody is answered by the other one when the origin is out of reach', async (_how, one, other) => {
    const place = placeOf(arrangement)
    const { fetch, text } = standOn(place)
    const page = ownPage()
    const first = await text(page.url, one)
    place.clock.advance(120_000)
    page.answer = (_visit, response) => void response.destroy()
    await expect(fetch(page.url, other)).rejects.toThrow(TypeError)
    expect(await text(page.url, one)).toBe(first)
  })

  test.each(PAIRS)('%s: two who ask at once share no request', async (_how, one, other) => {
    const { text } = standOn(placeOf(arrangement))
    const gate = deferred()
    const page = ownPage()
    const { answer } = page
    page.answer = async (visit, response) => {
      await gate.promise
      return typeof answer === 'function' ? answer(visit, response) : answer
    }
    const asking = [text(page.url, one), text(page.url, other), text(page.url, one)]
    await page.visit()
    gate.resolve()
    const [first, second, third] = await Promise.all(asking)
    expect(second).not.toBe(first)
    expect(third).not.toBe(second)
  })

  test('nobody waits for the answer to another user, and each has room of his own', async () => {
    const { text } = standOn(placeOf(arrangement))
    const gate = deferred()
    const page = site.page(async ({ headers: { authorization } }) => {
      if (authorization === 'Bearer 0') await gate.promise
      return { fields: { 'Cache-Control': 'max-age=60' }, body: `for ${authorization}` }
    })
    const first = text(page.url, as('0'))
    await page.visit()
    const users = Array.from({ length: 30 }, (_, number) => `${number}`)
    await Promise.all(users.slice(1).map((user) => text(page.url, as(user))))
    gate.resolve()
    await first
    page.visits()
    for (const user of users) expect(await text(page.url, as(user))).toBe(`for Bearer ${user}`)
    expect(page.visits()).toEqual([])
  })

  test('a change by one of them removes what all have, bodies too', async () => {
    const standing = standOn(placeOf(arrangement))
    const page = site.page({ fields: { 'Cache-Control': 'max-age=60' }, body: long('x') })
    for (const user of ['alice', 'bob']) await standing.text(page.url, as(user))
    await standing.fetch(page.url, { method: 'POST', ...as('alice') })
    page.answer = { fields: { 'Cache-Control': 'no-store' }, body: 'new' }
    for (const user of ['alice', 'bob']) expect(await standing.text(page.url, as(user))).toBe('new')
    if (arrangement.second === 'indexeddb') expect(await rowsOnDisk(standing)).toEqual(NO_ROWS)
  })

  test('what may be stored for one is not confirmed for another: no validator of alice goes out with a request of bob', async () => {
    const place = placeOf(arrangement)
    const { text } = standOn(place)
    const page = site.page(({ headers, number }) => ({ fields: { 'Cache-Control': 'max-age=1', ETag: '"shared"' }, status: headers['if-none-match'] ? 304 : 200, body: `${headers['authorization']} ${number}` }))
    await text(page.url, as('alice'))
    place.clock.advance(2_000)
    expect(await text(page.url, as('bob'))).toBe('Bearer bob 2')
    expect(page.visits().map(({ headers }) => headers['if-none-match'])).toEqual([undefined, undefined])
  })
})

test.each([TWO_TIERS, ALL_FROM_DISK])('$title: after a reload each still gets its own', async (arrangement) => {
  const place = placeOf(arrangement)
  const before = standOn(place)
  const page = ownPage()
  await before.text(page.url, as('alice'))
  const after = await reload(place, before)
  expect(await after.text(page.url, as('bob'))).toBe('Bearer bob 2')
  const last = await reload(place, after)
  expect(await last.text(page.url, as('alice'))).toBe('Bearer alice 1')
  expect(await last.text(page.url, as('bob'))).toBe('Bearer bob 2')
  expect(page.visits()).toHaveLength(2)
})

test('neither a token nor a cookie lies on disk', async () => {
  const standing = standOn(placeOf(TWO_TIERS))
  const page = site.page({ fields: { 'Cache-Control': 'max-age=60', Vary: 'Authorization, Cookie' }, body: long('x') })
  await standing.text(page.url, { headers: { Authorization: 'Bearer secret-token', Cookie: 'session=secret-cookie' } })
  expect(await keysOnDisk(standing)).toHaveLength(2)
  expect(JSON.stringify((await lookAtDisk(NAME)).records)).not.toContain('secret')
})

test('where no digest can be made, outside secure contexts, requests with credentials are not cached', async () => {
  vi.stubGlobal('crypto', {})
  const standing = standOn(placeOf(TWO_TIERS))
  const page = ownPage()
  const responses = [await standing.fetch(page.url, as('alice')), await standing.fetch(page.url, as('bob')), await standing.fetch(page.url, as('alice'))]
  expect(await Promise.all(responses.map((response) => response.text()))).toEqual(['Bearer alice 1', 'Bearer bob 2', 'Bearer alice 3'])
  expect(responses.map(cacheStatusOf)).toEqual(['fwd=bypass', 'fwd=bypass', 'fwd=bypass'])
  expect(await rowsOnDisk(standing)).toEqual(NO_ROWS)
  expect([await standing.text(page.url), await standing.text(page.url)], 'others are').toEqual(['nobody 4', 'nobody 4'])
})

describe('Vary: Cookie in a page, which sees no cookies', () => {
  const cookies = { value: '' }

  function cookiePage(): Page {
    vi.stubGlobal('location', new URL(site.url))
    cookies.value = 'alice'
    return site.page(({ headers }) => ({ fields: { 'Cache-Control': 'max-age=60', Vary: 'Cookie' }, body: headers['cookie']! }))
  }

  /** As a browser, which adds cookies below scripts. */
  const fetchWithCookies: typeof fetch = async (input, init) => {
    const { url, method, headers } = new Request(input, init)
    return fetch(url, { method, headers: [...headers, ['cookie', cookies.value]] })
  }

  test('is asked about each time, and stands in for nothing: nobody knows whose it is', async () => {
    const page = cookiePage()
    const { fetch, text } = standOn(placeOf(TWO_TIERS), { fetch: fetchWithCookies, staleIfError: 60_000 })
    expect(await text(page.url)).toBe('alice')
    cookies.value = 'bob'
    for (const cache of ['default', 'force-cache'] as const) {
      expect(await text(page.url, { cache })).toBe('bob')
      cookies.value = 'alice'
      expect(await text(page.url, { cache })).toBe('alice')
      cookies.value = 'bob'
    }
    page.answer = { status: 503, body: 'sorry' }
    expect(await text(page.url)).toBe('sorry')
    page.answer = BROKEN
    await expect(fetch(page.url)).rejects.toThrow(TypeError)
  })

  test('is confirmed by its validator', async () => {
    const page = cookiePage()
    page.answer = ({ headers }) => ({ status: headers['if-none-match'] ? 304 : 200, fields: { 'Cache-Control': 'max-age=60', Vary: 'Cookie', ETag: '"1"' }, body: 'x' })
    const { ask } = standOn(placeOf(TWO_TIERS), { fetch: fetchWithCookies })
    await ask(page.url)
    expect(await ask(page.url)).toEqual(['x', 'fwd=request; fwd-status=304'])
  })

  test('is of no use to whoever logs in while it is under way', async () => {
    const page = cookiePage()
    const gate = deferred()
    const { answer } = page
    page.answer = async (visit, response) => {
      if (visit.number === 1) await gate.promise
      return typeof answer === 'function' ? answer(visit, response) : answer
    }
    const place = placeOf(TWO_TIERS)
    const { text } = standOn(place, { fetch: fetchWithCookies })
    const first = text(page.url)
    await page.visit()
    cookies.value = 'bob'
    place.clock.advance(10)
    const second = text(page.url)
    place.clock.advance(10)
    gate.resolve()
    expect([await first, await second]).toEqual(['alice', 'bob'])
  })

  test('is used where the app tells its users apart', async () => {
    const page = cookiePage()
    const { text } = standOn(placeOf(TWO_TIERS), { fetch: fetchWithCookies, partition: () => cookies.value })
    for (const user of ['alice', 'bob', 'alice', 'bob']) {
      cookies.value = user
      expect(await text(page.url)).toBe(user)
    }
    expect(page.visits()).toHaveLength(2)
  })
})

test('on its way to another origin a request loses its credentials: what comes is nobody’s there', async () => {
  const { text } = standOn(placeOf(TWO_TIERS))
  const target = elsewhere.page(({ headers: { authorization } }) => ({ fields: { 'Cache-Control': 'max-age=60', Vary: 'Authorization' }, body: `${authorization}` }))
  const from = site.page({ status: 302, fields: {} })
  from.answer = { status: 302, fields: { Location: target.url } }
  expect(await text(from.url, as('alice'))).toBe('undefined')
  expect(await text(target.url, as('alice'))).toBe('Bearer alice')
})

describe('the option partition', () => {
  test.each<[name: string, one: RequestInit, other: RequestInit]>([
    ['Authorization', as('alice'), as('bob')],
    ['Authorization', {}, as('bob')],
    ['Cookie', withCookie('a=1'), withCookie('a=2')],
    ['Cookie', withCookie('a=1'), {}],
  ])('leaves Vary: %s what it is, and neither lies on disk', async (Vary, one, other) => {
    const standing = standOn(placeOf(TWO_TIERS), { partition: () => 'me' })
    const page = site.page(({ headers: { authorization, cookie } }) => ({ fields: { 'Cache-Control': 'max-age=60', Vary }, body: long(`${authorization} ${cookie} `) }))
    const texts = [await standing.text(page.url, one), await standing.text(page.url, other)]
    expect(texts[0]).not.toBe(texts[1])
    expect([await standing.text(page.url, one), await standing.text(page.url, other)]).toEqual(texts)
    expect(page.visits()).toHaveLength(2)
    expect((await keysOnDisk(standing)).join()).not.toMatch(/alice|bob|a=1|a=2/)
  })

  test.each(TIERS)('$title: says whose response it is, whatever the token: a new one of the same user finds it', async (arrangement) => {
    let user = 'alice'
    const { text } = standOn(placeOf(arrangement), { partition: () => user })
    const page = ownPage()
    const first = await text(page.url, as('alice, monday'))
    expect(await text(page.url, as('alice, tuesday'))).toBe(first)
    user = 'bob'
    expect(await text(page.url, as('alice, monday'))).toMatch(/2$/)
    user = 'alice'
    expect(await text(page.url, as('alice, wednesday'))).toBe(first)
    expect(page.visits()).toHaveLength(2)
  })

  test('says whose a request is when it is made: the user may change while it is under way', async () => {
    let user = 'alice'
    const { text } = standOn(placeOf(TWO_TIERS), { partition: () => user })
    const page = ownPage()
    const asking = text(page.url, as('alice'))
    user = 'bob'
    const [first, ...others] = [await asking, await text(page.url, as('bob'))]
    expect(others).not.toContain(first)
    user = 'alice'
    expect(await text(page.url, as('alice'))).toBe(first)
  })

  test('is told the request', async () => {
    const { text } = standOn(placeOf(TWO_TIERS), { partition: ({ headers }) => headers.get('x-user')! })
    const page = site.page(({ headers }) => ({ fields: { 'Cache-Control': 'max-age=60' }, body: headers['x-user']! }))
    for (const _round of [1, 2]) for (const user of ['alice', 'bob']) expect(await text(page.url, { headers: { 'X-User': user } })).toBe(user)
    expect(page.visits()).toHaveLength(2)
  })

  test.each([['with a NUL in it', 'alice\0http://x/'], ['that is no string', 7], ['that is missing', undefined], ['that is null', null]])('one %s is refused, and nothing is asked', async (_how, partition) => {
    const standing = standOn(placeOf(TWO_TIERS), { partition: () => partition as string })
    const page = ownPage()
    await expect(standing.text(page.url, as('alice'))).rejects.toThrow(/^Cannot fetch: partition must be a string without NUL/)
    await expect(standing.text(page.url, as('alice'))).rejects.toThrow(TypeError)
    await expect(standing.fetch(page.url, { method: 'POST', body: 'x' }), 'before anything is done').rejects.toThrow(TypeError)
    expect(page.visits()).toEqual([])
    if (partition !== undefined) await expect(standing.fetch.clear(partition as string)).rejects.toThrow(TypeError)
  })

  test('partitions that begin alike are apart, and so are those that look like URLs', async () => {
    let user = ''
    const { fetch, text } = standOn(placeOf(TWO_TIERS), { partition: () => user })
    const page = ownPage()
    const users = ['', 'a', 'ab', 'abc', page.url, 'http', 'ä', '\n', '\uffff', '\ud800', '__proto__']
    const texts = new Map<string, string>()
    for (user of users) texts.set(user, await text(page.url))
    expect(new Set(texts.values()).size).toBe(users.length)
    await fetch.clear('a')
    page.visits()
    for (user of users) if (user !== 'a') expect(await text(page.url), JSON.stringify(user)).toBe(texts.get(user))
    expect(page.visits()).toEqual([])
    user = 'a'
    expect(await text(page.url)).not.toBe(texts.get('a'))
  })
})

test('where no digest can be made, a partition alone does not answer what varies by Authorization', async () => {
  vi.stubGlobal('crypto', {})
  const { text } = standOn(placeOf(TWO_TIERS), { partition: () => 'me' })
  const page = site.page(({ headers }) => ({ fields: { 'Cache-Control': 'max-age=60', Vary: 'Authorization' }, body: String(headers['authorization']) }))
  expect(await text(page.url, as('admin'))).toBe('Bearer admin')
  expect(await text(page.url, as('guest'))).toBe('Bearer guest')
})

// What was redirected is stored as the answer of where it came from; where a URL leads to is asked anew each time.

import { describe, expect, test } from 'vitest'
import { placeOf, TWO_TIERS } from '../helpers/caches.ts'
import { SECOND } from '../helpers/clock.ts'
import { long, serveSite, type Page } from './serving.ts'
import { as, cacheStatusOf, standOn, TIERS } from './standing.ts'

const site = serveSite()
const elsewhere = serveSite()
const LONG = { 'Cache-Control': 'max-age=31536000, immutable' }

/** A page that leads to others, and two that it may lead to. */
function pages(status = 302, fields: Record<string, string> = {}): { latest: Page; v1: Page; v2: Page; leadTo(page: Page, hash?: string): void } {
  const [v1, v2] = ['one', 'two'].map((body) => site.page(({ number }) => ({ fields: LONG, body: `${body} ${number}` }))) as [Page, Page]
  const latest = site.page({})
  const leadTo = (page: Page, hash = ''): void => void (latest.answer = { status, fields: { Location: page.url + hash, ...fields } })
  leadTo(v1)
  return { latest, v1, v2, leadTo }
}

describe.each(TIERS)('$title', (arrangement) => {
  test.each([301, 302, 303, 307, 308])('%s: a redirect that has moved is followed to where it leads now', async (status) => {
    const standing = standOn(placeOf(arrangement))
    const { latest, v2, leadTo } = pages(status, LONG)
    expect(await standing.text(latest.url)).toBe('one 1')
    leadTo(v2)
    expect(await standing.text(latest.url)).toBe('two 1')
    expect(latest.visits(), 'asked anew each time').toHaveLength(2)
  })

  test('the final answer is stored under its own URL', async () => {
    const standing = standOn(placeOf(arrangement))
    const { latest, v1 } = pages()
    await standing.text(latest.url)
    v1.visits()
    const response = await standing.fetch(v1.url)
    expect(cacheStatusOf(response)).toMatch(/^hit; ttl=\d+$/)
    expect([await response.text(), response.url, response.redirected, response.type]).toEqual(['one 1', v1.url, false, 'basic'])
    expect(v1.visits()).toEqual([])
  })

  test('a response that was redirected says so, and where it came from', async () => {
    const standing = standOn(placeOf(arrangement))
    const { latest, v1 } = pages()
    const response = await standing.fetch(latest.url)
    expect([response.url, response.redirected, response.type, response.status]).toEqual([v1.url, true, 'basic', 200])
    expect(response.clone().url).toBe(v1.url)
    expect(response.clone().redirected).toBe(true)
  })

  test('nothing is stored under the URL that was asked for', async () => {
    const standing = standOn(placeOf(arrangement))
    const { latest } = pages()
    await standing.text(latest.url)
    await expect(standing.fetch(latest.url, { cache: 'only-if-cached', mode: 'same-origin' })).rejects.toThrow(TypeError)
  })

  test('a fragment of the final URL does not count', async () => {
    const standing = standOn(placeOf(arrangement))
    const { latest, v1, leadTo } = pages()
    leadTo(v1, '#part')
    expect(await standing.text(latest.url)).toBe('one 1')
    expect(await standing.text(v1.url)).toBe('one 1')
    expect(await standing.text(`${v1.url}#other`)).toBe('one 1')
  })

  test('a fragment of the URL asked for does not count either', async () => {
    const standing = standOn(placeOf(arrangement))
    const { v1 } = pages()
    expect([await standing.text(`${v1.url}#a`), await standing.text(`${v1.url}#b`), await standing.text(v1.url)]).toEqual(['one 1', 'one 1', 'one 1'])
    expect(v1.visits()).toHaveLength(1)
  })

  test('variants that were stored of the final URL stay', async () => {
    const standing = standOn(placeOf(arrangement))
    const { latest, v1 } = pages()
    v1.answer = ({ headers, number }) => ({ fields: { ...LONG, Vary: 'X-Kind' }, body: `${headers['x-kind']} ${number}` })
    const kind = (value: string): RequestInit => ({ headers: { 'X-Kind': value } })
    await standing.text(v1.url, kind('a'))
    expect(await standing.text(latest.url, kind('b'))).toBe('b 2')
    expect([await standing.text(v1.url, kind('a')), await standing.text(v1.url, kind('b'))]).toEqual(['a 1', 'b 2'])
  })

  test('an unsafe request to the final URL removes what came by a redirect', async () => {
    const standing = standOn(placeOf(arrangement))
    const { latest, v1 } = pages()
    await standing.text(latest.url)
    await standing.fetch(v1.url, { method: 'POST' })
    expect(await standing.text(v1.url)).toBe('one 3')
  })

  test('redirect: manual gives the redirect itself, error rejects; neither poisons the URL for those who follow', async () => {
    const standing = standOn(placeOf(arrangement))
    const { latest, v1, v2, leadTo } = pages(301, LONG)
    for (const _round of [1, 2]) {
      const response = await standing.fetch(latest.url, { redirect: 'manual' })
      expect([response.status, response.headers.get('location')]).toEqual([301, v1.url])
    }
    await expect(standing.fetch(latest.url, { redirect: 'error' })).rejects.toThrow(TypeError)
    leadTo(v2)
    expect(await standing.text(latest.url)).toBe('two 1')
    await expect(standing.fetch(latest.url, { redirect: 'error' }), 'nor does what is stored').rejects.toThrow(TypeError)
  })

  test.each([301, 302, 303, 307, 308])('%s that leads nowhere is an answer like any other, but for redirect: error', async (status) => {
    const standing = standOn(placeOf(arrangement))
    const page = site.page({ status, fields: LONG, body: 'choose' })
    expect((await standing.ask(page.url))[0]).toBe('choose')
    const response = await standing.fetch(page.url)
    expect([response.status, cacheStatusOf(response), await response.text()]).toEqual([status, 'hit; ttl=31536000', 'choose'])
    await expect(standing.fetch(page.url, { redirect: 'error' })).rejects.toThrow(TypeError)
  })
})

test('a reload that is redirected replaces what was stored', async () => {
  const { text } = standOn(placeOf(TWO_TIERS))
  const target = site.page({ fields: { 'Cache-Control': 'max-age=60' }, body: 'moved' })
  const page = site.page({ fields: { 'Cache-Control': 'max-age=600' }, body: 'here' })
  expect(await text(page.url)).toBe('here')
  page.answer = { status: 302, fields: { Location: target.url } }
  expect(await text(page.url, { cache: 'reload' })).toBe('moved')
  expect(await text(page.url)).toBe('moved')
})

test('one that leads back is stored', async () => {
  const place = placeOf(TWO_TIERS)
  const { ask } = standOn(place)
  const bounce = site.page({})
  const page = site.page({ fields: { 'Cache-Control': 'max-age=60' }, body: long('one') })
  bounce.answer = { status: 302, fields: { Location: page.url } }
  await ask(page.url)
  place.clock.advance(61 * SECOND)
  page.answer = ({ number }) => (number === 2 ? { status: 302, fields: { Location: bounce.url } } : { fields: { 'Cache-Control': 'max-age=60' }, body: long('two') })
  expect((await ask(page.url))[0]).toBe(long('two'))
  expect(await ask(page.url)).toEqual([long('two'), 'hit; ttl=60'])
})

test('a request that went by another origin has lost its credentials: what comes is not its user’s', async () => {
  const { text } = standOn(placeOf(TWO_TIERS))
  const target = site.page(({ headers: { authorization } }) => ({ fields: { 'Cache-Control': 'max-age=60' }, body: `${authorization}` }))
  const bounce = elsewhere.page({})
  bounce.answer = { status: 302, fields: { Location: target.url } }
  const from = site.page({})
  from.answer = { status: 302, fields: { Location: bounce.url } }
  expect(await text(from.url, as('alice'))).toBe('undefined')
  expect(await text(target.url, as('alice'))).toBe('Bearer alice')
})

test('one that went to its own origin alone has kept them, and is stored', async () => {
  const { ask, text } = standOn(placeOf(TWO_TIERS))
  const target = site.page(({ headers: { authorization } }) => ({ fields: { 'Cache-Control': 'max-age=60' }, body: `${authorization}` }))
  const from = site.page({})
  from.answer = { status: 302, fields: { Location: target.url } }
  expect(await text(from.url, as('alice'))).toBe('Bearer alice')
  expect(await ask(target.url, as('alice'))).toEqual(['Bearer alice', 'hit; ttl=60'])
})

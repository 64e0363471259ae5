// Storage that fails from the pages' first use of it on, as where a browser restores its tabs from a slow disk: nobody has read the log
// yet. What one tab has set meanwhile does not outlive what another has removed later.

import { describe, expect, test } from 'vitest'
import { Network } from '../coherence/support/channel.ts'
import { createCachedFetch, type HttpEntry } from '../../src/http/index.ts'
import type { Cache } from '../../src/index.ts'
import type { Rule } from './support/rule.ts'
import { turns } from '../helpers/deferred.ts'
import { databaseName } from '../../src/store/schema.ts'
import { createSite, FULL_DISK, NAME } from './support/site.ts'

const OPEN: Rule = { operation: 'open', phase: 'hang' }
const GET: Rule = { operation: 'get', phase: 'request' }

describe.each<[what: string, rule: Rule, before: boolean]>([
  ['open hangs', OPEN, false],
  ['get fails', GET, false],
  ['open hangs, after both had read', OPEN, true],
  ['get fails, after both had read', GET, true],
])('%s', (_what, rule, before) => {
  test.each<[how: string, remove: (cache: Cache<string>) => Promise<unknown>]>([
    ['delete', (cache) => cache.delete('k')],
    ['deletePrefix', (cache) => cache.deletePrefix('k')],
    ['clear', (cache) => cache.clear()],
  ])('what one tab has set does not outlive a later %s by another', async (_how, remove) => {
    const site = createSite()
    new Network().install()
    const [one, other] = [site.open<string>(), site.open<string>()]
    if (before) {
      await site.within(100, one.set('seen', 'x'))
      await site.within(100, other.get('seen'))
      await site.pass(100)
      if (rule === OPEN) site.factory.forceClose()
    }
    site.factory.fail(rule)
    await site.within(20_000, one.get('first'))
    await site.pass(1_000)
    await site.within(20_000, other.set('k', 'old').catch(() => {}))
    await site.pass(1_000)
    await site.within(20_000, remove(one).catch(() => {}))
    expect(await site.within(1_000, one.get('k'))).toBeUndefined()
    site.factory.heal()
    await site.pass(200_000)
    for (const cache of [one, other]) expect(cache.status.persistence).toBe('indexeddb')
    for (const cache of [one, other, site.open<string>()]) expect(await site.within(1_000, cache.get('k'))).toBeUndefined()
  })
})

test('what was set after the removal is stored when storage is back', async () => {
  const site = createSite()
  new Network().install()
  const [one, other] = [site.open<string>(), site.open<string>()]
  site.factory.fail(OPEN)
  await site.within(20_000, one.delete('k').catch(() => {}))
  await site.pass(1_000)
  await site.within(20_000, other.set('k', 'new').catch(() => {}))
  site.factory.heal()
  await site.pass(200_000)
  const found = await Promise.all([one, other, site.open<string>()].map((cache) => site.within(1_000, cache.get('k'))))
  // The newer may be missing, as the note of the removal has a page clear all; if it is there, all see it.
  expect(new Set(found).size).toBe(1)
})

test('HTTP: an answer from before a logout in another tab is not served after it', async () => {
  const site = createSite()
  new Network().install()
  let version = 0
  const origin = async (): Promise<Response> => new Response(`v${++version}`, { headers: { 'cache-control': 'max-age=600' } })
  const [one, other] = [site.open<HttpEntry>(), site.open<HttpEntry>()].map((cache) => createCachedFetch(cache, { fetch: origin, partition: () => 'alice' }))
  const ask = (tab = one!, path: string): Promise<string> => site.within(20_000, tab(`http://app.test/${path}`).then((response) => response.text()))
  site.factory.fail(OPEN)
  await ask(one, 'first')
  await site.pass(1_000)
  expect(await ask(other, 'k')).toBe('v2')
  await site.pass(1_000)
  await site.within(20_000, one!.clear('alice').catch(() => {}))
  site.factory.heal()
  await site.pass(200_000)
  expect(await ask(one, 'k')).toBe('v3')
})

test.each([false, true])('full disk %s: what is set at the start of a page that finds the note of another is served, and no event tells of its removal', async (isFull) => {
  const site = createSite()
  site.storage.set(databaseName(NAME, ''), '0.123')
  if (isFull) site.factory.fail(FULL_DISK)
  const cache = site.open<number>()
  const events: unknown[] = []
  cache.subscribe(({ type }) => void events.push(type))
  await site.within(1_000, cache.set('a', 1).catch(() => {}))
  await turns(50)
  expect([cache.peek('a'), await site.within(1_000, cache.get('a'))]).toEqual([1, 1])
  expect(events.filter((type) => type !== 'status')).toEqual(['set'])
})

// An old tab and a new one with another data version, side by side, and what becomes of the old version's data.

import { expect, test } from 'vitest'
import { useTabs, type Tab } from './support/tabs.ts'

const OLD = { version: '1' }
const NEW = { version: '2' }

const tabs = useTabs()

/** Versions of the cache that have a database. */
const versions = (tab: Tab) =>
  tab.run(async ({ databases, databaseName }) => {
    const names = await databases()
    return ['1', '2'].filter((version) => names.includes(databaseName('shared', version)))
  })

/** Has a tab sweep until nothing but its own version is left. */
async function expectGone(tab: Tab): Promise<void> {
  const sweep = () => tab.run(({ cache }) => cache.sweep().then(() => {}))
  await expect.poll(() => sweep().then(() => versions(tab)), { timeout: 15_000, interval: 250 }).toEqual(['2'])
}

async function openBoth(): Promise<[Tab, Tab]> {
  const [old] = (await tabs.open(1, { cache: OLD })) as [Tab]
  const [next] = (await tabs.open(1, { cache: NEW })) as [Tab]
  await old.run(({ cache }) => cache.setMany([['key', 'old'], ['old', 'old']], { tags: ['tag'] }))
  await next.run(({ cache }) => cache.setMany([['key', 'new'], ['new', 'new']], { tags: ['tag'] }))
  return [old, next]
}

/** What a tab reads of every key, from disk where memory does not hold it. */
const found = (tab: Tab) => tab.run(({ cache }) => cache.getMany(['key', 'old', 'new']).then((values) => [...values].join(' ')))

test('neither reads what the other has written, nor is told of it', async () => {
  const [old, next] = await openBoth()
  expect(await found(old)).toBe('key,old old,old')
  expect(await found(next)).toBe('key,new new,new')
  expect(await old.run(({ rows }) => rows().then((all) => all.map(({ key, value }) => `${key} ${value}`)))).toEqual(['key old', 'old old'])
  for (const tab of [old, next]) expect(await tab.run(({ events }) => events.filter(({ local }) => !local))).toEqual([])
})

test('neither removes what is the other\'s, however much it removes', async () => {
  const [old, next] = await openBoth()
  for (const tab of [old, next]) {
    await tab.run(async ({ cache }) => {
      await cache.delete('key')
      await cache.deleteTag('tag')
      await cache.clear()
      for (let times = 0; times < 3; times++) await cache.sweep()
    })
    if (tab === old) expect(await found(next)).toBe('key,new new,new')
  }
  await old.run(({ cache }) => cache.set('old', 'again'))
  await next.run(({ cache }) => cache.sweep())
  expect(await old.run(({ rows }) => rows().then((all) => all.map(({ key }) => key)))).toEqual(['old'])
})

test('loads of the two do not wait for each other', async () => {
  const [old, next] = await openBoth()
  tabs.api.hold(({ by }) => by === old.name)
  const loading = old.run(({ load }) => load('user'))
  await expect.poll(() => tabs.api.held.length).toBe(1)
  expect(await next.run(({ load }) => load('user'))).toMatchObject({ by: next.name })
  tabs.api.release()
  expect(await loading).toMatchObject({ by: old.name })
})

test('the old version\'s data stays while an old tab is open, and goes when the last one is closed', async () => {
  const [old, next] = await openBoth()
  const [another] = (await tabs.open(1, { cache: OLD })) as [Tab]
  await old.page.close()
  // Sweeps that overlap, and time for what they began to come to an end.
  for (const end = Date.now() + 3_000; Date.now() < end; ) {
    if (Date.now() < end - 2_000) await next.run(({ cache }) => cache.sweep().then(() => {}))
    await next.run(() => new Promise((resolve) => setTimeout(resolve, 200)))
    expect(await versions(next)).toEqual(['1', '2'])
  }
  expect(await another.run(({ cache, rows }) => cache.get('old').then(async (value) => [value, (await rows()).length]))).toEqual(['old', 2])

  await another.page.close()
  await expectGone(next)
  expect(await found(next)).toBe('key,new new,new')
})

test('an old tab that has crashed keeps nothing alive', async () => {
  const [old, next] = await openBoth()
  await old.crash()
  await expectGone(next)
})

test('a tab that opens when no old one is left removes what they have left', async () => {
  const [old] = (await tabs.open(1, { cache: OLD })) as [Tab]
  await old.run(({ cache }) => cache.set('old', 'old'))
  await old.page.close()
  const [next] = (await tabs.open(1, { cache: { ...NEW, sweepInterval: 200 } })) as [Tab]
  await next.run(({ cache }) => cache.set('new', 'new', { ttl: 60_000 }))
  await expect.poll(() => versions(next), { timeout: 15_000, interval: 250 }).toEqual(['2'])
})

test('destroy() in a new tab is a logout of the old one too', async () => {
  const [old, next] = await openBoth()
  await next.run(({ cache }) => cache.destroy())
  await expect.poll(() => old.run(({ cache, outcome }) => outcome(cache.get('old')))).toBe('rejected: closed')
  await expect.poll(() => next.run(({ databases }) => databases())).toEqual([])
})

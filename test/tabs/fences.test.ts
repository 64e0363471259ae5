// A removal in one tab while another tab loads what it removes: the load answers its callers, and its value is nowhere after.

import { describe, expect, test } from 'vitest'
import type { Side } from './support/side.ts'
import { useTabs, type Tab } from './support/tabs.ts'

const tabs = useTabs()

const REMOVALS: readonly { readonly name: string; readonly remove: (side: Side) => Promise<unknown>; readonly all?: boolean }[] = [
  { name: 'delete()', remove: ({ cache }) => cache.delete('user/1') },
  { name: 'deleteMany()', remove: ({ cache }) => cache.deleteMany(['user/1', 'nobody']) },
  { name: 'deletePrefix()', remove: ({ cache }) => cache.deletePrefix('user/') },
  { name: 'deleteTag()', remove: ({ cache }) => cache.deleteTag('people') },
  { name: 'clear()', remove: ({ cache }) => cache.clear(), all: true },
]

/** Starts loads in a tab that the server holds. */
async function startLoads(tab: Tab): Promise<void> {
  tabs.api.hold()
  await tab.run(({ load, left }) => {
    left['user'] = load('user/1', { tags: ['people'] })
    left['other'] = load('post/1', { tags: ['posts'] })
  })
  await expect.poll(() => tabs.api.held.length).toBe(2)
}

const ended = (tab: Tab, name: string) => tab.run(({ left }, wanted) => left[wanted], name)

/** Waits until a tab has been told of another's removal. */
async function expectTold(tab: Tab): Promise<void> {
  await expect.poll(() => tab.run(({ events }) => events.some(({ type, local }) => type.startsWith('delete') && !local)), { interval: 5 }).toBe(true)
}

/** What a tab finds of the keys: in memory, by a read, on disk. */
async function found(tab: Tab): Promise<string[]> {
  return tab.run(async ({ cache, rows }) => {
    const keys = ['user/1', 'post/1']
    const held = keys.filter((key) => cache.peek(key) !== undefined)
    const read = [...(await cache.getMany(keys)).keys()]
    return [`peek ${held}`, `get ${read}`, `rows ${(await rows()).map(({ key }) => key)}`]
  })
}

describe.each(REMOVALS)('a load that another tab overtakes with $name', ({ name, remove, all }) => {
  const left = all ? '' : 'post/1'

  test('answers its caller and is not kept', async () => {
    const [loading, other] = (await tabs.open(2)) as [Tab, Tab]
    await startLoads(loading)
    await other.run(remove)
    // For the rest, the answer comes before the tab can have been told.
    if (name === 'deletePrefix()') await expectTold(loading)
    tabs.api.release()
    expect(await ended(loading, 'user')).toMatchObject({ key: 'user/1', serial: 1 })
    expect(await ended(loading, 'other')).toMatchObject({ key: 'post/1', serial: 1 })
    await loading.run(({ cache }) => cache.flush())
    for (const tab of [loading, other]) {
      await expect.poll(() => found(tab)).toEqual([expect.stringMatching(RegExp(`^peek (${left})?$`)), `get ${left}`, `rows ${left}`])
    }
    expect(await loading.run(({ cache }) => cache.peek('post/1') !== undefined), 'the unrelated load is in memory').toBe(!all)
  })
})

test('a caller after a removal in another tab does not get what was loaded from before it', async () => {
  const [loading, removing, asking] = (await tabs.open(3, { cache: { lockTimeout: 2_000 } })) as [Tab, Tab, Tab]
  await startLoads(loading)
  await removing.run(({ cache }) => cache.delete('user/1'))
  await asking.run(({ load, left }) => void (left['user'] = load('user/1')))
  await expectTold(asking)
  tabs.api.release(({ serial }) => serial === 1)
  expect(await ended(loading, 'user')).toMatchObject({ serial: 1 })
  await expect.poll(() => tabs.api.count('user/1'), { timeout: 3_000 }).toBe(2)
  tabs.api.release()
  expect(await ended(asking, 'user')).toMatchObject({ serial: 2 })
  for (const tab of tabs.opened) await expect.poll(() => tab.run(({ cache }) => cache.get('user/1'))).toMatchObject({ serial: 2 })
})

test('a value that another tab sets during a load is not overwritten by it', async () => {
  const [loading, setting] = (await tabs.open(2)) as [Tab, Tab]
  await startLoads(loading)
  await setting.run(({ cache }) => cache.set('user/1', 'set'))
  tabs.api.release()
  expect(await ended(loading, 'user')).toMatchObject({ serial: 1 })
  await loading.run(({ cache }) => cache.flush())
  for (const tab of [loading, setting]) await expect.poll(() => tab.run(({ cache }) => cache.get('user/1'))).toBe('set')
})

test('what another tab changed before a load began does not void it', async () => {
  const [loading, other] = (await tabs.open(2)) as [Tab, Tab]
  await other.run(async ({ cache }) => {
    await cache.delete('user/1')
    await cache.deleteTag('people')
    await cache.clear()
  })
  await expect.poll(() => loading.run(({ events }) => events.some((event) => 'prefix' in event))).toBe(true)
  await startLoads(loading)
  tabs.api.release()
  await ended(loading, 'user')
  await ended(loading, 'other')
  await loading.run(({ cache }) => cache.flush())
  expect(await found(loading)).toEqual(['peek user/1,post/1', 'get user/1,post/1', 'rows post/1,user/1'])
})

test('a load is voided by a tab that cannot tell anyone', async () => {
  const [loading] = (await tabs.open(1)) as [Tab]
  const [dumb] = (await tabs.open(1, { missing: ['globalThis.BroadcastChannel'] })) as [Tab]
  await startLoads(loading)
  await dumb.run(({ cache }) => cache.deleteTag('people'))
  tabs.api.release()
  expect(await ended(loading, 'user')).toMatchObject({ serial: 1 })
  await ended(loading, 'other')
  await loading.run(({ cache }) => cache.flush())
  expect(await found(loading)).toEqual(['peek post/1', 'get post/1', 'rows post/1'])
})

// Several caches of one name, as in several tabs, with a codec: what one decides on is what it has read, decoded and encoded for,
// or it reads again.

import { describe, expect, it, vi } from 'vitest'
import type { Cache } from '../../src/index.ts'
import { ALL_DECODED, ENCODED, NAME, placeOf, storedValue, type Place } from '../helpers/caches.ts'
import { SECOND } from '../helpers/clock.ts'
import { controlledCodec, type ControlledCodec } from '../helpers/codecs.ts'
import { turns } from '../helpers/deferred.ts'
import { lookAtDisk } from '../helpers/indexed-db.ts'

const TABS = [0, 1, 2, 3, 4]

/** One tab whose codec the test holds, and another. */
async function openTwo(): Promise<{ place: Place; one: Cache<number>; two: Cache<number>; control: ControlledCodec }> {
  const place = placeOf(ALL_DECODED)
  const control = controlledCodec()
  const one = place.open<number>({ codec: control.codec })
  const two = place.open<number>()
  await Promise.all([one.get('nothing'), two.get('nothing')])
  return { place, one, two, control }
}

async function onDisk(): Promise<string[]> {
  return (await lookAtDisk(NAME)).records.map(({ key, value }) => `${String(key)} ${String(storedValue(value))}`)
}

/** Waits until no tab holds another value in memory than the one that was left, as messages take a moment. */
function agreeOn(tabs: readonly Cache<number>[], key: string, left: number | undefined): Promise<void> {
  return vi.waitFor(() => {
    for (const tab of tabs) expect([undefined, left]).toContain(tab.peek(key))
  }, 10_000)
}

describe.each([ENCODED, ALL_DECODED])('$title', (arrangement) => {
  const openAll = (): readonly Cache<number>[] => {
    const { open } = placeOf(arrangement)
    return TABS.map(() => open<number>())
  }

  it('of concurrent adds in several tabs exactly one wins', async () => {
    const tabs = openAll()
    for (const key of ['a', 'b', 'c']) {
      const won = await Promise.all(tabs.map((tab, number) => tab.add(key, number)))
      expect(won.filter((each) => each)).toHaveLength(1)
      expect(await onDisk()).toContain(`${key} ${won.indexOf(true)}`)
      await agreeOn(tabs, key, won.indexOf(true))
    }
  })

  it('of concurrent takes in several tabs exactly one gets the value', async () => {
    const tabs = openAll()
    for (const key of ['a', 'b', 'c']) {
      await tabs[0]!.set(key, 1)
      const taken = await Promise.all(tabs.map((tab) => tab.take(key)))
      expect(taken.filter((value) => value !== undefined)).toEqual([1])
      await agreeOn(tabs, key, undefined)
    }
  })

  it('of concurrent updates in several tabs each is told what another has left, none is lost', async () => {
    const tabs = openAll()
    await tabs[0]!.set('a', -1)
    const told = await Promise.all(tabs.map((tab, number) => tab.update('a', number)))
    const [left] = (await onDisk()).map((row) => Number(row.slice(2)))
    // A chain from the first value to the one left, with every link once.
    expect([...told, left].toSorted()).toEqual([-1, ...TABS].toSorted())
    await agreeOn(tabs, 'a', left)
  })

  it('of adds and takes at once, as many values come out as went in', async () => {
    const tabs = openAll()
    const calls = tabs.flatMap((tab, number) => [tab.add('a', number).then((won) => (won ? 1 : 0)), tab.take('a').then((value) => (value === undefined ? 0 : -1))])
    const balance = (await Promise.all(calls)).reduce<number>((sum, each) => sum + each, 0)
    const left = (await onDisk()).map((row) => Number(row.slice(2)))
    expect(balance).toBe(left.length)
    await agreeOn(tabs, 'a', left[0])
  })
})

describe('a change whose record was changed while it was encoded', () => {
  it('update() replaces the later value, tells it, and keeps its expiry', async () => {
    const { place, one, two, control } = await openTwo()
    await one.set('a', 1, { ttl: SECOND })
    control.hold()
    const updated = one.update('a', 9)
    await turns()
    control.release()
    control.hold('a')
    await turns()
    await two.set('a', 2, { ttl: 5 * SECOND })
    control.release()
    expect(await updated).toBe(2)
    place.clock.advance(4 * SECOND)
    expect(await two.get('a')).toBe(9)
    place.clock.advance(SECOND)
    expect(await two.get('a')).toBeUndefined()
  })

  it('update() of what was deleted meanwhile does not bring it back', async () => {
    const { one, two, control } = await openTwo()
    await one.set('a', 1)
    control.hold()
    const updated = one.update('a', 9)
    await turns()
    await two.delete('a')
    control.release()
    expect(await updated).toBeUndefined()
    expect(await onDisk()).toEqual([])
  })

  it('touch() prolongs the later value, not the one it has read', async () => {
    const { place, one, two, control } = await openTwo()
    await one.set('a', 1, { ttl: SECOND })
    control.hold()
    const touched = one.touch('a', 5 * SECOND)
    await turns()
    await two.set('a', 2, { ttl: SECOND })
    control.release()
    expect(await touched).toBe(true)
    place.clock.advance(4 * SECOND)
    expect(await two.get('a')).toBe(2)
  })

  it('add() loses to the one that came first', async () => {
    const { one, two, control } = await openTwo()
    control.hold()
    const added = one.add('a', 1)
    await turns()
    expect(await two.add('a', 2)).toBe(true)
    control.release()
    expect(await added).toBe(false)
    expect(await onDisk()).toEqual(['a 2'])
  })

  it('a value that was set again, equal in all, is another record', async () => {
    const { one, two, control } = await openTwo()
    await one.set('a', 1)
    const decodes = (): number => control.asked.filter((call) => call === 'decode a').length
    control.hold()
    const updated = one.update('a', 9)
    await turns()
    expect(decodes()).toBe(1)
    await two.set('a', 1)
    control.release()
    expect(await updated).toBe(1)
    expect(decodes()).toBe(2)
    expect(await onDisk()).toEqual(['a 9'])
  })

  it('a failing encode of the loser deletes nothing that it has not read', async () => {
    const { one, two, control } = await openTwo()
    await one.set('a', 1)
    let fail = (_error: unknown): void => {}
    control.fail('encode a', () => new Promise((_resolve, reject) => (fail = reject)))
    const updated = one.update('a', 9)
    await turns()
    await two.set('a', 2)
    control.heal()
    fail(new Error('bad'))
    expect(await updated).toBe(2)
    expect(await onDisk()).toEqual(['a 9'])
  })
})

it('other tabs are told after the commit, and read the new value', async () => {
  const place = placeOf(ENCODED)
  const one = place.open<number>()
  const two = place.open<number>()
  await one.set('a', 1)
  expect(await two.get('a')).toBe(1)
  const heard = new Promise<unknown>((resolve) => two.subscribe('a', resolve))
  await one.set('a', 2)
  expect(await heard).toEqual({ type: 'set', key: 'a', local: false })
  expect(await two.get('a')).toBe(2)
})

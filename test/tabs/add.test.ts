// add() across tabs: whoever asks, and however many ask at once, one call wins each key.

import { expect, test } from 'vitest'
import { useTabs } from './support/tabs.ts'

const KEYS = Array.from({ length: 100 }, (_, number) => `key ${number}`)

const tabs = useTabs()

test('of three tabs that add the same 100 keys at once, exactly one wins each, and all read its value', async () => {
  const places = await tabs.open(3)
  const race = await Promise.all(places.map((place) => place.run(({ cache, tab }, keys) => Promise.all(keys.map((key) => cache.add(key, tab))), KEYS)))
  expect(race.flat().filter((won) => won)).toHaveLength(100)
  const winners = KEYS.map((_, number) => places[race.findIndex((wins) => wins[number])]?.name)
  for (const place of places) {
    const found = await place.run(async ({ cache }, keys) => Promise.all(keys.map((key) => cache.get(key))), KEYS)
    expect(found, `what ${place.name} reads`).toEqual(winners)
  }
})

test('a tab that holds an older value in memory does not win, nor lose, by it', async () => {
  const [one, other] = await tabs.open(2)
  await one!.run(({ cache }) => cache.set('key', 'old'))
  await other!.run(({ cache }) => cache.get('key'))
  await one!.run(({ cache }) => cache.delete('key'))
  expect(await other!.run(({ cache }) => cache.add('key', 'new'))).toBe(true)
  expect(await one!.run(({ cache }) => cache.add('key', 'newer'))).toBe(false)
  await expect.poll(() => one!.run(({ cache }) => cache.get('key'))).toBe('new')
})

// A page that sleeps while it waits for its turn: what others have written meanwhile is not taken for old, nor for what is to come.

import { expect, it } from 'vitest'
import { createWorld, type Tab } from './support/world.ts'

it.each<['update' | 'touch', string]>([
  ['update', 'mine'],
  ['touch', 'newer'],
])('%s removes nothing that another tab has written while the page slept', async (method, left) => {
  const world = createWorld()
  const [one, other] = world.tabs<string>(2) as [Tab<string>, Tab<string>]
  await world.await(one.cache.set('k', 'old'))
  await world.settle()
  const busy = one.cache.set('busy', 'x')
  for (let i = 0; i < 20; i++) await Promise.resolve()
  const changing: Promise<unknown> = method === 'update' ? one.cache.update('k', 'mine') : one.cache.touch('k', 3_600_000)
  world.clock.advance(120_000)
  const setting = other.cache.set('k', 'newer')
  await world.await(Promise.all([busy, setting]))
  const result = await world.await(changing)
  await world.settle()
  expect(result).toBe(method === 'update' ? 'newer' : true)
  expect(await world.await(one.cache.get('k')), 'here').toBe(left)
  expect(await world.await(other.cache.get('k')), 'there').toBe(left)
})

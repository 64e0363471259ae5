// Pages and workers that end at any moment: what was acknowledged is there, no batch is torn, nothing older comes back.

import { expect, it } from 'vitest'
import { turns } from '../helpers/deferred.ts'
import { random } from '../helpers/property.ts'
import type { Call } from './support/rule.ts'
import { createSite } from './support/site.ts'

it.each([1, 2, 3])('F26: a page that dies at any moment loses nothing acknowledged and tears no batch: seed %i', async (seed) => {
  const site = createSite()
  const roll = random(seed)
  /** What may lie under each key: what was acknowledged last, and what was asked for since. */
  const possible = new Map<string, { readonly value: unknown }[]>()
  let batches = 0
  for (let page = 0; page < 25; page++) {
    const cache = site.open<unknown>()
    for (let step = 0; step < 12; step++) {
      const keys = roll() < 0.4 ? Array.from({ length: 5 }, (_, place) => `batch ${place}`) : [`k${Math.floor(roll() * 6)}`]
      const change = { value: keys.length > 1 ? ++batches : roll() < 0.2 ? undefined : `${page} ${step}` }
      for (const key of keys) possible.set(key, [...(possible.get(key) ?? [{ value: undefined }]), change])
      const doing = change.value === undefined ? cache.delete(keys[0]!) : cache.setMany(keys.map((key) => [key, change.value]))
      void doing.then(
        () => {
          // One that is acknowledged after a later one has been is no longer there.
          for (const key of keys) possible.set(key, possible.get(key)!.slice(Math.max(0, possible.get(key)!.indexOf(change))))
        },
        () => {},
      )
      await turns(Math.floor(roll() * 8))
    }
    await site.crash()
    const values = await site.values()
    const batch = Array.from({ length: 5 }, (_, place) => values[`batch ${place}`])
    expect(new Set(batch).size, 'a batch is whole or not there').toBe(1)
    for (const [key, changes] of possible) {
      expect(changes.map(({ value }) => value), `${key} after page ${page}`).toContain(values[key])
      // What lies there is what the next page begins with.
      possible.set(key, [{ value: values[key] }])
    }
  }
})

it('F41: a worker that is ended in the middle of its queue keeps what flush() has waited for; the rest may be lost, and nothing is torn', async () => {
  const site = createSite({ localStorage: false })
  const cache = site.open<unknown>()
  for (let place = 0; place < 50; place++) void cache.set(`flushed ${place}`, place, { ttl: 60_000, tags: ['x'] })
  await cache.flush()
  for (let place = 0; place < 50; place++) void cache.set(`queued ${place}`, place, { ttl: 60_000, tags: ['x'] })
  await turns(3)
  await site.crash()
  const keys = Object.keys(await site.values())
  expect(keys.filter((key) => key.startsWith('flushed'))).toHaveLength(50)
  expect([0, 50]).toContain(keys.filter((key) => key.startsWith('queued')).length)
  const next = site.open<unknown>()
  expect(await site.within(1_000, next.get('flushed 49'))).toBe(49)
})

it('F42: in a profile with little room and nothing that lasts the cache works, on disk as far as there is room, then on memory', async () => {
  const site = createSite()
  const cache = await site.ready<unknown>()
  // Room for thirty entries, and whatever is deleted makes room.
  let stored = 0
  const isFull = ({ key }: Call): boolean => String(key).startsWith('k') && ++stored > 30
  site.factory.fail({ operation: 'put', phase: 'commit', error: 'QuotaExceededError', when: isFull })
  const ends = []
  for (let place = 0; place < 60; place++) ends.push(...(await site.within(1_000, Promise.allSettled([cache.set(`k${place}`, place, { ttl: 60_000 })]))))
  expect(ends.filter(({ status }) => status === 'rejected').length, 'one is refused, then memory takes them').toBeLessThanOrEqual(1)
  for (let place = 0; place < 60; place++) expect(await site.within(100, cache.get(`k${place}`))).toBe(place)
  expect(cache.status).toMatchObject({ persistence: 'memory', fault: { class: 'capacity' } })
  expect(site.reports).toHaveLength(1)
  // The window is closed, and with it all is gone.
  await site.crash()
  const next = createSite().open<unknown>()
  expect(await site.within(1_000, next.get('k1'))).toBeUndefined()
  expect(next.status).toEqual({ persistence: 'indexeddb' })
})

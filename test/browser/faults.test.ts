// What befalls a database in real life: it is deleted under the cache, a newer app takes it over, another tab blocks it.
// The cache must let go at once, go on working, and come back by itself.

import { expect, test } from 'vitest'
import { connect, contents, databaseName, databaseNames, done, NAME, open, openReady, storedKeys } from './support/caches.ts'

/** ms that a call may take where storage does not answer; the cache's own limit is shorter. */
const PATIENCE = 6_000

test('a cache makes way for the deletion of its database, and goes on with a new one', async () => {
  const { cache, faults } = await openReady<number>()
  await cache.set('before', 1)
  expect(await deleteDatabase(await databaseName())).toEqual({ blocked: false })
  expect(await databaseNames()).toEqual([])
  expect(await cache.get('before'), 'memory forgets it too').toBeUndefined()
  await cache.set('after', 2)
  expect(await storedKeys()).toEqual(['after'])
  expect(cache.status).toEqual({ persistence: 'indexeddb' })
  expect(faults).toEqual([])
})

test('reads, sweeps and removals work on a database that was deleted under the cache', async () => {
  const { cache, faults } = await openReady<number>({ maxEntries: 1 })
  await cache.setMany([['a', 1], ['b', 2], ['c', 3]])
  for (const call of [
    () => cache.get('a'),
    () => cache.sweep(),
    () => cache.take('a'),
    () => cache.deleteTag('a'),
    () => cache.deletePrefix('a'),
    () => cache.flush(),
    () => cache.add('d', 4).then(() => cache.delete('d')),
  ]) {
    await deleteDatabase(await databaseName())
    await call()
    await cache.set('probe', 1)
    expect(await storedKeys(), String(call)).toEqual(['probe'])
  }
  expect(faults).toEqual([])
})

test('writes under way when the database is deleted are settled, and what comes after is stored', async () => {
  const { cache } = await openReady<number>()
  const database = await databaseName()
  const writing = Array.from({ length: 200 }, (_, number) => cache.set(`key ${number}`, number))
  const deleting = deleteDatabase(database)
  await Promise.all(writing)
  expect(await deleting).toEqual({ blocked: false })
  await cache.set('after', 1)
  expect((await contents()).rows).toContainEqual(expect.objectContaining({ key: 'after' }))
})

test('a newer app that raises the version is not blocked; the cache then runs on memory and says why', async () => {
  const { cache, faults } = await openReady<number>()
  await cache.set('a', 1)
  const request = indexedDB.open(await databaseName(), 2)
  let blocked = false
  request.onblocked = () => (blocked = true)
  const newer = await done(request)
  expect(blocked).toBe(false)

  await cache.set('b', 2)
  expect(await cache.get('a')).toBe(1)
  expect(await cache.get('nothing')).toBeUndefined()
  expect(cache.status).toEqual({ persistence: 'memory', reason: expect.stringContaining('VersionError'), fault: { class: 'newer-schema', phase: 'open', action: 'memory' } })
  expect(faults.map(({ code, cause }) => [code, (cause as Error).name])).toEqual([['open-failed', 'VersionError']])
  expect(await done(newer.transaction('entries').objectStore('entries').getAllKeys()), 'the newer database is left alone').toEqual(['a'])
  newer.close()
})

test('where the database does not open in time, calls are answered from memory; once it opens, it is used', async () => {
  const { cache, faults } = await openReady<number>()
  await cache.set('before', 1)
  const database = await databaseName()
  // A tab of another app that does not listen: the deletion waits for it, and whoever opens waits for the deletion.
  const stubborn = await connect(database)
  const request = indexedDB.deleteDatabase(database)
  const deleting = done(request)
  await new Promise((resolve) => (request.onblocked = resolve))

  const start = performance.now()
  const [found, missing, added] = await Promise.all([cache.get('before'), cache.get('nothing'), cache.add('added', 2), cache.set('during', 3)])
  expect(performance.now() - start).toBeLessThan(PATIENCE)
  expect([found, missing, added], 'what is being deleted is not served').toEqual([undefined, undefined, true])
  expect(cache.status).toEqual({ persistence: 'memory', reason: expect.stringMatching(/\w{3}/), fault: { class: 'stalled', phase: 'open', action: 'memory' } })
  expect(faults.map(({ code }) => code)).toEqual(['open-failed'])
  const again = performance.now()
  expect(await cache.get('during')).toBe(3)
  expect(await cache.get('other')).toBeUndefined()
  expect(performance.now() - again, 'later calls do not wait again').toBeLessThan(1_000)

  stubborn.close()
  await deleting
  await expect.poll(() => cache.status).toEqual({ persistence: 'indexeddb' })
  await cache.set('after', 4)
  await expect.poll(storedKeys, { message: 'and what came after the deletion' }).toEqual(['added', 'after', 'during'])
})

test('close() lets a deletion pass at once and stores what was asked for before it', async () => {
  const { cache } = await openReady<number>()
  void cache.set('a', 1)
  await cache.close()
  expect(await storedKeys()).toEqual(['a'])
  expect(await deleteDatabase(await databaseName())).toEqual({ blocked: false })
  await expect(cache.get('a')).rejects.toMatchObject({ code: 'closed' })
})

test('destroy() removes the databases of every version of its name, and no other', async () => {
  const others = [`${NAME}2`, `x:${NAME}`, `${NAME}:x`, `:${NAME}`, NAME.toUpperCase()]
  for (const name of others) await open({ name }).set('a', 1)
  for (const version of ['', '1', '2:a', '%']) {
    const cache = open({ version })
    await cache.set('a', 1)
    await cache.close()
  }
  expect(await databaseNames()).toHaveLength(others.length + 4)
  const cache = open<number>({ version: '3' })
  await cache.set('a', 1)
  await cache.destroy()
  await expect(cache.get('a')).rejects.toMatchObject({ code: 'closed' })
  await expect.poll(async () => (await databaseNames()).length).toBe(others.length)
  for (const name of others) expect(await open<number>({ name }).get('a'), name).toBe(1)
})

test('destroy() leaves no data even where another tab keeps the database open', async () => {
  const { cache } = await openReady<number>()
  await cache.setMany(Array.from({ length: 50 }, (_, number) => [`key ${number}`, number]))
  const stubborn = await connect(await databaseName())
  await cache.destroy()
  const entries = stubborn.transaction('entries').objectStore('entries')
  expect(await done(entries.count())).toBe(0)
  stubborn.close()
  await expect.poll(() => databaseNames()).toEqual([])
})

test('a database of the right name without the store does not throw at anyone', async () => {
  const { cache } = await openReady<number>()
  const database = await databaseName()
  await cache.close()
  await deleteDatabase(database)
  const empty = await done(indexedDB.open(database, 1))
  empty.close()
  const { cache: second } = await openReady<number>()
  await second.set('a', 1).catch((error: unknown) => expect(error).toMatchObject({ code: expect.any(String) }))
  expect(await second.get('a')).toBe(1)
  expect(await second.get('b')).toBeUndefined()
})

async function deleteDatabase(name: string): Promise<{ blocked: boolean }> {
  const request = indexedDB.deleteDatabase(name)
  let blocked = false
  request.onblocked = () => (blocked = true)
  await done(request)
  return { blocked }
}

// A codec that fails: what cannot be decoded is a miss, what cannot be encoded is refused and leaves no older value, and one
// that does not answer has failed after 10 s. The cache goes on.

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { Cache, CacheError } from '../../src/index.ts'
import { ALL_DECODED, collected, damageOnPurpose, ENCODED, NAME, placeOf, storedValue, type Place } from '../helpers/caches.ts'
import { controlledCodec, type ControlledCodec } from '../helpers/codecs.ts'
import { isPending, turns } from '../helpers/deferred.ts'
import { failWrites, lookAtDisk } from '../helpers/indexed-db.ts'

const LIMIT = 10_000

/** Ways of a codec to fail, and what is the cause then. */
const FAILURES: readonly [name: string, how: () => unknown, cause: unknown][] = [
  ['throws', () => { throw new RangeError('bad') }, expect.any(RangeError)],
  ['rejects', () => Promise.reject(new DOMException('bad', 'OperationError')), expect.any(DOMException)],
  ['gives undefined', () => undefined, expect.any(TypeError)],
]

let place: Place
let control: ControlledCodec
let errors: CacheError[]

beforeEach(() => {
  place = placeOf(ALL_DECODED)
  control = controlledCodec()
  errors = []
})

// The look at memory and disk after each test asks the codec.
afterEach(() => {
  control.heal()
  control.release()
})

function open(): Cache<number> {
  return place.open<number>({ codec: control.codec, onError: (error) => void errors.push(error) })
}

/** A cache with `a` and `b` on disk and nothing in memory. */
async function filled(): Promise<Cache<number>> {
  const cache = open()
  await cache.setMany([['a', 1], ['b', 2]], { tags: ['x'] })
  return cache
}

const told = (): unknown[] => errors.map(({ code, key }) => [code, key])

async function onDisk(): Promise<string[]> {
  return (await lookAtDisk(NAME)).records.map(({ key, value }) => `${String(key)} ${String(storedValue(value))}`)
}

describe.each(FAILURES)('a decode that %s', (_name, how, cause) => {
  it.each<[string, (cache: Cache<number>) => Promise<unknown>, unknown]>([
    ['get', (cache) => cache.get('a'), undefined],
    ['getMany', (cache) => cache.getMany(['a', 'b']), new Map([['b', 2]])],
    ['has', (cache) => cache.has('a'), false],
    ['info', (cache) => cache.info('a'), undefined],
    ['expiresAt', (cache) => cache.expiresAt('a'), undefined],
    ['update', (cache) => cache.update('a', 5), undefined],
    ['touch', (cache) => cache.touch('a', 5), false],
    ['values', (cache) => collected(cache.values()), [2]],
    ['keys', (cache) => collected(cache.keys()), ['b']],
    ['size', (cache) => cache.size(), 1],
  ])('is a miss for %s, told to onError, and the record stays', async (_method, call, expected) => {
    const cache = await filled()
    control.fail('decode a', how)
    expect(await call(cache)).toEqual(expected)
    expect(errors).toEqual([expect.objectContaining({ name: 'CacheError', code: 'codec-failed', key: 'a', cause })])
    control.heal()
    expect(await cache.get('a')).toBe(1)
  })

  it('makes getOrLoad load', async () => {
    const cache = await filled()
    control.fail('decode a', how)
    expect(await cache.getOrLoad('a', () => 5)).toBe(5)
    await cache.flush()
    control.heal()
    expect(await cache.get('a')).toBe(5)
  })

  it('lets add() win and replace the record', async () => {
    const cache = await filled()
    control.fail('decode a', how)
    expect(await cache.add('a', 5)).toBe(true)
    control.heal()
    expect(await cache.get('a')).toBe(5)
    expect(await cache.add('a', 6)).toBe(false)
  })

  it.each<[string, (cache: Cache<number>) => Promise<unknown>, unknown]>([
    ['take', (cache) => cache.take('a'), undefined],
    ['delete', (cache) => cache.delete('a'), false],
    ['deleteMany', (cache) => cache.deleteMany(['a', 'b']), 1],
  ])('does not keep the record from %s', async (_method, call, expected) => {
    const cache = await filled()
    control.fail('decode a', how)
    expect(await call(cache)).toBe(expected)
    expect(told()).toEqual([['codec-failed', 'a']])
    expect(await onDisk()).not.toContain('a 1')
  })

  it.each<[string, (cache: Cache<number>) => Promise<unknown>]>([
    ['deletePrefix', (cache) => cache.deletePrefix('')],
    ['deleteTag', (cache) => cache.deleteTag('x')],
    ['set', (cache) => cache.setMany([['a', 5], ['b', 5]])],
  ])('is of no concern to %s', async (_method, call) => {
    const cache = await filled()
    control.fail('decode a', how)
    await call(cache)
    expect(errors).toEqual([])
    expect(await onDisk()).not.toContain('a 1')
  })
})

describe.each([...FAILURES, ['gives what cannot be cloned', () => () => {}, expect.any(DOMException)] as const])('an encode that %s', (_name, how, cause) => {
  const REFUSED = { name: 'CacheError', code: 'codec-failed', key: 'a', cause }

  it('refuses its set alone, told to onError once; no older value stays, and memory serves the new one', async () => {
    place = placeOf(ENCODED)
    const cache = await filled()
    control.fail('encode a', how)
    const others = [cache.set('c', 3), cache.delete('b')]
    await expect(cache.set('a', 5)).rejects.toMatchObject(REFUSED)
    await Promise.all(others)
    expect(errors).toEqual([expect.objectContaining(REFUSED)])
    expect(await cache.get('a')).toBe(5)
    expect(await onDisk()).toEqual(['c 3'])
    control.heal()
    const next = await place.reload(cache, { codec: control.codec })
    expect(await next.get('a')).toBeUndefined()
    await next.set('a', 6)
    expect(await onDisk()).toEqual(['a 6', 'c 3'])
  })

  it('refuses all of its setMany, whose keys have no older value then', async () => {
    const cache = await filled()
    control.fail('encode a', how)
    await expect(cache.setMany([['c', 5], ['a', 5], ['b', 5]])).rejects.toMatchObject(REFUSED)
    expect(await onDisk()).toEqual([])
  })

  it.each<[string, (cache: Cache<number>) => Promise<unknown>]>([
    ['add of a missing key', (cache) => cache.take('a').then(() => cache.add('a', 5))],
    ['update', (cache) => cache.update('a', 5)],
    ['touch', (cache) => cache.touch('a', 5)],
  ])('refuses %s and leaves no older value', async (_method, call) => {
    const cache = await filled()
    control.fail('encode a', how)
    await expect(call(cache)).rejects.toMatchObject(REFUSED)
    expect(told()).toEqual([['codec-failed', 'a']])
    expect(await onDisk()).toEqual(['b 2'])
  })

  it('gives the callers of a load its value all the same', async () => {
    const cache = await filled()
    control.fail('encode c', how)
    expect(await cache.getOrLoad('c', () => 5)).toBe(5)
    await cache.flush()
    expect(told()).toEqual([['codec-failed', 'c']])
    expect(await onDisk()).toEqual(['a 1', 'b 2'])
  })
})

it('a load whose value cannot be encoded leaves what another tab has set meanwhile', async () => {
  const cache = await filled()
  const other = place.open<number>()
  control.fail('encode a', () => { throw new Error('bad') })
  let store = (_value: number): void => {}
  const loaded = cache.getOrLoad('a', () => new Promise<number>((resolve) => (store = resolve)), { refresh: true })
  await turns()
  await other.set('a', 7)
  store(5)
  expect(await loaded).toBe(5)
  await turns()
  await cache.flush()
  expect(await onDisk()).toEqual(['a 7', 'b 2'])
})

it('a write that nobody waits for does not end as an unhandled rejection', async () => {
  const cache = await filled()
  for (const key of ['a', 'c']) control.fail(`encode ${key}`, () => Promise.reject(new Error('bad')))
  void cache.set('a', 1)
  void cache.add('c', 1)
  void cache.update('a', 1)
  await cache.flush()
  await turns()
  expect(told()).toEqual([['codec-failed', 'a'], ['codec-failed', 'c']])
})

describe('what was written while storage was broken', () => {
  /** A cache for which storage was broken while it set `c`, `d` and `e`, and took `a`; nothing has been tried since. */
  const outlasted = async (): Promise<Cache<number>> => {
    place = placeOf(ENCODED)
    const cache = await filled()
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    const broken = failWrites('UnknownError')
    await expect(cache.set('c', 3)).rejects.toMatchObject({ code: 'write-failed' })
    await Promise.all([cache.setMany([['d', 4], ['e', 5]]), cache.delete('a')])
    expect(cache.status.persistence).toBe('memory')
    broken.end()
    control.asked.length = 0
    return cache
  }

  const probe = async (): Promise<void> => {
    await vi.advanceTimersByTimeAsync(5_000)
    await turns(100)
  }

  it('is encoded and stored when it is back', async () => {
    const cache = await outlasted()
    await probe()
    expect(cache.status.persistence).toBe('indexeddb')
    expect(control.asked.toSorted()).toEqual(['encode c', 'encode d', 'encode e'])
    const { records } = await lookAtDisk(NAME)
    expect(records.map(({ value }) => value)).toEqual(records.map(({ key }) => ({ stamp: expect.any(Number), data: [key, Infinity, expect.any(Number)] })))
    expect(await onDisk()).toEqual(['b 2', 'c 3', 'd 4', 'e 5'])
  })

  it('does not replace what another tab has set since', async () => {
    const cache = await outlasted()
    const other = place.open<number>()
    await other.set('d', 9)
    await probe()
    expect(await onDisk()).not.toContain('d 4')
    expect(await cache.get('d')).not.toBe(4)
    expect(await onDisk()).toEqual(expect.arrayContaining(['b 2', 'c 3', 'e 5']))
  })

  it('is stored but for what cannot be encoded', async () => {
    damageOnPurpose()
    await outlasted()
    control.fail('encode d', () => undefined)
    await probe()
    expect(await onDisk()).toEqual(['b 2', 'c 3', 'e 5'])
  })
})

describe('a codec that does not answer', () => {
  /** Timers stand still, so that 10 s pass only when the test says so. */
  const stall = (): void => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    control.hold()
  }

  it('has failed after 10 s: the read is a miss', async () => {
    const cache = await filled()
    stall()
    const read = cache.get('a')
    await turns()
    await vi.advanceTimersByTimeAsync(LIMIT - 1)
    expect(await isPending(read)).toBe(true)
    await vi.advanceTimersByTimeAsync(1)
    expect(await read).toBeUndefined()
    expect(errors).toEqual([expect.objectContaining({ code: 'codec-failed', key: 'a', cause: expect.objectContaining({ name: 'TimeoutError' }) })])
  })

  it('has failed after 10 s: the write is refused, no older value stays, and those behind it go on', async () => {
    const cache = await filled()
    stall()
    const refused = expect(cache.set('a', 5)).rejects.toMatchObject({ code: 'codec-failed', key: 'a' })
    await turns()
    control.hold('a')
    const behind = Promise.all([cache.set('c', 3), cache.delete('b')])
    await vi.advanceTimersByTimeAsync(LIMIT)
    await refused
    await behind
    expect(await onDisk()).toEqual(['c 3'])
  })

  it('holds up other keys\' hits in memory by nothing, and their reads from disk by no more than that', async () => {
    place = placeOf({ ...ENCODED, memory: 'one' })
    const cache = await filled()
    stall()
    const refused = cache.set('c', 3).catch(({ code }) => code)
    control.hold('c')
    const read = cache.get('a')
    expect(await cache.get('c')).toBe(3)
    await turns()
    await vi.advanceTimersByTimeAsync(LIMIT)
    expect(await read).toBe(1)
    expect(await refused).toBe('codec-failed')
  })

  it.each<[string, (cache: Cache<number>) => Promise<unknown>]>([
    ['get', (cache) => cache.get('a')],
    ['getOrLoad', (cache) => cache.getOrLoad('a', () => 5)],
    ['set', (cache) => cache.set('a', 5)],
    ['setMany', (cache) => cache.setMany([['a', 5], ['b', 5]])],
    ['add', (cache) => cache.add('a', 5)],
    ['update', (cache) => cache.update('a', 5)],
    ['touch', (cache) => cache.touch('a', 5)],
    ['take', (cache) => cache.take('a')],
    ['delete', (cache) => cache.delete('a')],
    ['clear', (cache) => cache.clear()],
    ['size', (cache) => cache.size()],
    ['sweep', (cache) => cache.sweep()],
    ['flush', (cache) => cache.flush()],
    ['close', (cache) => cache.close()],
    ['destroy', (cache) => cache.destroy()],
  ])('cannot hang %s, not even behind writes', async (_name, call) => {
    const cache = await filled()
    stall()
    void cache.set('a', 9)
    void cache.add('b', 9)
    const called = call(cache).then(() => 'done', () => 'refused')
    // Each of the changes before it may take the time of a decode and of an encode.
    for (let pause = 0; pause < 60; pause++) {
      await turns(5)
      await vi.advanceTimersByTimeAsync(LIMIT / 10)
    }
    expect(await called).toMatch(/done|refused/)
  })
})

// Where locks are missing, fail or are stolen, each tab loads for itself.

import { afterEach, describe, expect, it, vi } from 'vitest'
import { heldLoader, rejectionOf, until } from '../helpers/loads.ts'
import { createWorld, lockOf, type World } from './support/world.ts'

afterEach(() => {
  vi.unstubAllGlobals()
})

describe('no locks to speak of', () => {
  const WORLDS: [what: string, make: () => World][] = [
    ['no navigator', () => createWorld({ locks: false })],
    ['a navigator without locks', () => {
      const world = createWorld()
      vi.stubGlobal('navigator', {})
      return world
    }],
    ['locks without a request method', () => {
      const world = createWorld()
      vi.stubGlobal('navigator', { locks: {} })
      return world
    }],
    ['a getter that throws', () => {
      const world = createWorld()
      vi.stubGlobal('navigator', {
        get locks() {
          throw new DOMException('denied', 'SecurityError')
        },
      })
      return world
    }],
    ['an AbortSignal that knows no timeout', () => {
      const world = createWorld({ locks: false })
      vi.stubGlobal('AbortSignal', Object.assign(class extends AbortSignal {}, { timeout: undefined }))
      return world
    }],
    ...(['rejects', 'throws'] as const).map((mood): [string, () => World] => [`a request that ${mood}`, () => {
      const world = createWorld()
      world.locks.mood = mood
      return world
    }]),
  ]

  it.each(WORLDS)('%s: each tab loads for itself, once, and nothing is unhandled', async (_what, make) => {
    const world = make()
    const tabs = world.tabs<string>(3)
    const loader = vi.fn(async () => 'value')
    expect(await Promise.all(tabs.map(({ cache }) => cache.getOrLoad('a', loader)))).toEqual(Array(3).fill('value'))
    expect(loader.mock.calls.length).toBeLessThanOrEqual(3)
    await world.settle()
    const offline = new Error('offline')
    expect(await rejectionOf(tabs[0]!.cache.getOrLoad('b', () => Promise.reject(offline)))).toBe(offline)
    expect(world.faults).toEqual([])
  })

  it('one that is stolen during the load: the load goes on, its value is stored once, its error is told', async () => {
    const world = createWorld()
    const [one, other] = world.tabs<string>(2)
    const { runs, loader } = heldLoader<string>()
    const loading = one!.cache.getOrLoad('a', loader)
    await until(() => runs.length > 0)
    await world.locks.steal(await lockOf('a'))
    runs[0]!.resolve('value')
    expect(await loading).toBe('value')
    await world.settle()
    expect(await other!.cache.get('a')).toBe('value')
    expect(runs).toHaveLength(1)
    const offline = new Error('offline')
    const failing = one!.cache.getOrLoad('b', loader)
    await until(() => runs.length === 2)
    await world.locks.steal(await lockOf('b'))
    runs[1]!.reject(offline)
    expect(await rejectionOf(failing)).toBe(offline)
  })
})

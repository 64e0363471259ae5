// What a tab serves after a change that it has made or heard of: nothing that was loaded before it, whatever loads, reads and
// messages are under way.

import { afterEach, expect, it, vi } from 'vitest'
import type { Cache, LoaderContext } from '../../src/index.ts'
import { concerns } from '../../src/change.ts'
import { SECOND } from '../helpers/clock.ts'
import { damageOnPurpose } from '../helpers/caches.ts'
import { turns } from '../helpers/deferred.ts'
import { random, runs } from '../helpers/property.ts'
import { createWorld } from './support/world.ts'

afterEach(() => {
  vi.unstubAllGlobals()
})

interface Value {
  readonly key: string
  readonly tags: readonly string[]
  /** When it was set, or its loader began. */
  readonly at: number
  /** The tab that has set it; absent for one that was loaded. */
  readonly by?: number
}

type Made = { readonly type: string } & ({ readonly key: string } | { readonly prefix: string } | { readonly tag: string })

interface Known {
  readonly change: Made
  /** When it was asked for. */
  readonly at: number
  /** Whether this tab made it, so that it comes after all that it has set. */
  readonly own: boolean
}

const { seed: first = 0, numRuns } = runs(12)

it.each(Array.from({ length: numRuns! }, (_, run) => first + run))('nothing from before a change that the tab knows of: seed %i', async (seed) => {
  // The bound on disk takes what memory keeps.
  damageOnPurpose()
  const roll = random(seed)
  const pick = <T>(list: readonly T[]): T => list[Math.floor(roll() * list.length)]!
  const world = createWorld({ seed })
  if (roll() < 0.5) world.network.chaos = { duplicate: 0.2, reorder: 0.2 }
  const tabs = world.tabs<Value>(2, {
    ttl: pick([50, SECOND]),
    staleWhileRevalidate: pick([0, 300]),
    staleIfError: pick([0, 300]),
    maxEntries: pick([2, 100]),
    onError: () => {},
    ...(roll() < 0.3 && { maxStoredEntries: 3 }),
  })
  let now = 0
  const made: Omit<Known, 'own'>[] = []
  const known: [Known[], Known[]] = [[], []]
  const faults: string[] = []
  /** What is to happen to a load at some time: it ends, or its caller leaves. */
  const held: (() => void)[] = []

  tabs.forEach(({ cache }, tab) =>
    cache.subscribe((event) => {
      // The earliest change that it may tell of.
      const { type, local, ...name } = event as Made & { local: boolean }
      const found = made.find(({ change }) => JSON.stringify(change) === JSON.stringify({ type, ...name }))
      if (!local && found && type !== 'set') known[tab as 0 | 1].push({ ...found, own: false })
    }),
  )

  const look = async (tab: 0 | 1, what: string, read: () => Promise<Value | undefined> | Value | undefined): Promise<void> => {
    const before = [...known[tab]]
    const value = await read()
    if (!value) return
    for (const { change, at, own } of before) {
      const counts = value.by === undefined || (own && value.by === tab)
      if (counts && value.at < at && concerns(change, value.key, value.tags)) faults.push(`${what} in ${tab}: ${JSON.stringify(value)} after ${JSON.stringify(change)} at ${at}`)
    }
  }

  const change = (tab: 0 | 1, change: Made, doing: (at: number) => Promise<unknown>): Promise<unknown> => {
    const at = ++now
    const done = doing(at)
    made.push({ change, at })
    known[tab].push({ change, at, own: true })
    return done
  }

  const loaderOf = (tags: readonly string[], late: boolean) => async ({ key, setOptions, also }: LoaderContext<Value>): Promise<Value> => {
    const value = { key, tags, at: ++now }
    if (late) setOptions({ tags })
    const other = pick(['a', 'b', 'c'])
    if (roll() < 0.1 && other !== key) also(other, { ...value, key: other })
    await new Promise<void>((resolve) => held.push(resolve))
    if (roll() < 0.25) throw new Error('offline')
    if (roll() < 0.1) setOptions({ ttl: 0 })
    return value
  }

  const load = (tab: 0 | 1, cache: Cache<Value>, key: string): Promise<void> => {
    const tags = pick([[], ['x'], ['y'], ['x', 'y']])
    const late = roll() < 0.5
    const controller = new AbortController()
    if (roll() < 0.2) held.push(() => controller.abort())
    const options = { signal: controller.signal, refresh: roll() < 0.2, ...(!late && { tags }), ...(roll() < 0.2 && { timeout: 20 }) }
    return look(tab, `getOrLoad ${key}`, () => cache.getOrLoad(key, loaderOf(tags, late), options))
  }

  const act = (tab: 0 | 1): Promise<unknown> => {
    const { cache, page } = tabs[tab]!
    const key = pick(['a', 'b', 'c'])
    const kind = roll()
    if (kind < 0.35) return load(tab, cache, key)
    if (kind < 0.5) return look(tab, `get ${key}`, () => cache.get(key, { stale: roll() < 0.5 }))
    if (kind < 0.55) return look(tab, `peek ${key}`, () => cache.peek(key))
    if (kind < 0.66) return change(tab, { type: 'delete', key }, () => (roll() < 0.6 ? cache.delete(key) : cache.take(key)))
    if (kind < 0.76) {
      const tag = pick(['x', 'y'])
      return change(tab, { type: 'deleteTag', tag }, () => cache.deleteTag(tag))
    }
    if (kind < 0.78) return change(tab, { type: 'deletePrefix', prefix: '' }, () => cache.clear())
    if (kind < 0.84) {
      const tags = pick([[], ['x']])
      return change(tab, { type: 'set', key }, (at) => cache.set(key, { key, tags, at, by: tab }, { tags }))
    }
    if (kind < 0.88) return cache.touch(key, pick([50, SECOND]))
    if (kind < 0.92) return cache.add(key, { key, tags: [], at: ++now, by: tab })
    if (kind < 0.94) page(pick(['visibilitychange', 'resume', 'pageshow'] as const), false)
    return cache.flush()
  }

  const calls: Promise<unknown>[] = []
  for (let step = 0; step < 120; step++) {
    calls.push(act(roll() < 0.6 ? 0 : 1).catch(() => {}))
    const pause = roll()
    if (pause < 0.3) await turns(Math.floor(roll() * 6))
    else if (pause < 0.35) await world.settle()
    else if (pause < 0.4) await world.pass(pick([5, 30, 60]))
    else if (pause < 0.7) for (let n = Math.floor(roll() * 12); n > 0; n--) await Promise.resolve()
    if (roll() < 0.25) held.splice(Math.floor(roll() * held.length), 1)[0]?.()
  }
  let ended = false
  void Promise.all(calls).then(() => (ended = true))
  for (let round = 0; round < 60 && !ended; round++) {
    held.splice(0).forEach((end) => end())
    await world.pass(500)
  }
  expect(ended, 'every call ends').toBe(true)
  expect(faults).toEqual([])
})

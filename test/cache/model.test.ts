// Random sequences of calls on a cache, one after the other and several at once, compared with the naive oracle in every
// arrangement of tiers, through clock steps both ways and reloads. What fails is printed with fast-check's seed.

import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Cache } from '../../src/index.ts'
import { busy, KEYS, keysOf, perform, step, type Step } from '../helpers/cache-calls.ts'
import { CacheOracle, type Call } from '../helpers/cache-oracle.ts'
import { ARRANGEMENTS, checkConsistency, NAME, placeOf, storedValue, type Arrangement, type Place } from '../helpers/caches.ts'
import { countDisk, lookAtDisk, newIndexedDb } from '../helpers/indexed-db.ts'
import { runs } from '../helpers/property.ts'

/** A cache and its oracle side by side. */
class Trial {
  readonly #arrangement: Arrangement
  readonly #place: Place
  readonly #oracle: CacheOracle
  #cache: Cache<number>
  /** What memory must hold: it has room for all, and was given it. */
  #inMemory = new Set<string>()
  #id = 0

  constructor(arrangement: Arrangement) {
    newIndexedDb()
    this.#arrangement = arrangement
    this.#place = placeOf(arrangement)
    this.#oracle = new CacheOracle(this.#place.clock.time)
    this.#cache = this.#place.open<number>()
  }

  async run(step: Step): Promise<void> {
    if (step.do === 'tick') await this.#tick(step.ms)
    else if (step.do === 'reload') await this.#reload()
    else if (step.do === 'sweep') await this.#sweep()
    else if (step.do === 'at once') await this.#atOnce(step.calls)
    else await this.#compare(step)
    this.#hear()
  }

  async #compare(call: Call): Promise<void> {
    const id = this.#nextId()
    const wasThere = 'key' in call && this.#oracle.fresh(call.key) !== undefined
    const answer = perform(this.#cache, call, id)
    const expected = this.#oracle.apply(call, id)
    this.#checkMemory(call)
    const given = await answer
    if (call.do === 'peek' && given === undefined && !this.#inMemory.has(call.key)) return
    if (call.do === 'info' && given) this.#checkTier(call.key, given as { tier: string })
    expectSame(withoutTier(given), expected, () => show(call))
    this.#remember(call, wasThere)
  }

  /** Writes are in order and tell what was before each; a read sees the last plain write before it, or anything later. */
  async #atOnce(calls: readonly Call[]): Promise<void> {
    const reads = calls.filter((call) => READS.has(call.do))
    const seen = (): unknown[] => reads.map((call) => this.#oracle.apply(call, 0))
    const answers: Promise<unknown>[] = []
    const told: unknown[] = []
    const states = [seen()]
    for (const call of calls) {
      const id = this.#nextId()
      answers.push(perform(this.#cache, call, id))
      told.push(this.#oracle.apply(call, id))
      states.push(seen())
      this.#checkMemory(call)
      for (const key of keysOf(call)) this.#inMemory.delete(key)
    }
    for (const [index, given] of (await Promise.all(answers)).entries()) {
      const call = calls[index]!
      const before = calls.slice(0, index).findLastIndex((other) => 'key' in call && showsAtOnce(other, call.key)) + 1
      const allowed = READS.has(call.do) ? states.slice(before).map((state) => state[reads.indexOf(call)]) : [told[index]]
      const bare = withoutTier(given)
      if (!allowed.some((each) => isDeepStrictEqual(each, bare))) expect(allowed, `${show(call)} among ${show(calls)} gave ${show(given)}`).toContainEqual(bare)
    }
    this.#forgetWhatIsOver()
  }

  /** Before a write has even resolved, memory tells of it. */
  #checkMemory(call: Call): void {
    if (this.#arrangement.memory === 'none' || (call.do !== 'set' && call.do !== 'delete')) return
    expectSame(this.#cache.peek(call.key), this.#oracle.fresh(call.key)?.value, () => `peek in ${show(call)}`)
  }

  #checkTier(key: string, { tier }: { tier: string }): void {
    if (this.#arrangement.second === 'nothing' || this.#inMemory.has(key)) expect(tier).toBe('memory')
    else if (this.#arrangement.memory === 'none') expect(tier).toBe('store')
  }

  #remember(call: Call, wasThere: boolean): void {
    const copies = COPIES.has(call.do) || (call.do === 'add' && !wasThere)
    if (copies && this.#arrangement.memory === 'all') for (const key of keysOf(call)) if (this.#oracle.fresh(key)) this.#inMemory.add(key)
    this.#forgetWhatIsOver()
  }

  #forgetWhatIsOver(): void {
    for (const key of this.#inMemory) if (!this.#oracle.usable(key)) this.#inMemory.delete(key)
  }

  async #tick(ms: number): Promise<void> {
    this.#place.clock.advance(ms)
    // Two small steps back are not one large one.
    this.#cache.stats()
    for (const key of this.#oracle.tick(ms)) this.#inMemory.delete(key)
    for (const key of this.#oracle.doubtful()) {
      const info = await this.#cache.info(key)
      if (info) expect(withoutTier(info), `${key} back to life`).toStrictEqual(this.#oracle.apply({ do: 'info', key }, 0))
      this.#oracle.settle(key, info !== undefined)
    }
  }

  async #reload(): Promise<void> {
    this.#cache = await this.#place.reload(this.#cache)
    this.#inMemory.clear()
    if (this.#arrangement.second === 'nothing') this.#oracle.forgetAll()
  }

  async #sweep(): Promise<void> {
    this.#hear()
    const { least, most } = this.#oracle.sweep()
    const swept = await this.#cache.sweep()
    expect(swept).toBeLessThanOrEqual(most)
    expect(swept).toBeGreaterThanOrEqual(this.#arrangement.second === 'nothing' ? most : least)
  }

  /** Nothing is told as expired before its time. In memory alone, onRemove also tells when what was over was freed. */
  #hear(): void {
    for (const removal of this.#place.removals()) {
      const [key = '', value, cause] = removal.split(' ')
      const held = this.#oracle.held(key)
      if (String(held?.value) !== value) continue
      if (cause === 'expired') expect(held!.over, removal).toBe(true)
      if (held!.over && this.#arrangement.second === 'nothing') this.#oracle.settle(key, false)
    }
  }

  #nextId(): number {
    return (this.#id += 10)
  }

  /** All that can be asked, then the disk, then the end of all that can end. */
  async finish(): Promise<void> {
    for (const key of KEYS) for (const ask of ['peek', 'info', 'expiresAt', 'has', 'get stale', 'get'] as const) await this.run({ do: ask, key })
    for (const ask of ['entries', 'keys', 'values', 'size'] as const) await this.run({ do: ask })
    await this.run({ do: 'flush' })
    const onDisk = this.#arrangement.second === 'indexeddb'
    if (onDisk) {
      await checkConsistency(this.#cache as Cache<unknown>)
      const rows = new Map((await lookAtDisk(NAME)).records.map(({ key, value }) => [key, storedValue(value)]))
      for (const key of KEYS) {
        const held = this.#oracle.held(key)
        if (!held?.over || rows.has(key)) expect(rows.get(key), `the row of ${key}`).toBe(held?.value)
      }
    }
    await this.run({ do: 'tick', ms: 2 ** 45 })
    await this.run({ do: 'sweep' })
    await this.run({ do: 'size' })
    if (onDisk) expect(await countDisk(NAME)).toMatchObject({ records: this.#oracle.size, expiry: 0 })
    expect(this.#place.faults).toEqual([])
  }

  close(): Promise<void> {
    return this.#cache.close()
  }
}

const READS = new Set(['get', 'get stale', 'has', 'expiresAt', 'info'])
/** What leaves a copy of a fresh entry in memory. */
const COPIES = new Set(['get', 'getMany', 'set', 'setMany', 'update', 'getOrLoad'])

/** Whether reads of a key see the call before it has resolved. */
function showsAtOnce(call: Call, key: string): boolean {
  if (call.do === 'deletePrefix') return key.startsWith(call.prefix)
  return call.do === 'clear' || (['set', 'setMany', 'delete', 'deleteMany'].includes(call.do) && keysOf(call).includes(key))
}

function withoutTier(info: unknown): unknown {
  if (typeof info !== 'object' || info === null || !('tier' in info)) return info
  const { tier: _, ...rest } = info
  return rest
}

/** For hundreds of thousands of calls: `expect` and its message cost more than they do. */
function expectSame(given: unknown, expected: unknown, what: () => string): void {
  if (!isDeepStrictEqual(given, expected)) expect(given, what()).toStrictEqual(expected)
}

function show(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) => (inner === Infinity ? 'Infinity' : inner)) ?? 'undefined'
}

/** Sequences that went wrong once. */
const FOUND: readonly Step[][] = [
  // Memory kept the value from before the update: the add, which came last, had changed nothing.
  [
    { do: 'set', key: 'w', options: {} },
    { do: 'at once', calls: [{ do: 'update', key: 'w' }, { do: 'add', key: 'w', options: {} }] },
  ],
  // The add was told of the entry as the touch left it.
  [
    { do: 'set', key: 'w', options: { staleIfError: 1000 } },
    { do: 'at once', calls: [{ do: 'add', key: 'w', options: {} }, { do: 'touch', key: 'w', ttl: 0 }] },
  ],
]

async function agrees(arrangement: Arrangement, steps: readonly Step[]): Promise<void> {
  const trial = new Trial(arrangement)
  try {
    for (const next of steps) await trial.run(next)
    await trial.finish()
  } finally {
    await trial.close()
  }
}

describe.each(ARRANGEMENTS)('$title', { timeout: 120_000 }, (arrangement) => {
  it('agrees with a Map through calls one after the other', async () => {
    await fc.assert(fc.asyncProperty(fc.array(step, { maxLength: 100, size: 'max' }), (steps) => agrees(arrangement, steps)), runs(150))
  })

  it('agrees with a Map through several calls at once', async () => {
    await fc.assert(fc.asyncProperty(fc.array(busy, { maxLength: 20, size: 'max' }), (steps) => agrees(arrangement, steps)), { ...runs(150), examples: FOUND.map((steps): [Step[]] => [steps]) })
  })
})

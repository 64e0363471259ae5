// Random sequences of calls on a cache, one after the other and several at once, compared with the naive oracle in every
// arrangement of tiers, through clock steps both ways and reloads. What fails is printed with fast-check's seed.

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Cache } from '../../src/index.ts'
import { CacheOracle, type Call } from '../helpers/cache-oracle.ts'
import { ARRANGEMENTS, checkConsistency, collected, NAME, placeOf, type Arrangement, type Place } from '../helpers/caches.ts'
import { countDisk, lookAtDisk, newIndexedDb } from '../helpers/indexed-db.ts'
import { runs } from '../helpers/property.ts'

type Step = Call | { do: 'tick'; ms: number } | { do: 'sweep' } | { do: 'reload' } | { do: 'at once'; calls: Call[] }

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
    expect(withoutTier(given), show(call)).toStrictEqual(expected)
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
      expect(allowed, `${show(call)} among ${show(calls)} gave ${show(given)}`).toContainEqual(withoutTier(given))
    }
    this.#forgetWhatIsOver()
  }

  /** Before a write has even resolved, memory tells of it. */
  #checkMemory(call: Call): void {
    if (this.#arrangement.memory === 'none' || (call.do !== 'set' && call.do !== 'delete')) return
    expect(this.#cache.peek(call.key), `peek in ${show(call)}`).toBe(this.#oracle.fresh(call.key)?.value)
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
      const rows = new Map((await lookAtDisk(NAME)).records.map(({ key, value }) => [key, value]))
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

const PLAIN = ['a', 'b', '', 'p:1', 'p:2']
/** Only these are given stale windows, and are not loaded. */
const WINDOWED = ['w', 'p:w']
const KEYS = [...PLAIN, ...WINDOWED]
const READS = new Set(['get', 'get stale', 'has', 'expiresAt', 'info'])
/** What leaves a copy of a fresh entry in memory. */
const COPIES = new Set(['get', 'getMany', 'set', 'setMany', 'update', 'getOrLoad'])

/** Whether reads of a key see the call before it has resolved. */
function showsAtOnce(call: Call, key: string): boolean {
  if (call.do === 'deletePrefix') return key.startsWith(call.prefix)
  return call.do === 'clear' || (['set', 'setMany', 'delete', 'deleteMany'].includes(call.do) && keysOf(call).includes(key))
}

function keysOf(call: Call): readonly string[] {
  return 'keys' in call ? call.keys : 'key' in call ? [call.key] : []
}

function withoutTier(info: unknown): unknown {
  if (typeof info !== 'object' || info === null || !('tier' in info)) return info
  const { tier: _, ...rest } = info
  return rest
}

function show(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) => (inner === Infinity ? 'Infinity' : inner)) ?? 'undefined'
}

async function perform(cache: Cache<number>, call: Call, id: number): Promise<unknown> {
  switch (call.do) {
    case 'get stale':
      return cache.get(call.key, { stale: true })
    case 'get':
    case 'peek':
    case 'has':
    case 'expiresAt':
    case 'info':
    case 'take':
    case 'delete':
      return cache[call.do](call.key)
    case 'set':
    case 'add':
      return cache[call.do](call.key, id, call.options)
    case 'setMany':
      return cache.setMany(call.keys.map((key, index) => [key, id + index]), call.options)
    case 'update':
      return cache.update(call.key, id)
    case 'touch':
      return cache.touch(call.key, call.ttl)
    case 'getMany':
    case 'deleteMany':
      return cache[call.do](call.keys)
    case 'getOrLoad':
      return load(cache, call, id)
    case 'deletePrefix':
      return cache.deletePrefix(call.prefix)
    case 'deleteTag':
      return cache.deleteTag(call.tag)
    case 'keys':
    case 'values':
      return unique(await collected<string | number>(cache[call.do]()))
    case 'entries': {
      const entries = await collected(cache.entries())
      unique(entries.map(([key]) => key))
      return new Map(entries)
    }
    default:
      return cache[call.do]()
  }
}

async function load(cache: Cache<number>, { key, options, finds }: Extract<Call, { do: 'getOrLoad' }>, id: number): Promise<unknown> {
  const fault = new Error('offline')
  const loader = (context: { key: string; stale: number | undefined }): number | undefined => {
    expect(context).toMatchObject({ key, stale: undefined })
    if (finds === 'a fault') throw fault
    return finds === 'nothing' ? undefined : id
  }
  return cache.getOrLoad(key, loader, options).catch((error) => (error === fault ? 'rejected' : expect.fail(String(error))))
}

function unique<T>(list: readonly T[]): Set<T> {
  const set = new Set(list)
  expect(list, 'each once').toHaveLength(set.size)
  return set
}

const anyKey = fc.constantFrom(...KEYS)
const ttl = fc.constantFrom(0, 1, 5, 100, 1000, Infinity, Number.MAX_VALUE)
const window = fc.constantFrom(0, 3, 50, 1000, Infinity)
const tags = fc.array(fc.constantFrom('x', 'y', 'z'), { maxLength: 3 })
const plainOptions = fc.record({ ttl, tags }, { requiredKeys: [] })
const windowOptions = fc.record({ ttl, tags, staleWhileRevalidate: window, staleIfError: window }, { requiredKeys: [] })

/** One key or several with the options that they may have. */
const target = fc.oneof(
  { weight: 5, arbitrary: fc.record({ key: fc.constantFrom(...PLAIN), keys: fc.array(fc.constantFrom(...PLAIN), { maxLength: 4 }), options: plainOptions }) },
  { weight: 2, arbitrary: fc.record({ key: fc.constantFrom(...WINDOWED), keys: fc.subarray(WINDOWED), options: windowOptions }) },
)

const write: fc.Arbitrary<Call> = fc.oneof(
  { weight: 8, arbitrary: target.map(({ key, options }): Call => ({ do: 'set', key, options })) },
  { weight: 2, arbitrary: target.map(({ keys, options }): Call => ({ do: 'setMany', keys, options })) },
  // Whether an add that keeps nothing clears away what is stale is nobody's business.
  { weight: 3, arbitrary: target.map(({ key, options }): Call => ({ do: 'add', key, options: WINDOWED.includes(key) && options.ttl === 0 ? {} : options })) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('touch' as const), key: anyKey, ttl }) },
  { weight: 7, arbitrary: fc.record({ do: fc.constantFrom('update' as const, 'take' as const, 'delete' as const), key: anyKey }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('deleteMany' as const), keys: fc.array(anyKey, { maxLength: 4 }) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('deletePrefix' as const), prefix: fc.constantFrom('p', 'p:', 'w', 'none', '') }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('deleteTag' as const), tag: fc.constantFrom('x', 'y', 'z', '') }) },
  { weight: 1, arbitrary: fc.constant<Call>({ do: 'clear' }) },
)
const read: fc.Arbitrary<Call> = fc.record({ do: fc.constantFrom('get' as const, 'get stale' as const, 'has' as const, 'expiresAt' as const, 'info' as const), key: anyKey })
const tick = fc.record({ do: fc.constant('tick' as const), ms: fc.constantFrom(1, 4, 50, 99, 100, 900, 1000, 5000, -1, -4, -99, -1000, -5000) })
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 12, arbitrary: write },
  { weight: 8, arbitrary: read },
  { weight: 4, arbitrary: target.chain(({ key, options }) => fc.record({ do: fc.constant('getOrLoad' as const), key: fc.constant(key), options: fc.constant(options), finds: fc.constantFrom('a value' as const, 'nothing' as const, 'a fault' as const) })).filter(({ key }) => PLAIN.includes(key)) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('peek' as const), key: anyKey }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('getMany' as const), keys: fc.array(anyKey, { maxLength: 4 }) }) },
  { weight: 6, arbitrary: tick },
  { weight: 4, arbitrary: fc.constantFrom<Step>({ do: 'sweep' }, { do: 'flush' }, { do: 'reload' }, { do: 'reload' }, { do: 'keys' }, { do: 'values' }, { do: 'entries' }, { do: 'size' }) },
)
const several = fc.record({ do: fc.constant('at once' as const), calls: fc.array(fc.oneof({ weight: 3, arbitrary: write }, { weight: 1, arbitrary: read }), { minLength: 2, maxLength: 8 }) })
const busy: fc.Arbitrary<Step> = fc.oneof({ weight: 5, arbitrary: several }, { weight: 2, arbitrary: tick }, { weight: 1, arbitrary: fc.constantFrom<Step>({ do: 'sweep' }, { do: 'reload' }) })

async function agrees(arrangement: Arrangement, steps: readonly Step[]): Promise<void> {
  const trial = new Trial(arrangement)
  try {
    for (const next of steps) await trial.run(next)
    await trial.finish()
  } finally {
    await trial.close()
  }
}

describe.each(ARRANGEMENTS)('$title', { timeout: 60_000 }, (arrangement) => {
  it('agrees with a Map through calls one after the other', async () => {
    await fc.assert(fc.asyncProperty(fc.array(step, { maxLength: 100, size: 'max' }), (steps) => agrees(arrangement, steps)), runs(150))
  })

  it('agrees with a Map through several calls at once', async () => {
    await fc.assert(fc.asyncProperty(fc.array(busy, { maxLength: 20, size: 'max' }), (steps) => agrees(arrangement, steps)), runs(150))
  })
})

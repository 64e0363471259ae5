// A user of a cache in one tab of several, which reloads and dies now and then: random calls, and a history of what was asked
// and answered when, for the checker in test/tabs/history.ts.

import type { Cache, CacheError, SetOptions } from '../../../src/index.ts'
import { turns } from '../../helpers/deferred.ts'
import { STALE_MS, type Step } from '../../tabs/history.ts'
import type { Page } from './page.ts'
import { NAME } from './site.ts'

/** Keys of a few groups; the part before the slash is a prefix that is deleted. */
export const KEYS: readonly string[] = Array.from({ length: 24 }, (_, number) => `group ${number % 4}/${number}`)
/** ms in which any call has to be settled, whatever storage does: several transactions may stall one after the other. */
export const CALL_LIMIT = 75_000
/** Codes with which a call may reject. */
const REFUSALS = /^(write-failed|quota-exceeded|not-cloneable|load-timeout)$/
/** The same of a sweep, which reads as well. */
const SWEEP_REFUSALS = /^(write-failed|quota-exceeded|read-failed)$/
const NO_LUCK = 'the loader has no luck'

/** Each key has one tag, always the same. */
const tagOf = (key: string): string => `tag ${KEYS.indexOf(key) % 3}`

/**
 * Calls and how often each is made. No touch in here: it changes a key and leaves its value, so that what another tab could not
 * store gives way to a value which is older, and rightly; the checker judges values alone.
 */
const SHARES = {
  get: 20,
  peek: 20,
  set: 18,
  getOrLoad: 10,
  setMany: 4,
  getMany: 4,
  delete: 4,
  add: 4,
  update: 4,
  take: 2,
  has: 2,
  keys: 1,
  flush: 1,
  sweep: 0.5,
  deletePrefix: 0.5,
  deleteTag: 0.5,
  clear: 0.1,
} as const
type Operation = keyof typeof SHARES
const TOTAL = Object.values(SHARES).reduce((sum, share) => sum + share, 0)

interface Call {
  readonly what: string
  readonly begun: number
}

export interface UserOptions {
  readonly name: string
  readonly maxEntries: number
  readonly history: Step[]
  /** Numbers from 0 to 1. */
  readonly roll: () => number
  readonly openPage: () => Page
  readonly onError: (error: CacheError) => void
}

type Scope = Pick<Step, 'key' | 'prefix'>
/** As it goes on. */
type Changing = { -readonly [P in keyof Step]: Step[P] } & {
  /** Its place when it was asked for. */
  readonly asked: number
}

export class User {
  /** What was wrong with answers themselves. */
  readonly complaints: string[] = []
  /** Calls of each kind. */
  readonly made: Partial<Record<Operation, number>> = {}
  longest: readonly [what: string, ms: number] = ['', 0]
  cache!: Cache<string>
  page!: Page
  hidden = false
  #closing = false
  readonly #options: UserOptions
  readonly #calls = new Set<Call>()
  /** Changes under way. */
  readonly #pending = new Set<Changing>()
  /** Changes that this tab's memory alone has, or that are owed. */
  #unsaved: Changing[] = []
  /** Loads that have ended and are being stored. */
  #loads: Changing[] = []
  #flushing = false
  /** How often persistence has gone or come back. */
  #outages = 0
  #deaths = 0
  #order = 0
  #values = 0

  constructor(options: UserOptions) {
    this.#options = options
    this.#load()
  }

  get isHealthy(): boolean {
    return this.cache.status.persistence === 'indexeddb'
  }

  /** Whether it makes no calls. */
  get isAway(): boolean {
    return this.hidden || this.#closing
  }

  get callsUnderWay(): number {
    return this.#calls.size
  }

  /** A new page in this tab. */
  #load(): void {
    const { openPage, maxEntries, onError } = this.#options
    this.hidden = this.#closing = false
    this.page = openPage()
    const cache = this.page.library.createCache<string>({ name: NAME, maxEntries, onError })
    cache.subscribe(({ type }) => {
      if (type === 'status' && this.cache === cache) this.#outages++
    })
    this.cache = cache
    this.#outages++
  }

  /** The page ends in order; the next one begins. */
  async reload(): Promise<void> {
    const { page, cache } = this
    this.#closing = true
    await this.#call('close', () => cache.close())
    // What has been settled by then is heard of.
    await turns(1)
    if (this.page !== page) return
    if (this.#pending.size) this.complaints.push(`${this.#options.name}: closed at ${Date.now()} with changes under way`)
    this.#begin()
  }

  /** The page dies; the next one begins. */
  die(): void {
    this.page.kill()
    // Nobody knows whether these were done, or what was seen of them.
    const dead = `${this.#options.name}, dead ${++this.#deaths}`
    const lost = new Set([...this.#pending].map(({ value }) => value))
    for (const step of this.#options.history as Changing[]) {
      const isRead = step.what === 'get' || step.what === 'peek'
      if (step.tab === this.#options.name && (this.#pending.has(step) || (isRead && step.value !== undefined && lost.has(step.value)))) step.tab = dead
    }
    this.#calls.clear()
    this.#begin()
  }

  #begin(): void {
    this.#pending.clear()
    this.#unsaved = []
    this.#loads = []
    this.#flushing = false
    this.#load()
  }

  /** Tells of calls that take too long; once what memory alone had is saved, it counts as acknowledged. */
  look(): void {
    const now = Date.now()
    for (const call of this.#calls) {
      if (now - call.begun <= CALL_LIMIT) continue
      this.complaints.push(`${this.#options.name}: ${call.what} of ${call.begun} has no end after ${CALL_LIMIT} ms`)
      this.#calls.delete(call)
    }
    if (this.#unsaved.length && this.isHealthy && !this.#flushing && !this.isAway) void this.#flush()
  }

  async #flush(): Promise<void> {
    const { page } = this
    const outages = this.#outages
    const unsaved = this.#unsaved
    const loads = this.#loads
    this.#flushing = true
    await this.#call('flush', () => this.cache.flush())
    if (this.page !== page) return
    this.#flushing = false
    for (const load of loads) load.ended = Date.now()
    this.#loads = this.#loads.filter((load) => !loads.includes(load))
    if (outages !== this.#outages || !this.isHealthy) return
    for (const step of unsaved) step.ended = Date.now()
    this.#unsaved = this.#unsaved.filter((step) => !unsaved.includes(step))
  }

  /** A random call. */
  act(): void {
    const { roll } = this.#options
    let dice = roll() * TOTAL
    const [operation] = (Object.entries(SHARES) as [Operation, number][]).find(([, share]) => (dice -= share) < 0) ?? (['get'] as const)
    this.made[operation] = (this.made[operation] ?? 0) + 1
    this.#operate(operation, KEYS[Math.floor(KEYS.length * roll())]!)
  }

  #operate(operation: Operation, key: string): void {
    const { cache } = this
    const { roll } = this.#options
    switch (operation) {
      case 'get':
        return void this.#read(key, () => cache.get(key))
      case 'peek': {
        const step = this.#step('peek', { key })
        this.#end(step, cache.peek(key))
        return
      }
      case 'set': {
        const value = this.#value()
        return void this.#change(operation, [this.#step('set', { key }, value)], () => cache.set(key, value, this.#life(key)))
      }
      case 'setMany': {
        const keys = KEYS.filter((each) => tagOf(each) === tagOf(key) && roll() < 0.4)
        const pairs = keys.map((each) => [each, this.#value()] as const)
        return void this.#change(operation, pairs.map(([each, value]) => this.#step('set', { key: each }, value)), () => cache.setMany(pairs, this.#life(key)))
      }
      case 'getMany': {
        const keys = [...new Set([key, ...KEYS.filter(() => roll() < 0.2)])]
        const steps = keys.map((each) => this.#step('get', { key: each }))
        return void this.#readMany(steps, () => cache.getMany(keys))
      }
      case 'add': {
        const value = this.#value()
        const step = this.#setLater(key, value)
        return void this.#change(operation, [step], () => cache.add(key, value, this.#life(key)), (added) => added === false && this.#remove(step))
      }
      case 'update': {
        const value = this.#value()
        const read = this.#step('get', { key })
        const step = this.#setLater(key, value)
        return void this.#change(operation, [step], () => cache.update(key, value), (old) => {
          this.#end(read, old)
          if (old === undefined) this.#remove(step)
        })
      }
      case 'take': {
        const read = this.#step('get', { key })
        return void this.#change(operation, [this.#step('delete', { key })], () => cache.take(key), (taken) => this.#end(read, taken))
      }
      case 'has':
        return void this.#call(operation, () => cache.has(key))
      case 'keys':
        return void this.#call(operation, () => cache.size())
      case 'sweep':
        return void this.#call(operation, () => cache.sweep())
      case 'flush':
        if (!this.#flushing) void this.#flush()
        return
      case 'delete':
        return void this.#change(operation, [this.#step('delete', { key })], () => cache.delete(key))
      case 'deletePrefix': {
        const prefix = key.slice(0, key.indexOf('/') + 1)
        return void this.#change(operation, [this.#step('deletePrefix', { prefix })], () => cache.deletePrefix(prefix))
      }
      case 'deleteTag': {
        const tag = tagOf(key)
        const steps = KEYS.filter((each) => tagOf(each) === tag).map((each) => this.#step('delete', { key: each }))
        return void this.#change(operation, steps, () => cache.deleteTag(tag))
      }
      case 'clear':
        return void this.#change(operation, [this.#step('deletePrefix', { prefix: '' })], () => cache.clear())
      case 'getOrLoad': {
        const slow = roll() < 0.03 ? 15_000 : 300 * roll()
        const fails = roll() < 0.1
        const loader = async (): Promise<string> => {
          const load = this.#step('load', { key }, this.#value())
          await new Promise((resolve) => setTimeout(resolve, slow))
          if (fails) throw new Error(NO_LUCK)
          this.#loads.push(load)
          return load.value!
        }
        const options = { ...this.#life(key), refresh: roll() < 0.1, ...(roll() < 0.1 && { timeout: 1_000 }) }
        return void this.#read(key, () => cache.getOrLoad(key, loader, options))
      }
    }
  }

  /** Reads every key, until all is answered. */
  async readAll(): Promise<void> {
    await Promise.all(KEYS.map((key) => this.#read(key, () => this.cache.get(key))))
  }

  #value(): string {
    return `${this.#options.name} ${++this.#values}`
  }

  #life(key: string): SetOptions {
    const { roll } = this.#options
    return { tags: [tagOf(key)], ...(roll() < 0.3 && { ttl: 100 + 60_000 * roll() ** 3 }) }
  }

  /** Where a change comes that shows when it is decided: before those asked for later, before a peek that found it, and before the end of a read that did. */
  #placeOf(change: Changing): number {
    const { history, name } = this.#options
    let place = change.to
    for (let at = history.length; at-- && history[at]!.begun >= change.begun - STALE_MS; ) {
      const { tab, what, key, prefix, value, from, to, asked } = history[at]! as Changing
      if (tab !== name || (key !== change.key && (prefix === undefined || !change.key!.startsWith(prefix)))) continue
      const isRead = what === 'get' || what === 'peek'
      if (isRead ? value === change.value : what !== 'load' && asked > change.asked) place = Math.min(place, what === 'get' ? to : from)
    }
    return place - 0.5
  }

  #step(what: Step['what'], scope: Scope, value?: string): Changing {
    const asked = this.#order++
    const step: Changing = { tab: this.#options.name, what, ...scope, begun: Date.now(), asked, from: asked, ended: Infinity, to: Infinity }
    if (value !== undefined) step.value = value
    this.#options.history.push(step)
    return step
  }

  /** A set that shows when the store has decided that it is one; until then nothing is known to come after it. */
  #setLater(key: string, value: string): Changing {
    return Object.assign(this.#step('set', { key }, value), { from: Infinity })
  }

  #remove(step: Changing): void {
    const { history } = this.#options
    const place = history.lastIndexOf(step)
    if (place >= 0) history.splice(place, 1)
  }

  #end(step: Changing, value?: string): void {
    if (value !== undefined) step.value = value
    step.ended = Date.now()
    step.to = this.#order++
  }

  async #read(key: string, read: () => Promise<string>): Promise<void>
  async #read(key: string, read: () => Promise<string | undefined>): Promise<void>
  async #read(key: string, read: () => Promise<string | undefined>): Promise<void> {
    const { page } = this
    const step = this.#step('get', { key })
    const value = await this.#call('get', read)
    if (this.page === page) this.#end(step, value)
  }

  async #readMany(steps: readonly Changing[], read: () => Promise<Map<string, string>>): Promise<void> {
    const { page } = this
    const found = await this.#call('getMany', read)
    if (this.page === page) for (const step of steps) this.#end(step, found?.get(step.key!))
  }

  async #change<T>(what: string, steps: readonly Changing[], change: () => Promise<T>, after?: (result: T | undefined) => unknown): Promise<void> {
    const { page } = this
    const outages = this.#outages
    const wasHealthy = this.isHealthy
    for (const step of steps) this.#pending.add(step)
    let rejected = false
    const result = await this.#call(what, change, () => (rejected = true))
    if (this.page !== page) return
    for (const step of steps) {
      this.#pending.delete(step)
      step.to = this.#order++
      const isDecided = step.from === Infinity
      if (isDecided) step.from = this.#placeOf(step)
      if (!rejected && wasHealthy && this.isHealthy && outages === this.#outages) step.ended = Date.now()
      // Nothing has been decided, and what was to be may show or not.
      else if (rejected && isDecided) step.what = 'load'
      else {
        // It gives way to changes of others, unless this tab had heard of them before.
        step.begun -= STALE_MS
        this.#unsaved.push(step)
      }
    }
    if (!rejected) after?.(result)
  }

  /** What a call brings; undefined where it rejects, or its page is gone. */
  async #call<T>(what: string, run: () => Promise<T>, onRefusal?: () => void): Promise<T | undefined> {
    const { page } = this
    const call: Call = { what, begun: Date.now() }
    this.#calls.add(call)
    try {
      return await run()
    } catch (error) {
      const { code, message } = error as CacheError
      const isClosed = code === 'closed' && (this.#closing || this.page !== page)
      if (this.#calls.has(call) && !isClosed && !(what === 'sweep' ? SWEEP_REFUSALS : REFUSALS).test(code) && message !== NO_LUCK) this.complaints.push(`${this.#options.name}: ${what} rejects: ${String(error)}`)
      onRefusal?.()
      return undefined
    } finally {
      const took = Date.now() - call.begun
      if (this.#calls.delete(call) && took > this.longest[1]) this.longest = [what, took]
    }
  }
}

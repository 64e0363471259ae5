// A naive model of a cache in two tiers: one Map of entries with their times. What happened to an entry after its time was
// over cannot be known (it may have been freed, or lie there until a sweep), so the oracle counts those as doubtful.

import type { SetOptions } from '../../src/index.ts'

/** A call, with its arguments; values are numbers, given out by whoever makes the calls. */
export type Call =
  | { do: 'get' | 'get stale' | 'peek' | 'has' | 'expiresAt' | 'info' | 'update' | 'take' | 'delete'; key: string }
  | { do: 'set' | 'add'; key: string; options: SetOptions }
  | { do: 'getOrLoad'; key: string; options: SetOptions; finds: 'a value' | 'nothing' | 'a fault' }
  | { do: 'touch'; key: string; ttl: number }
  | { do: 'setMany'; keys: string[]; options: SetOptions }
  | { do: 'getMany' | 'deleteMany'; keys: string[] }
  | { do: 'deletePrefix'; prefix: string }
  | { do: 'deleteTag'; tag: string }
  | { do: 'clear' | 'keys' | 'values' | 'entries' | 'size' | 'flush' }

export interface Held {
  readonly value: number
  readonly createdAt: number
  readonly staleAt: number
  readonly expiresAt: number
  readonly window: number
  readonly tags: readonly string[]
}

const FOR_EVER = 8.64e15

export class CacheOracle {
  now: number
  readonly #held = new Map<string, Held>()
  /** Held, but their time has been over since: they may be gone. */
  readonly #lapsed = new Set<string>()
  /** Of those, the ones that a later call may have removed in passing. */
  readonly #disturbed = new Set<string>()

  constructor(now: number) {
    this.now = now
  }

  /** As it was written, whatever the time; `over` when its time was over since, so that it may be gone. */
  held(key: string): (Held & { readonly over: boolean }) | undefined {
    const entry = this.#held.get(key)
    return entry && { ...entry, over: this.#lapsed.has(key) }
  }

  fresh(key: string): Held | undefined {
    const entry = this.#held.get(key)
    return entry && this.now < entry.staleAt ? entry : undefined
  }

  /** Fresh or in a stale window. */
  usable(key: string): Held | undefined {
    const entry = this.#held.get(key)
    return entry && this.now < entry.expiresAt ? entry : undefined
  }

  /** How many entries are held, those whose time is over included. */
  get size(): number {
    return this.#held.size
  }

  freshEntries(): [key: string, value: number][] {
    return [...this.#held].filter(([key]) => this.fresh(key)).map(([key, { value }]) => [key, value])
  }

  /** @returns keys whose time is over now */
  tick(ms: number): string[] {
    this.now += ms
    const over = [...this.#held.keys()].filter((key) => !this.usable(key))
    for (const key of over) this.#lapsed.add(key)
    return over
  }

  /** Entries that a backward step may have brought back to life. The caller finds out, and says so. */
  doubtful(): string[] {
    return [...this.#lapsed].filter((key) => this.usable(key))
  }

  settle(key: string, isThere: boolean): void {
    this.#lapsed.delete(key)
    this.#disturbed.delete(key)
    if (!isThere) this.#held.delete(key)
  }

  /** @returns how many keys a sweep may say it removed */
  sweep(): { least: number; most: number } {
    const over = [...this.#held.keys()].filter((key) => !this.usable(key))
    const least = over.filter((key) => !this.#disturbed.has(key)).length
    for (const key of over) this.settle(key, false)
    return { least, most: over.length }
  }

  forgetAll(): void {
    for (const key of [...this.#held.keys()]) this.settle(key, false)
  }

  /** What a call gives, and what it changes. @param id the value that it writes; of several keys, of the first */
  apply(call: Call, id: number): unknown {
    const fresh = 'key' in call ? this.fresh(call.key) : undefined
    switch (call.do) {
      case 'get':
      case 'peek':
        return fresh?.value
      case 'get stale':
        return this.usable(call.key)?.value
      case 'has':
        return fresh !== undefined
      case 'expiresAt':
        return fresh?.staleAt
      case 'info':
        return this.#info(call.key)
      case 'getMany':
        return new Map(call.keys.flatMap((key) => this.#found(key)))
      case 'set':
        return this.#put(call.key, id, call.options)
      case 'setMany':
        return call.keys.forEach((key, index) => this.#put(key, id + index, call.options))
      case 'add':
        if (!fresh) this.#keep(call.key, id, call.options)
        return !fresh
      case 'update':
        this.#disturb(call.key)
        if (fresh) this.#held.set(call.key, { ...fresh, value: id })
        return fresh?.value
      case 'touch':
        return this.#touch(call.key, call.ttl)
      case 'take':
      case 'delete':
        this.settle(call.key, false)
        return call.do === 'take' ? fresh?.value : fresh !== undefined
      case 'deleteMany':
        return this.#deleteMany(call.keys)
      case 'getOrLoad':
        return this.#load(call, id)
      case 'deletePrefix':
        return this.#remove((key) => key.startsWith(call.prefix))
      case 'deleteTag':
        return this.#remove((_key, { tags }) => tags.includes(call.tag))
      case 'clear':
        return this.forgetAll()
      case 'keys':
        return new Set(this.freshEntries().map(([key]) => key))
      case 'values':
        return new Set(this.freshEntries().map(([, value]) => value))
      case 'entries':
        return new Map(this.freshEntries())
      case 'size':
        return this.freshEntries().length
      case 'flush':
        return undefined
    }
  }

  #found(key: string): [key: string, value: number][] {
    const entry = this.fresh(key)
    return entry ? [[key, entry.value]] : []
  }

  #info(key: string): unknown {
    const entry = this.usable(key)
    if (!entry) return undefined
    const { createdAt, staleAt, expiresAt, tags } = entry
    return { createdAt, staleAt, expiresAt, tags }
  }

  #put(key: string, value: number, { ttl = Infinity, staleWhileRevalidate = 0, staleIfError = 0, tags = [] }: SetOptions): void {
    this.settle(key, false)
    const window = Math.max(staleWhileRevalidate, staleIfError)
    if (ttl + window > 0) this.#held.set(key, { value, createdAt: this.now, ...this.#times(ttl, window), window, tags: [...new Set(tags)] })
  }

  /** A value where none is fresh. What is not kept need not clear away what has lapsed. */
  #keep(key: string, value: number, options: SetOptions): void {
    if (options.ttl === 0 && this.#lapsed.has(key)) this.#disturb(key)
    else this.#put(key, value, options)
  }

  #disturb(key: string): void {
    if (this.#lapsed.has(key)) this.#disturbed.add(key)
  }

  #times(ttl: number, window: number): { staleAt: number; expiresAt: number } {
    const after = (time: number, ms: number): number => (time + ms > FOR_EVER ? Infinity : time + ms)
    const staleAt = after(this.now, ttl)
    return { staleAt, expiresAt: after(staleAt, window) }
  }

  #touch(key: string, ttl: number): boolean {
    const fresh = this.fresh(key)
    if (fresh) this.#held.set(key, { ...fresh, ...this.#times(ttl, fresh.window) })
    if (fresh && !this.usable(key)) this.#lapsed.add(key)
    this.#disturb(key)
    return fresh !== undefined
  }

  #load({ key, options, finds }: Extract<Call, { do: 'getOrLoad' }>, id: number): unknown {
    const fresh = this.fresh(key)
    this.#disturb(key)
    if (fresh) return fresh.value
    if (finds !== 'a value') return finds === 'nothing' ? undefined : 'rejected'
    this.#keep(key, id, options)
    return id
  }

  #deleteMany(keys: readonly string[]): number {
    const unique = [...new Set(keys)]
    const count = unique.filter((key) => this.fresh(key)).length
    for (const key of unique) this.settle(key, false)
    return count
  }

  #remove(concerns: (key: string, entry: Held) => boolean): void {
    for (const [key, entry] of [...this.#held]) if (concerns(key, entry)) this.settle(key, false)
  }
}

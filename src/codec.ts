// The codec of an app between the cache and its second tier: memory holds values, the store what was encoded. Encoding ends
// before a transaction begins. Writes are issued in the order in which they were asked for, those of one tick together.

import type { Entry } from './entry.ts'
import { CacheError } from './errors.ts'
import type { IndexedDbStore } from './store/indexeddb-store.ts'
import type { Store, Write } from './store/store.ts'
import { within } from './within.ts'

/** Whose value it is. A cipher that binds both (as additional data) notices records that were swapped or prolonged. */
export interface CodecContext {
  readonly key: string
  /** Epoch ms; `Infinity` = never. */
  readonly expiresAt: number
}

/**
 * Makes of values what is stored, and values of that again, such as a cipher or a compression. Both may be async. What throws,
 * rejects, gives `undefined` or takes longer than 10 s has failed.
 */
export interface Codec<V> {
  /** Anything that can be cloned. Called for every write, and for a new lifetime. */
  encode(value: V, context: CodecContext): unknown
  /** When it fails, the read is a miss. */
  decode(stored: unknown, context: CodecContext): V | Promise<V>
}

/** The value in the store. Each record has a stamp of its own, by which a write knows the one that it has read. */
interface Encoded {
  readonly stamp: number
  readonly data: unknown
}

type Stored = Entry<Encoded> | undefined

/** ms after which a codec has failed. */
const TIME_LIMIT = 10_000

/** False for none, and for a record that no cache with a codec has written. */
const stampOf = (record: Stored): unknown => Number.isFinite(record?.value?.stamp) && record!.value.stamp

/** @param report told of what cannot be decoded */
export function withCodec<V, S extends Store<V>>(inner: S, codec: Codec<V>, report: (error: unknown) => unknown): S {
  const store = inner as Store<unknown> as Store<Encoded> & Partial<Pick<IndexedDbStore<Encoded>, 'locate' | 'restore'>>
  /** Resolves when all writes so far are issued; those that look at what is there have ended then. */
  let issued: Promise<unknown> = Promise.resolve()
  /** Resolves when the writes of this tick are issued. */
  let turn: Promise<unknown> | undefined
  /** What they wait for. */
  let waits: Promise<unknown>[]
  /** Keys of those among them that look. */
  let looking: Set<string | undefined>
  /** The latest of them that changes a key, or many, under undefined: the reads of a key wait for both, not for those of other keys. */
  const latest = new Map<string | undefined, Promise<unknown>>()
  let destroyed = false

  const issuedFor = (key: string): Promise<unknown> => Promise.all([latest.get(key), latest.get(undefined)])

  const ask = async ({ key, expiresAt = Infinity }: Entry<unknown>, answer: (context: CodecContext) => unknown): Promise<any> => {
    try {
      const given = await within(TIME_LIMIT, (async () => answer({ key, expiresAt }))())
      if (given === undefined) throw new TypeError('no value')
      return given
    } catch (cause) {
      throw new CacheError('codec-failed', `Codec failed: ${cause}`, { key, cause })
    }
  }

  /** What it gives is cloned, so that one of several values that cannot be shows in time. */
  const encode = async ({ entry, found }: Write<V>): Promise<Stored> => {
    if (!entry || entry === found) return undefined
    const data: unknown = await ask(entry, async (context) => structuredClone(await codec.encode(entry.value, context)))
    return { ...entry, value: { stamp: Math.random(), data } }
  }

  const decode = async (record: Stored): Promise<Entry<V> | undefined> => {
    try {
      return record && { ...record, value: await ask(record, (context) => codec.decode(record.value.data, context)) }
    } catch (error) {
      return void report(error)
    }
  }

  /** Joins the writes of this tick, unless one of them looks that this one has to come after. */
  const turnOf = (looks: boolean, key: string | undefined): Promise<unknown> => {
    if (turn && !(looks ? looking.has(key) : looking.size)) return turn
    const all = (waits = [issued])
    looking = new Set()
    return (issued = turn = Promise.resolve().then(() => {
      turn = undefined
      return Promise.all(all)
    }))
  }

  const write = (writes: readonly Write<V>[], method: 'write' | 'restore' = 'write'): Promise<unknown> => {
    const [first] = writes as readonly [Write<V>]
    const { type, key } = (first?.change ?? {}) as { type?: string; key?: string }
    // Others know their entry, or that there is to be none, and decide by the times of what is there alone.
    const looks = type === 'set' && !first.entry
    const entries: Stored[] = []
    let failure: unknown

    const encodeAll = async (): Promise<void> => {
      failure = undefined
      await Promise.all(writes.map(async (each, place) => (entries[place] = await encode(each).catch((error) => void (failure = error)))))
    }

    /** What could not be encoded is deleted, and what was to be written with it, all or nothing: no older value stays. */
    const issue = async (): Promise<void> => {
      if (destroyed) return
      let plain: Write<Encoded>[]
      let seen: Stored
      let current: Stored
      do {
        if (looks) {
          first.found = await decode((seen = current))
          first.entry = first.decide!(first.found)
          await encodeAll()
        }
        plain = writes.map(({ change, decide, idle, since, entry, found }, place) => {
          const next = failure && method === 'write' ? undefined : entries[place]
          return {
            change,
            idle,
            since,
            entry: next,
            ...(decide && {
              decide(stored: Stored) {
                const replaces = looks ? stampOf((current = stored)) === stampOf(seen) && entry !== found : decide(stored as Entry<never> | undefined) === entry
                return replaces ? next : stored
              },
            }),
          }
        })
        await store[method]!(plain)
      } while (stampOf(current) !== stampOf(seen))
      if (failure) throw failure
      if (looks) return
      for (const [place, write] of writes.entries()) {
        const { entry, found } = plain[place]!
        if (!write.entry && found) write.found = await decode(found)
        if (entry !== entries[place]) write.entry = entry as Entry<never> | undefined
      }
    }

    const writing = turnOf(looks, key).then(issue)
    if (!looks) waits.push(encodeAll())
    else {
      looking.add(key)
      issued = Promise.all([issued, writing.catch(() => {})])
    }
    const own = issued
    const keys = writes.map(({ change }) => (change as { key?: string }).key)
    for (const each of keys) latest.set(each, own)
    void own.then(() => {
      for (const each of keys) if (latest.get(each) === own) latest.delete(each)
    })
    return writing
  }

  return {
    // What else the store can do.
    __proto__: store,
    write: (writes: readonly Write<V>[]) => write(writes),
    get: (key: string) => issuedFor(key).then(() => store.get(key)).then(decode),
    async *entries() {
      await issued
      for await (const record of store.entries()) {
        const entry = await decode(record)
        if (entry) yield entry
      }
    },
    sweep: (now: number) => issued.then(() => store.sweep(now)),
    flush: () => issued.then(() => store.flush()),
    close: () => issued.then(() => store.close()),
    locate: (key: string) => issuedFor(key).then(() => store.locate!(key)),
    restore: (writes: readonly Write<V>[]) => write(writes, 'restore'),
    /** What is still to be encoded must not be written after it. */
    destroy() {
      destroyed = true
      return store.destroy()
    },
  } as unknown as S
}

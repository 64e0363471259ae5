// Puts an app's codec between the cache and its second tier: memory holds values, the store holds encoded ones. Encoding ends before a
// transaction begins. Writes reach the store in the order in which they were asked for, those of one tick together.

import type { Entry } from './entry.ts'
import { CacheError } from './errors.ts'
import type { IndexedDbStore } from './store/indexeddb-store.ts'
import type { Store, Write } from './store/store.ts'
import { within } from './within.ts'

/** What a value belongs to. A cipher that authenticates both (as additional data) detects records that were swapped or prolonged. */
export interface CodecContext {
  readonly key: string
  /** Epoch ms; `Infinity` = never. */
  readonly expiresAt: number
}

/**
 * Encodes values for the store, and decodes them: a cipher, or a compression. Both methods may be async. A call that throws, rejects,
 * gives `undefined` or takes longer than 10 s has failed.
 */
export interface Codec<V> {
  /** Returns anything that structured clone can copy. Called for every write, even one that changes only the lifetime. */
  encode(value: V, context: CodecContext): unknown
  /** When it fails, the read is a miss. */
  decode(stored: unknown, context: CodecContext): V | Promise<V>
}

/** The encoded value in the store. Its random stamp lets a write recognize the record that it has read. */
interface Encoded {
  readonly stamp: number
  readonly data: unknown
}

type Stored = Entry<Encoded> | undefined

/** ms after which a call of the codec has failed. */
const TIME_LIMIT = 10_000

/** The stamp of a record; false if there is no record, or no cache with a codec has written it. */
const stampOf = (record: Stored): unknown => Number.isFinite(record?.value?.stamp) && record!.value.stamp

/** @param report called with the error for what cannot be decoded */
export function withCodec<V, S extends Store<V>>(inner: S, codec: Codec<V>, report: (error: unknown) => unknown): S {
  const store = inner as Store<unknown> as Store<Encoded> & Partial<Pick<IndexedDbStore<Encoded>, 'locate' | 'restore'>>
  /** Resolves when all writes so far were issued, and those that depend on what is there have ended. */
  let issued: Promise<unknown> = Promise.resolve()
  /** Resolves when the writes of this tick may be issued. */
  let turn: Promise<unknown> | undefined
  /** What the writes of this tick wait for. */
  let waits: Promise<unknown>[]
  /** The keys of those writes of this tick that depend on what is there. */
  let deciding: Set<string | undefined>
  /** By key, the latest write of it; under `undefined`, the latest removal by prefix or tag. A read of a key waits for these two only. */
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

  /** Clones what the codec gives, so that a value which cannot be cloned fails here, before any of its group is written. */
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

  /** Joins the writes of this tick, or begins the next group if this write must come after one that depends on what is there. */
  const turnOf = (decides: boolean, key: string | undefined): Promise<unknown> => {
    if (turn && !(decides ? deciding.has(key) : deciding.size)) return turn
    const all = (waits = [issued])
    deciding = new Set()
    return (issued = turn =
      Promise.resolve().then(() => {
        turn = undefined
        return Promise.all(all)
      }))
  }

  const write = (writes: readonly Write<V>[], method: 'write' | 'restore' = 'write'): Promise<unknown> => {
    const [first] = writes as readonly [Write<V>]
    const { type, key } = (first?.change ?? {}) as { type?: string; key?: string }
    // Other writes know their entry, or that there is to be none. What they decide depends at most on the times of what is there.
    const decides = type === 'set' && !first.entry
    const entries: Stored[] = []
    let failure: unknown

    const encodeAll = async (): Promise<void> => {
      failure = undefined
      await Promise.all(writes.map(async (each, place) => (entries[place] = await encode(each).catch((error) => void (failure = error)))))
    }

    /** If a value could not be encoded, its key is deleted, and those of its group: no older value stays. */
    const issue = async (): Promise<void> => {
      if (destroyed) return
      let plain: Write<Encoded>[]
      let seen: Stored
      let current: Stored
      do {
        if (decides) {
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
                const replaces = decides
                  ? stampOf((current = stored)) === stampOf(seen) && entry !== found
                  : decide(stored as Entry<never> | undefined) === entry
                return replaces ? next : stored
              },
            }),
          }
        })
        await store[method]!(plain)
      } while (stampOf(current) !== stampOf(seen))
      if (failure) throw failure
      if (decides) return
      for (const [place, write] of writes.entries()) {
        const { entry, found } = plain[place]!
        if (!write.entry && found) write.found = await decode(found)
        if (entry !== entries[place]) write.entry = entry as Entry<never> | undefined
      }
    }

    const writing = turnOf(decides, key).then(issue)
    if (!decides) waits.push(encodeAll())
    else {
      deciding.add(key)
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
    // The store's other methods.
    __proto__: store,
    write: (writes: readonly Write<V>[]) => write(writes),
    get: (key: string) =>
      issuedFor(key)
        .then(() => store.get(key))
        .then(decode),
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
    /** Values that are still being encoded are not written afterwards. */
    destroy() {
      destroyed = true
      return store.destroy()
    },
  } as unknown as S
}

// What every second tier has to do, written once against the port (src/store/store.ts). Runs for IndexedDB and for the
// plain store; whoever writes an adapter can run it too.

import { beforeEach, describe, expect, it } from 'vitest'
import type { Entry, Store } from '../../src/index.ts'
import { callsOf, type StoreCalls } from './calls.ts'

/** Opens a store; every one of a test works on the same data, as the tabs of one origin do. */
export type OpenStore = <V>() => Store<V>

/** Strings that prefix ranges, property names and encodings trip over. */
export const ODD_STRINGS = [
  '', '\0', ' ', '%', ':', '0', '1', '10', 'A', 'a', 'a\0', 'a\uffff', 'a\uffffb', 'aa', 'ab', 'b', '__proto__', 'constructor', 'toString',
  'é', 'e\u0301', '\u{1f600}', '\u{1f600}x', '\ud83d', '\ud83e', '\ude00', '\ud800', '\udbff', '\udfff', '\ufffd', '\ufffe', '\uffff', '\uffffa', '\uffff\uffff',
]

type Times = Partial<Pick<Entry<unknown>, 'createdAt' | 'expiresAt' | 'staleAt' | 'tags' | 'staleIfError' | 'staleWhileRevalidate'>>

export function entryOf<V>(key: string, value: V, times: Times = {}): Entry<V> {
  return { key, value, createdAt: 1_000, ...times }
}

export async function keysIn(store: Store<unknown>): Promise<string[]> {
  const keys: string[] = []
  for await (const { key } of store.entries()) keys.push(key)
  return keys
}

const uncloneable = () => {}

export function describeStore(name: string, setUp: () => OpenStore): void {
  describe(`${name} as a store`, () => {
    let open: <V>() => StoreCalls<V>
    let store: StoreCalls<unknown>

    beforeEach(() => {
      const openStore = setUp()
      open = <V>() => callsOf(openStore<V>())
      store = open()
      return () => store.close()
    })

    const fill = (keys: readonly string[], times: (key: string) => Times = () => ({})) => store.set(keys.map((key) => entryOf(key, key, times(key))))

    describe('get and set', () => {
      it('a missing key is undefined', async () => {
        expect(await store.get('a')).toBeUndefined()
      })

      it('an entry comes back whole', async () => {
        const entry = entryOf('a', { deep: [1, null] }, { staleAt: 2_000, expiresAt: 3_000, staleIfError: 1_000, tags: ['x', 'y'] })
        await store.set([entry])
        expect(await store.get('a')).toEqual(entry)
      })

      it('a set replaces all of the older entry, expiry and tags included', async () => {
        await store.set([entryOf('a', 1, { staleAt: 2_000, expiresAt: 3_000, tags: ['x'] })])
        await store.set([entryOf('a', 2)])
        expect(await store.get('a')).toEqual(entryOf('a', 2))
        await store.deleteTag('x')
        expect((await store.sweep(Number.MAX_SAFE_INTEGER)).keys).toEqual([])
        expect(await store.get('a')).toEqual(entryOf('a', 2))
      })

      it.each([null, false, 0, -0, '', NaN, 1n, new Date(5), new Map([['k', new Set([1])]]), Uint8Array.of(1, 2), [undefined], { a: undefined }])(
        'the value %s comes back equal',
        async (value) => {
          await store.set([entryOf('a', value)])
          expect((await store.get('a'))?.value).toStrictEqual(value)
        },
      )

      it('an own property __proto__ of a value stays one and changes no prototype', async () => {
        const value: unknown = JSON.parse('{"__proto__": {"admin": true}, "constructor": 1}')
        await store.set([entryOf('a', value)])
        const found = (await store.get('a'))?.value as object
        expect(Object.getPrototypeOf(found)).toBe(Object.prototype)
        expect(Object.keys(found)).toEqual(['__proto__', 'constructor'])
        expect('admin' in found).toBe(false)
      })

      it('any string is a key of its own', async () => {
        for (const key of ODD_STRINGS) expect(await store.get(key), JSON.stringify(key)).toBeUndefined()
        await fill(ODD_STRINGS)
        for (const key of ODD_STRINGS) expect(await store.get(key), JSON.stringify(key)).toEqual(entryOf(key, key))
        expect((await keysIn(store)).sort()).toEqual([...ODD_STRINGS].sort())
      })

      it('several entries go in with one call, none with an empty one', async () => {
        await store.set([])
        expect(await keysIn(store)).toEqual([])
        await fill(['a', 'b', 'c'])
        expect((await keysIn(store)).sort()).toEqual(['a', 'b', 'c'])
      })

      it('a second store on the same data sees what the first has written', async () => {
        await fill(['a'])
        const other = open()
        expect(await other.get('a')).toEqual(entryOf('a', 'a'))
        await other.close()
      })
    })

    describe('read your writes', () => {
      it('a get sees a set, a change and every removal that is still on its way', async () => {
        void store.set([entryOf('a', 1, { tags: ['x'] })])
        expect((await store.get('a'))?.value).toBe(1)
        void store.change('a', (found) => ({ ...found!, value: 2 }))
        expect((await store.get('a'))?.value).toBe(2)
        void store.deleteTag('x')
        expect(await store.get('a')).toBeUndefined()
        void store.set([entryOf('a', 3)])
        void store.deletePrefix('a')
        expect(await store.get('a')).toBeUndefined()
        void store.set([entryOf('a', 4)])
        void store.change('a', () => undefined)
        expect(await store.get('a')).toBeUndefined()
      })

      it('an iteration sees what is still on its way', async () => {
        await fill(['gone', 'stays'])
        void store.deletePrefix('gone')
        void fill(['new'])
        expect((await keysIn(store)).sort()).toEqual(['new', 'stays'])
      })

      it('a read during a write of another key waits for no longer than that', async () => {
        await fill(['a'])
        const writing = fill(['b'])
        expect(await store.get('a')).toEqual(entryOf('a', 'a'))
        await writing
      })
    })

    describe('writes of one tick keep their order', () => {
      const value = async () => (await store.get('a'))?.value

      it('the last set of a key stays', async () => {
        const writes = [1, 2, 3].map((each) => store.set([entryOf('a', each)]))
        await Promise.all(writes)
        expect(await value()).toBe(3)
      })

      it('a set, a removal of everything, a set', async () => {
        await Promise.all([store.set([entryOf('a', 1), entryOf('b', 1)]), store.deletePrefix(''), store.set([entryOf('a', 2)])])
        expect(await value()).toBe(2)
        expect(await keysIn(store)).toEqual(['a'])
      })

      it('a removal by prefix does not reach a later set, and reaches an earlier one', async () => {
        await fill(['a', 'ab', 'b'])
        await Promise.all([store.set([entryOf('ac', 1)]), store.deletePrefix('a'), store.set([entryOf('ad', 1)])])
        expect((await keysIn(store)).sort()).toEqual(['ad', 'b'])
      })

      it('a removal by tag reaches what has the tag at that moment', async () => {
        await store.set([entryOf('a', 0, { tags: ['x'] }), entryOf('b', 0), entryOf('c', 0, { tags: ['x'] })])
        await Promise.all([
          store.set([entryOf('a', 1)]),
          store.set([entryOf('b', 1, { tags: ['x'] })]),
          store.deleteTag('x'),
          store.set([entryOf('c', 1, { tags: ['x'] })]),
        ])
        expect(await value(), 'lost the tag before').toBe(1)
        expect(await store.get('b'), 'got the tag before').toBeUndefined()
        expect((await store.get('c'))?.value, 'set after').toBe(1)
      })

      it('a change sees the set before it and not the one after it', async () => {
        const seen: unknown[] = []
        // A store may ask again; what it tells last counts.
        const note = (place: number) => (found: Entry<unknown> | undefined) => {
          seen[place] = found?.value
          return found
        }
        await Promise.all([store.change('a', note(0)), store.set([entryOf('a', 1)]), store.change('a', note(1)), store.set([entryOf('a', 2)]), store.change('a', note(2))])
        expect(seen).toEqual([undefined, 1, 2])
        expect(await value()).toBe(2)
      })

      it('a change after a removal by prefix or tag sees nothing', async () => {
        await store.set([entryOf('a', 1, { tags: ['x'] }), entryOf('b', 1)])
        const seen: unknown[] = []
        const note = (found: Entry<unknown> | undefined) => {
          seen.push(found)
          return found
        }
        await Promise.all([store.deleteTag('x'), store.change('a', note), store.deletePrefix('b'), store.change('b', note)])
        expect(seen).toEqual([undefined, undefined])
        expect(await keysIn(store)).toEqual([])
      })

      it('a change that keeps what a set of the same tick brought keeps it', async () => {
        await Promise.all([store.set([entryOf('a', 1)]), store.change('a', (found) => found)])
        expect(await value()).toBe(1)
      })

      it('a change that undoes a set of the same tick leaves nothing', async () => {
        await Promise.all([store.set([entryOf('a', 1)]), store.change('a', () => undefined)])
        expect(await value()).toBeUndefined()
      })
    })

    describe('change', () => {
      const increment = (found: Entry<unknown> | undefined): Entry<unknown> => entryOf('n', ((found?.value as number | undefined) ?? 0) + 1)

      it('inserts, replaces, removes, and leaves alone', async () => {
        await store.change('n', increment)
        expect((await store.get('n'))?.value).toBe(1)
        await store.change('n', increment)
        expect((await store.get('n'))?.value).toBe(2)
        await store.change('n', (found) => found)
        expect((await store.get('n'))?.value).toBe(2)
        await store.change('n', () => undefined)
        expect(await store.get('n')).toBeUndefined()
        await store.change('n', (found) => found)
        expect(await keysIn(store)).toEqual([])
      })

      it('hands over the entry whole', async () => {
        const entry = entryOf('a', [1], { staleAt: 2_000, expiresAt: 3_000, tags: ['x'] })
        await store.set([entry])
        let seen: unknown
        await store.change('a', (found) => {
          seen = found
          return found
        })
        expect(seen).toEqual(entry)
      })

      it('nothing comes between reading and writing: concurrent changes all count, of one store and of two', async () => {
        const other = open<unknown>()
        const changes = Array.from({ length: 20 }, (_, index) => (index % 2 ? store : other).change('n', increment))
        await Promise.all(changes)
        expect((await store.get('n'))?.value).toBe(20)
        expect((await other.get('n'))?.value).toBe(20)
        await other.close()
      })

      it('of several that insert where nothing is, one finds nothing', async () => {
        const other = open<unknown>()
        const winners: number[] = []
        await Promise.all(
          Array.from({ length: 10 }, (_, id) => {
            let won = false
            const decide = (found: Entry<unknown> | undefined): Entry<unknown> => {
              won = found === undefined
              return found ?? entryOf('a', id)
            }
            return (id % 2 ? store : other).change('a', decide).then(() => won && winners.push(id))
          }),
        )
        expect(winners).toHaveLength(1)
        expect((await store.get('a'))?.value).toBe(winners[0])
        await other.close()
      })

      it('of several that remove an entry, one finds it', async () => {
        await fill(['a'])
        const other = open<unknown>()
        let found = 0
        await Promise.all(
          [store, other, store, other].map((each) => {
            let own = 0
            return each
              .change('a', (entry) => {
                own = entry ? 1 : 0
                return undefined
              })
              .then(() => (found += own))
          }),
        )
        expect(found).toBe(1)
        await other.close()
      })
    })

    describe('a value that cannot be cloned', () => {
      it('rejects, and no older value of the key stays', async () => {
        await fill(['a'])
        await expect(store.set([entryOf('a', uncloneable)])).rejects.toThrow()
        expect(await store.get('a')).toBeUndefined()
        expect(await keysIn(store)).toEqual([])
      })

      it('rejects its own caller only: writes of the same tick are kept', async () => {
        const writes = await Promise.allSettled([
          store.set([entryOf('a', 1)]),
          store.set([entryOf('bad', uncloneable)]),
          store.change('b', () => entryOf('b', 2)),
          store.deletePrefix('c'),
          store.set([entryOf('d', 3)]),
        ])
        expect(writes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled', 'fulfilled', 'fulfilled'])
        expect((await keysIn(store)).sort()).toEqual(['a', 'b', 'd'])
      })

      it('from a change rejects, and no older value stays', async () => {
        await fill(['a'])
        await expect(store.change('a', (found) => ({ ...found!, value: uncloneable }))).rejects.toThrow()
        expect(await store.get('a')).toBeUndefined()
      })
    })

    describe('deletePrefix and deleteTag', () => {
      it.each(ODD_STRINGS)('deletePrefix(%j) removes exactly the keys that start so', async (prefix) => {
        await fill(ODD_STRINGS)
        await store.deletePrefix(prefix)
        expect((await keysIn(store)).sort()).toEqual(ODD_STRINGS.filter((key) => !key.startsWith(prefix)).sort())
      })

      it.each(ODD_STRINGS)('deleteTag(%j) removes exactly the entries with that tag', async (tag) => {
        await fill(ODD_STRINGS, (key) => ({ tags: [key, 'all'] }))
        await store.set([entryOf('plain', 1)])
        await store.deleteTag(tag)
        expect((await keysIn(store)).sort()).toEqual([...ODD_STRINGS.filter((key) => key !== tag), 'plain'].sort())
        await store.deleteTag('all')
        expect(await keysIn(store)).toEqual(['plain'])
      })

      it('neither minds that there is nothing to remove', async () => {
        await store.deletePrefix('')
        await store.deletePrefix('a')
        await store.deleteTag('x')
        expect(await keysIn(store)).toEqual([])
      })

      it('removes many with neighbours between them', async () => {
        const keys = Array.from({ length: 1_000 }, (_, index) => `k${index}`)
        await fill(keys, (key) => ({ tags: key.endsWith('7') ? ['seven'] : [] }))
        await store.deleteTag('seven')
        expect((await keysIn(store)).sort()).toEqual(keys.filter((key) => !key.endsWith('7')).sort())
      })
    })

    describe('entries', () => {
      it('gives each once, however many there are', async () => {
        const keys = Array.from({ length: 1_001 }, (_, index) => `k${index}`)
        await fill(keys)
        expect((await keysIn(store)).sort()).toEqual([...keys].sort())
      })

      it('gives entries whole', async () => {
        const entry = entryOf('a', [1], { staleAt: 2_000, expiresAt: 3_000, tags: ['x'] })
        await store.set([entry])
        for await (const found of store.entries()) expect(found).toEqual(entry)
      })

      it('can be left early', async () => {
        await fill(Array.from({ length: 500 }, (_, index) => `k${index}`))
        for await (const { key } of store.entries()) {
          expect(key).toMatch(/^k/)
          break
        }
        await fill(['after'])
        expect(await store.get('after')).toBeDefined()
      })

      it('goes on while entries are written between its steps, and gives none twice', async () => {
        const keys = Array.from({ length: 500 }, (_, index) => `k${index}`)
        await fill(keys)
        const seen: string[] = []
        for await (const { key } of store.entries()) {
          seen.push(key)
          if (seen.length % 100 === 0) await store.set([entryOf('k250', 'refreshed')])
        }
        expect(seen.sort()).toEqual([...keys].sort())
      })
    })

    describe('sweep', () => {
      it('removes exactly what has expiresAt <= now, and says which', async () => {
        await store.set([
          entryOf('long ago', 0, { expiresAt: 0 }),
          entryOf('before', 0, { expiresAt: 1_999 }),
          entryOf('at', 0, { expiresAt: 2_000 }),
          entryOf('after', 0, { expiresAt: 2_001 }),
          entryOf('stale', 0, { staleAt: 1, expiresAt: 9_000 }),
          entryOf('never', 0),
        ])
        const { keys } = await store.sweep(2_000)
        expect([...keys].sort()).toEqual(['at', 'before', 'long ago'])
        expect((await keysIn(store)).sort()).toEqual(['after', 'never', 'stale'])
      })

      it('looks back without end, not over a window', async () => {
        const keys = Array.from({ length: 50 }, (_, index) => `k${index}`)
        await fill(keys, (key) => ({ expiresAt: 10 ** (Number(key.slice(1)) / 4) }))
        expect((await store.sweep(10 ** 13)).keys).toHaveLength(50)
        expect(await keysIn(store)).toEqual([])
      })

      it('tells whether an entry is left that will expire', async () => {
        expect(await store.sweep(5)).toEqual({ keys: [], more: false })
        await store.set([entryOf('never', 0)])
        expect((await store.sweep(5)).more).toBe(false)
        await store.set([entryOf('later', 0, { expiresAt: 6 })])
        expect(await store.sweep(5)).toEqual({ keys: [], more: true })
        expect(await store.sweep(6)).toEqual({ keys: ['later'], more: false })
        expect(await store.sweep(6)).toEqual({ keys: [], more: false })
      })

      it.each([1, 2_500])('removes thousands that expire %i ms apart, and keeps those between them', async (step) => {
        const keys = Array.from({ length: 3_000 }, (_, index) => `k${index}`)
        await fill(keys, (key) => (key.endsWith('3') ? {} : { expiresAt: Math.floor(Number(key.slice(1)) / step) }))
        const expired = keys.filter((key) => !key.endsWith('3'))
        expect([...(await store.sweep(3_000)).keys].sort()).toEqual(expired.sort())
        expect(await keysIn(store)).toHaveLength(300)
      })

      it('spares an entry that is refreshed before it or while it runs', async () => {
        const old = ['before', 'during', 'not'].map((key) => entryOf(key, 'old', { expiresAt: 10 }))
        await store.set(old)
        const before = store.set([entryOf('before', 'new', { expiresAt: 100 })])
        const sweeping = store.sweep(10)
        const during = store.set([entryOf('during', 'new', { expiresAt: 100 })])
        await Promise.all([before, sweeping, during])
        expect((await store.get('before'))?.value).toBe('new')
        expect((await store.get('during'))?.value).toBe('new')
        expect(await store.get('not')).toBeUndefined()
      })

      it('two at once count each key once between them', async () => {
        const keys = Array.from({ length: 200 }, (_, index) => `k${index}`)
        await fill(keys, () => ({ expiresAt: 10 }))
        const other = open<unknown>()
        const both = await Promise.all([store.sweep(10), other.sweep(10)])
        expect(both.flatMap((swept) => swept.keys).sort()).toEqual([...keys].sort())
        await other.close()
      })

      it('reads are answered while it runs', async () => {
        await fill(Array.from({ length: 1_000 }, (_, index) => `k${index}`), () => ({ expiresAt: 10 }))
        await fill(['stays'])
        const sweeping = store.sweep(10)
        expect((await store.get('stays'))?.value).toBe('stays')
        expect((await store.get('missing'))?.value).toBeUndefined()
        await sweeping
      })
    })

    describe('flush, close and destroy', () => {
      it('flush resolves when the writes asked for are settled, failed ones too', async () => {
        const ends: string[] = []
        void store.set([entryOf('a', 1)]).then(() => ends.push('set'))
        void store.deletePrefix('b').then(() => ends.push('deletePrefix'))
        store.set([entryOf('bad', uncloneable)]).catch(() => ends.push('failed'))
        await store.flush()
        expect(ends.sort()).toEqual(['deletePrefix', 'failed', 'set'])
        await store.flush()
      })

      it('close keeps what is on its way, and the data stays', async () => {
        const writing = store.set([entryOf('a', 1)])
        await store.close()
        await writing
        const next = open()
        expect((await next.get('a'))?.value).toBe(1)
        await next.close()
      })

      it('a second close resolves', async () => {
        await store.close()
        await store.close()
      })

      it('destroy removes everything, also what is on its way', async () => {
        await fill(['a', 'b'], () => ({ expiresAt: 5, tags: ['x'] }))
        void store.set([entryOf('c', 1)])
        await store.destroy()
        const next = open<unknown>()
        expect(await keysIn(next)).toEqual([])
        await next.set([entryOf('d', 1)])
        expect(await keysIn(next)).toEqual(['d'])
        await next.close()
      })
    })
  })
}

// A store behind a codec is a store: the shared suite, over IndexedDB and over the plain store, with a codec that takes its time.

import { withCodec } from '../../src/codec.ts'
import type { Codec, Store } from '../../src/index.ts'
import { openIndexedDbStore } from '../helpers/indexeddb-store.ts'
import { describeStore } from '../store/conformance.ts'
import { createPlainStore } from '../store/plain-store.ts'

const slow: Codec<any> = {
  encode: async (value) => [await value],
  decode: async (stored) => ((await stored) as [unknown])[0],
}

const coded = <V>(store: Store<V>): Store<V> =>
  withCodec(store, slow, (error) => {
    throw error
  })

describeStore('IndexedDB behind a codec', () => () => coded(openIndexedDbStore<any>('conformance').store))

describeStore('a plain Map behind a codec', () => {
  const rows = new Map()
  return () => coded(createPlainStore<any>(rows))
})

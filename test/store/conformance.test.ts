// The shared suite, run for each second tier there is: IndexedDB over a fake of it, and the plain store of the tests.

import { leapingTime, openIndexedDbStore } from '../helpers/indexeddb-store.ts'
import { describeStore } from './conformance.ts'
import { createPlainStore } from './plain-store.ts'

describeStore('IndexedDB', () => () => openIndexedDbStore<any>('conformance').store)

describeStore('IndexedDB on a machine so slow that each request fills a slice', () => {
  leapingTime()
  return () => openIndexedDbStore<any>('conformance').store
})

describeStore('a plain Map', () => {
  const rows = new Map()
  return () => createPlainStore(rows)
})

export { createCachedFetch } from './cached-fetch.ts'
export type { CachedFetch, CachedFetchOptions, ExtendableEventLike, HttpUpdate, InvalidateSelector } from './contract.ts'
export type { HttpEntry, StoredBody, StoredResponse } from './variants.ts'

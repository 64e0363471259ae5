export { createCache } from './cache.ts'
export type {
  Cache,
  CacheEvent,
  CacheOptions,
  CacheStats,
  CacheStatus,
  EntryInfo,
  Loader,
  LoaderContext,
  LoadOptions,
  SetOptions,
  TierStats,
} from './contract.ts'
export type { Change } from './change.ts'
export type { Clock } from './clock.ts'
export type { Entry } from './entry.ts'
export { CacheError, type CacheErrorCode } from './errors.ts'
export { createMemoryCache, type MemoryCache, type MemoryCacheOptions, type MemoryStats, type RemovalCause } from './memory/memory-cache.ts'
export type { Store, Swept, Write } from './store/store.ts'

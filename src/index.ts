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
export type { Codec, CodecContext } from './codec.ts'
export type { Clock } from './clock.ts'
export type { Entry } from './entry.ts'
export {
  CacheError,
  type CacheErrorCode,
  type CacheErrorDetails,
  type Fault,
  type FaultAction,
  type FaultClass,
  type FaultPhase,
} from './errors.ts'
export type { MemoryStats } from './memory/lru.ts'
export { createMemoryCache, type MemoryCache } from './memory/memory-cache.ts'
export type { MemoryCacheOptions, RemovalCause } from './options.ts'
export type { Store, Swept, Write } from './store/store.ts'

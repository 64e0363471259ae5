export { createMemoryCache, type MemoryCache, type MemoryCacheOptions, type MemoryStats } from './memory/memory-cache.ts'

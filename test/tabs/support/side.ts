// A tab's or worker's side: the library, one cache by default, and what tests want to know of it. Bundled with the library
// into one script that defines the global `side`; functions handed to `Place.run` get it as their first argument.

import { createCache, type Cache, type CacheError, type CacheEvent, type CacheOptions, type LoadOptions } from '../../../src/index.ts'
import { databaseName } from '../../../src/store/schema.ts'
import { roam } from './roam.ts'

/** What the API answers. */
export interface Answer {
  readonly key: string
  readonly by: string
  readonly serial: number
}

/** A row of the object store, as far as tests look at it. */
export interface Row {
  readonly key: string
  readonly value: unknown
}

/** What `onError` was told, as far as tests look at it. */
export interface Told {
  readonly code: string
  /** Calls that the fault concerned. */
  readonly count: number
  readonly class?: string
  readonly phase?: string
  readonly action?: string
  /** The name of the engine's error. */
  readonly cause: string | undefined
}

/** The cache's name where a test needs just one. */
const NAME = 'shared'
/** Hosts that share the API's requests: a browser opens no more than 6 connections to one. */
const HOSTS = 24

const parameters = new URL(location.href).searchParams
const tab = parameters.get('tab') ?? ''
let database = ''

export const side = {
  createCache,
  databaseName,
  roam,
  tab,
  /** The cache opened last. */
  cache: undefined as unknown as Cache<unknown>,
  /** Codes that `onError` was told. */
  faults: [] as string[],
  /** The same, and more of it. */
  told: [] as Told[],
  /** What its subscriber was told. */
  events: [] as CacheEvent[],
  /** Whether the page is there for the first time, or again, out of the back/forward cache. */
  shown: undefined as 'first' | 'again' | undefined,
  /** Whether the browser has stopped the page's tasks. */
  frozen: false,
  /** Whatever one call leaves for the next. */
  left: {} as Record<string, unknown>,

  open(options: CacheOptions<unknown> = {}): void {
    const { name = NAME, version = '' } = options
    database = databaseName(name, version)
    side.cache = createCache<unknown>({ name, onError: note, ...options })
    side.cache.subscribe((event) => void side.events.push(event))
  },

  /** Asks the API. */
  async ask(key: string, signal?: AbortSignal): Promise<Answer> {
    const host = [...key].reduce((sum, letter) => (sum * 31 + letter.charCodeAt(0)) % HOSTS, 0)
    const url = `http://api${host}.localhost:${location.port}/api/${encodeURIComponent(key)}?tab=${tab}`
    return (await fetch(url, signal ? { signal } : {})).json()
  },

  load: (key: string, options?: LoadOptions): Promise<Answer> =>
    side.cache.getOrLoad(key, (context) => side.ask(context.key, context.signal), options) as Promise<Answer>,

  /** How a promise ended: its value, or the code or text of its error. */
  async outcome(promise: Promise<unknown>): Promise<unknown> {
    return promise.catch((error: { code?: string }) => `rejected: ${error.code ?? error}`)
  },

  /** Names of the databases that contain a text, as a cache's database contains the cache's name. */
  async databases(text = NAME): Promise<string[]> {
    return (await indexedDB.databases()).flatMap(({ name }) => (name?.includes(text) ? [name] : [])).sort()
  },

  /** What lies in the database of the cache opened last; nothing where there is none. */
  rows: (): Promise<Row[]> => look((entries) => entries.getAll()),

  /** The keys of what lies there, also of what cannot be read. */
  keys: (): Promise<string[]> => look((entries) => entries.getAllKeys() as IDBRequest<string[]>),

  /** Keys whose value in memory is not the one on disk. */
  async disagreements(): Promise<string[]> {
    const rows = new Map((await side.rows()).map(({ key, value }) => [key, JSON.stringify(value)]))
    const keys: string[] = []
    for await (const key of side.cache.keys()) {
      const held = side.cache.peek(key)
      if (held !== undefined && JSON.stringify(held) !== rows.get(key)) keys.push(key)
    }
    return keys
  },
}

export type Side = typeof side

async function look<T>(ask: (entries: IDBObjectStore) => IDBRequest<T[]>): Promise<T[]> {
  const request = indexedDB.open(database)
  // There is none: looking must not create it.
  request.onupgradeneeded = () => request.transaction?.abort()
  const connection = await settled(request).catch(() => undefined)
  try {
    if (!connection?.objectStoreNames.contains('entries')) return []
    return await settled(ask(connection.transaction('entries').objectStore('entries')))
  } finally {
    connection?.close()
  }
}

function note({ code, count, fault, cause }: CacheError): void {
  side.faults.push(code)
  side.told.push({ code, count, ...fault, cause: (cause as Error | undefined)?.name })
}

export function settled<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result)
    request.onerror = () => reject(request.error)
  })
}

Object.assign(globalThis, { side })
addEventListener('pageshow', ({ persisted }) => void (side.shown = persisted ? 'again' : 'first'))
addEventListener('pagehide', () => void (side.shown = undefined))
globalThis.document?.addEventListener('freeze', () => void (side.frozen = true))
globalThis.document?.addEventListener('resume', () => void (side.frozen = false))
if (parameters.has('options')) side.open(JSON.parse(parameters.get('options')!))

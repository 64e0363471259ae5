// Names that the page and its service worker share, and how the entries of the cache are told apart.

/** The page's cache: a user's answers. */
export const CACHE_NAME = 'demo'
/** The service worker's: drawings, which are everybody's. */
export const IMAGES_NAME = 'demo-images'

/** What a key of the cache names. */
export interface KeyName {
  /** Whose it is; undefined for an entry that holds no response. */
  readonly partition: string | undefined
  /** Of a response, the address below the page's folder. */
  readonly path: string
  /** Whether it is the body of a response, whose fields have an entry of their own. */
  readonly isBody: boolean
}

/** The key by which a cachedFetch keeps the responses of an address: it shows in `keys()` and in events. */
export function responseKey(partition: string, url: string): string {
  return ['http', partition, url].join('\0')
}

export function nameOfKey(key: string): KeyName {
  const [space, partition, url = '', body] = key.split('\0')
  if (space !== 'http') return { partition: undefined, path: key, isBody: false }
  const base = new URL('./', document.baseURI).href
  return { partition, path: url.startsWith(base) ? url.slice(base.length) : url, isBody: body !== undefined }
}

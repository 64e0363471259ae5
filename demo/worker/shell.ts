// The files that make up the app, kept by the Cache API so that the page opens without a network. They are one set: a new
// build has a new worker, which fetches all of its files before it takes over.

/** Paths of the build's files, relative to the worker's scope, and a digest of them. Put in by the build. */
declare const __SHELL__: { readonly version: string; readonly files: readonly string[] }

const PREFIX = 'demo-shell-'

export interface Shell {
  /** Fetches all files. */
  install(): Promise<void>
  /** Removes those of other builds. */
  activate(): Promise<void>
  /** Whether a path is one of its files; the empty one is the first page. */
  has(path: string): boolean
  /** The file, or what the network has in its place. */
  respond(path: string, request: Request): Promise<Response>
}

export function createShell(): Shell {
  const { version, files: paths } = __SHELL__
  const name = PREFIX + version
  const files = new Set(paths)
  const fileOf = (path: string): string => (path === '' ? 'index.html' : path)

  return {
    async install() {
      const cache = await caches.open(name)
      await cache.addAll(Array.from(files, (file) => new Request(file, { cache: 'no-cache' })))
    },
    async activate() {
      const others = (await caches.keys()).filter((other) => other.startsWith(PREFIX) && other !== name)
      await Promise.all(others.map((other) => caches.delete(other)))
    },
    has: (path) => files.has(fileOf(path)),
    respond: async (path, request) => (await caches.match(fileOf(path), { cacheName: name })) ?? fetch(request),
  }
}

// The server of the static build: the same API, played by the service worker. It reads the catalogue from a file, and keeps
// edits in a place of its own, as a real server would keep them in a database.

import { type Api, createApi, type EditStore } from '../server/api.ts'
import type { Icon } from '../server/protocol.ts'

const EDITS = 'demo-server-edits'

/** @param base URL of the folder with the file */
export function createStaticServer(base: string): Api {
  const readIcons = async (): Promise<readonly Icon[]> => {
    const response = await fetch(new URL('icons.json', base))
    if (!response.ok) throw new Error(`icons.json: ${response.status}`)
    return response.json()
  }
  return createApi({ readIcons, edits: editsInCacheApi(base), latency: [250, 900] })
}

function editsInCacheApi(base: string): EditStore {
  const addressOf = (user: string): string => new URL(`edits/${user}`, base).href
  return {
    read: async (user) => (await caches.match(addressOf(user), { cacheName: EDITS }))?.json() ?? {},
    write: async (user, edits) => (await caches.open(EDITS)).put(addressOf(user), Response.json(edits)),
  }
}

import { MutationObserver, QueryClient } from '@tanstack/query-core'
import { expect, test } from 'vitest'
import type { Note } from './notes.ts'
import { describeRecipe, type Library } from './suite.ts'

type Answer = Awaited<ReturnType<Library['read']>>

const client = new QueryClient()
let getNote: (url: string, init: RequestInit) => Promise<Answer>

const recipe = describeRecipe('TanStack Query', (cachedFetch) => {
  client.clear()
  getNote = async (url, init) => {
    const response = await cachedFetch(url, init)
    if (!response.ok) throw new Error(`${response.status} ${url}`)
    return { note: (await response.json()) as Note, cacheStatus: response.headers.get('cache-status') }
  }
  const putNote = ({ url, note }: { readonly url: string; readonly note: Note }) => cachedFetch(url, { method: 'PUT', body: JSON.stringify(note) })
  const mutation = new MutationObserver(client, { mutationFn: putNote, onSuccess: (_, { url }) => client.invalidateQueries({ queryKey: [url] }) })
  return {
    read(url, abort) {
      abort?.addEventListener('abort', () => void client.cancelQueries({ queryKey: [url] }))
      return client.fetchQuery({ queryKey: [url], queryFn: ({ signal }) => getNote(url, { signal }) })
    },
    write: (url, note) => mutation.mutate({ url, note }),
  }
})

test('an error answer is what the query function makes of it, and is not kept', async () => {
  const { missing, requests } = recipe.notes
  const read = () => client.fetchQuery({ queryKey: [missing], queryFn: ({ signal }) => getNote(missing, { signal }), retry: false })
  await expect(read()).rejects.toThrow(`404 ${missing}`)
  await expect(read()).rejects.toThrow(`404 ${missing}`)
  expect(requests).toHaveLength(2)
})

test('a query that is to be read anew whatever the cache says asks with no-cache', async () => {
  const { url, requests } = recipe.notes
  const read = (cache: RequestCache) => client.fetchQuery({ queryKey: [url], queryFn: ({ signal }) => getNote(url, { signal, cache }) })
  await read('default')
  await read('default')
  expect(requests).toHaveLength(1)
  expect(await read('no-cache')).toMatchObject({ cacheStatus: 'bestbefore; fwd=request; stored' })
  expect(requests).toHaveLength(2)
})

import { createFetch, FetchError, type $Fetch } from 'ofetch'
import { expect, test } from 'vitest'
import { PROBLEM, type Note } from './notes.ts'
import { describeRecipe } from './suite.ts'

let api: $Fetch

const recipe = describeRecipe('ofetch', (cachedFetch) => {
  api = createFetch({ fetch: cachedFetch })
  return {
    async read(url, signal) {
      const { _data: note, headers } = await api.raw<Note>(url, signal && { signal })
      return { note: note!, cacheStatus: headers.get('cache-status') }
    },
    write: (url, note) => api(url, { method: 'PUT', body: { ...note } }),
  }
})

test('an error answer is a FetchError with its status and data', async () => {
  const error: unknown = await api(recipe.notes.missing).catch((error) => error)
  expect(error).toBeInstanceOf(FetchError)
  expect(error).toMatchObject({ status: 404, data: PROBLEM })
})

test('ofetch.create takes it as the second argument', async () => {
  const { notes } = recipe
  const created = api.create({}, {})
  await created(notes.url)
  expect(await created<Note>(notes.url)).toEqual({ text: 'first' })
  expect(notes.requests).toEqual(['GET /note'])
})

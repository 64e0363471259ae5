import ky, { HTTPError, type KyInstance } from 'ky'
import { expect, test } from 'vitest'
import { PROBLEM, type Note } from './notes.ts'
import { describeRecipe } from './suite.ts'

let api: KyInstance

const recipe = describeRecipe('ky', (cachedFetch) => {
  api = ky.create({ fetch: cachedFetch })
  return {
    async read(url, signal) {
      const response = await api.get<Note>(url, signal && { signal })
      return { note: await response.json(), cacheStatus: response.headers.get('cache-status') }
    },
    write: (url, note) => api.put(url, { json: note }).json(),
  }
})

test('an error answer is an HTTPError, with its body to be read', async () => {
  const error: unknown = await api.get(recipe.notes.missing).catch((error) => error)
  expect(error).toBeInstanceOf(HTTPError)
  const { response } = error as HTTPError
  expect(response).toMatchObject({ status: 404, url: recipe.notes.missing })
  expect(await response.json()).toEqual(PROBLEM)
})

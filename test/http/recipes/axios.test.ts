import axios, { AxiosError, type AxiosInstance } from 'axios'
import { expect, test } from 'vitest'
import { PROBLEM, type Note } from './notes.ts'
import { describeRecipe } from './suite.ts'

let api: AxiosInstance

const recipe = describeRecipe('axios', (cachedFetch) => {
  api = axios.create({ adapter: 'fetch', env: { fetch: cachedFetch } })
  return {
    async read(url, signal) {
      const { data, headers } = await api.get<Note>(url, signal && { signal })
      return { note: data, cacheStatus: headers['cache-status'] as string }
    },
    write: (url, note) => api.put(url, note),
  }
})

test('an error answer is an AxiosError with its status and data', async () => {
  const error: unknown = await api.get(recipe.notes.missing).catch((error) => error)
  expect(error).toBeInstanceOf(AxiosError)
  expect(error).toMatchObject({ code: 'ERR_BAD_REQUEST', response: { status: 404, data: PROBLEM } })
})

test('an API that cannot be reached is an AxiosError of the network', async () => {
  await recipe.notes.close()
  await expect(api.get(recipe.notes.url)).rejects.toMatchObject({ name: 'AxiosError', code: 'ERR_NETWORK' })
})

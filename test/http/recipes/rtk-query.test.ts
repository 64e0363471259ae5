import { configureStore } from '@reduxjs/toolkit'
import { createApi, fetchBaseQuery } from '@reduxjs/toolkit/query'
import { expect, test } from 'vitest'
import { PROBLEM, type Note } from './notes.ts'
import { describeRecipe, type Library } from './suite.ts'

type Answer = Awaited<ReturnType<Library['read']>>

function openApi(cachedFetch: typeof fetch) {
  const api = createApi({
    baseQuery: fetchBaseQuery({ fetchFn: cachedFetch }),
    tagTypes: ['note'],
    endpoints: (builder) => ({
      note: builder.query<Answer, string>({
        query: (url) => url,
        transformResponse: (note: Note, meta) => ({ note, cacheStatus: meta?.response?.headers.get('cache-status') }),
        providesTags: ['note'],
      }),
      setNote: builder.mutation<Note, { readonly url: string; readonly note: Note }>({
        query: ({ url, note }) => ({ url, method: 'PUT', body: note }),
        invalidatesTags: ['note'],
      }),
    }),
  })
  const store = configureStore({ reducer: { [api.reducerPath]: api.reducer }, middleware: (others) => others().concat(api.middleware) })
  return { api, store }
}

let opened: ReturnType<typeof openApi>

const recipe = describeRecipe('RTK Query', (cachedFetch) => {
  opened = openApi(cachedFetch)
  const { api, store } = opened
  return {
    read(url, signal) {
      // Without forceRefetch it would answer from its own cache, and ask nobody.
      const reading = store.dispatch(api.endpoints.note.initiate(url, { forceRefetch: true, subscribe: false }))
      signal?.addEventListener('abort', () => reading.abort())
      return reading.unwrap()
    },
    write: (url, note) => store.dispatch(api.endpoints.setNote.initiate({ url, note })).unwrap(),
  }
})

test('an error answer is the error of the result, with its status and data', async () => {
  const { api, store } = opened
  const { error } = await store.dispatch(api.endpoints.note.initiate(recipe.notes.missing))
  expect(error).toEqual({ status: 404, data: PROBLEM })
})

test('an API that cannot be reached is a FETCH_ERROR', async () => {
  const { api, store } = opened
  await recipe.notes.close()
  const { error } = await store.dispatch(api.endpoints.note.initiate(recipe.notes.url))
  expect(error).toMatchObject({ status: 'FETCH_ERROR' })
})

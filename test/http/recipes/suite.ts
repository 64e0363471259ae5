// What holds for every library that is handed a cachedFetch. How each of them shows an error is in its own file.

import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createCachedFetch, type HttpEntry } from '../../../src/http/index.ts'
import { createCache } from '../../../src/index.ts'
import { deferred } from '../../helpers/deferred.ts'
import { startNotes, type Note, type Notes } from './notes.ts'

/** A library at work on an API. */
export interface Library {
  /** Its way to GET; it gives what the response said in Cache-Status too. */
  read(url: string, signal?: AbortSignal): Promise<{ readonly note: Note; readonly cacheStatus: string | null | undefined }>
  /** Its way to PUT. */
  write(url: string, note: Note): Promise<unknown>
}

export interface Recipe {
  /** Of the test that runs. */
  readonly notes: Notes
  readonly library: Library
}

/** @param open makes the library with a cachedFetch of its own @returns what the file's own tests need */
export function describeRecipe(title: string, open: (cachedFetch: typeof fetch) => Library): Recipe {
  const cache = () => createCache<HttpEntry>()
  let current: Recipe & { readonly cache: ReturnType<typeof cache> }

  beforeEach(async () => {
    const opened = cache()
    current = { cache: opened, notes: await startNotes(), library: open(createCachedFetch(opened)) }
  })
  afterEach(async () => {
    await current.notes.close()
    await current.cache.close()
  })

  describe(title, () => {
    test('reads a second time from the cache', async () => {
      const { notes, library } = current
      expect(await library.read(notes.url)).toEqual({ note: { text: 'first' }, cacheStatus: 'bestbefore; fwd=uri-miss; stored' })
      expect(await library.read(notes.url)).toEqual({ note: { text: 'first' }, cacheStatus: expect.stringMatching(/^bestbefore; hit; ttl=\d+$/) })
      expect(notes.requests).toEqual(['GET /note'])
    })

    test('reads what it has just written', async () => {
      const { notes, library } = current
      await library.read(notes.url)
      await library.write(notes.url, { text: 'second' })
      expect(await library.read(notes.url)).toEqual({ note: { text: 'second' }, cacheStatus: 'bestbefore; fwd=uri-miss; stored' })
      expect(notes.requests).toEqual(['GET /note', 'PUT /note', 'GET /note'])
    })

    test('reads from the cache when the API is gone', async () => {
      const { notes, library } = current
      await library.read(notes.url)
      await notes.close()
      expect(await library.read(notes.url)).toMatchObject({ note: { text: 'first' } })
    })

    test('gives up when it is told to, and so does the request', async () => {
      const { notes, library } = current
      const controller = new AbortController()
      const ended = deferred<unknown>()
      library.read(notes.slow, controller.signal).then(ended.reject, ended.resolve)
      await expect.poll(() => notes.requests).toEqual(['GET /slow'])
      controller.abort()
      expect(await ended.promise).toSatisfy((error: Error) => /abort|cancell?ed/i.test(`${error.name} ${error.message}`))
      await expect.poll(() => notes.left).toBe(1)
      expect(notes.requests).toEqual(['GET /slow'])
    })
  })

  return {
    get notes() {
      return current.notes
    },
    get library() {
      return current.library
    },
  }
}

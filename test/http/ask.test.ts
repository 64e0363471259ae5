// What a call of fetch asks for is read as Request and Headers read it.

import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createReader, type Input } from '../../src/http/ask.ts'
import { runs } from '../helpers/property.ts'

const URL_OF_ALL = 'https://api.example.com/items'

/** What a reading gives, or the kind of error it throws. */
function outcomeOf<T>(read: () => T): T | string {
  try {
    return read()
  } catch (error) {
    return (error as Error).name
  }
}

const byName = (fields: Iterable<readonly [string, string]>): unknown => [...fields].sort(([one], [other]) => (one < other ? -1 : 1))

const names = fc
  .oneof(fc.constantFrom('accept', 'Accept', 'X-A', 'x-a', 'x_a', 'a b', 'a\nb', 'a: b', '', 'é', 'constructor', "it's"), fc.string())
  // Of a record that has it, Node's Headers loses it.
  .filter((name) => name !== '__proto__')
const values = fc.oneof(fc.constantFrom('', ' ', 'b', ' b', 'b ', 'b  c', 'b, c', 'b\tc', 'b\nc', 'b\0', 'é', '€', '"b"', 7, null, undefined), fc.string())
const records = fc.array(fc.tuple(names, values), { maxLength: 4 }).map((pairs) => Object.defineProperties({}, Object.fromEntries(pairs.map(([name, value]) => [name, { value, enumerable: true, configurable: true }]))))

test('header fields in any form are those that Headers has, or a TypeError as well', () => {
  const read = createReader()
  const forms = fc.oneof(records, records.map((record) => Object.entries(record)))
  fc.assert(
    fc.property(forms, (headers) => {
      const init = { headers: headers as Record<string, string> }
      expect(outcomeOf(() => byName(read(URL_OF_ALL, init).headers))).toEqual(outcomeOf(() => byName(new Headers(init.headers))))
    }),
    runs(3_000),
  )
})

test.each([null, 7, 'accept: */*', [['accept']]])('what Headers refuses as header fields is refused: %j', (headers) => {
  expect(() => createReader()(URL_OF_ALL, { headers: headers as never })).toThrow(TypeError)
})

test('the fields of a Headers are read as they are', () => {
  const headers = new Headers([['accept', 'a'], ['Accept', 'b']])
  expect([...createReader()(URL_OF_ALL, { headers }).headers]).toEqual([['accept', 'a, b']])
})

test.each([
  ['https://api.example.com/a?b#c', 'https://api.example.com/a?b'],
  ['HTTPS://API.example.com:443/a/../b', 'https://api.example.com/b'],
  [new URL('https://api.example.com/a#'), 'https://api.example.com/a'],
  [new Request('https://api.example.com/a#c'), 'https://api.example.com/a'],
  ['data:,a', 'data:,a'],
] as [Input, string][])('the URL %s is absolute, and without fragment: %s', (input, url) => {
  const read = createReader()
  for (let time = 0; time < 2; time++) expect(read(input).url).toBe(url)
})

test.each(['', '/items', 'https://', 'http://a b/'])('where there is no page, %j is no URL: a TypeError', (input) => {
  expect(() => createReader()(input)).toThrow(TypeError)
})

test('of 2,000 URLs, twice one after the other, each is read as it is', () => {
  const read = createReader()
  for (let time = 0; time < 2; time++) for (let i = 0; i < 2_000; i++) expect(read(`${URL_OF_ALL}?${i}#${i}`).url).toBe(`${URL_OF_ALL}?${i}`)
})

test('an init may be a Request, whose members are not its own', () => {
  const init = new Request('https://example.com/', { method: 'POST', body: 'x', cache: 'no-store', credentials: 'include' })
  expect(createReader()(URL_OF_ALL, init)).toMatchObject({ url: URL_OF_ALL, method: 'POST', cache: 'no-store', credentials: 'include' })
})

// Bodies: stored whole or not at all, byte for byte, and nobody's to change.

import { describe, expect, test } from 'vitest'
import { MEMORY_ALONE, placeOf, TWO_TIERS } from '../helpers/caches.ts'
import { deferred, turns } from '../helpers/deferred.ts'
import { collect, heapBytes } from '../helpers/heap.ts'
import { FRESH, serveSite, type Answering } from './serving.ts'
import { cacheStatusOf, NO_ROWS, reload, rowsOnDisk, standOn, TIERS } from './standing.ts'

const site = serveSite()
const MINUTE = { 'Cache-Control': 'max-age=60' }

const noise = (size: number): Uint8Array<ArrayBuffer> => new Uint8Array(size).map((_, place) => (place * 7919) >>> 3)

const isSame = (one: ArrayBuffer, other: Uint8Array): boolean => Buffer.from(one).equals(other)

/** Answers that break off: the first of a page, those after it are whole. */
const CUT: readonly (readonly [how: string, answer: Answering])[] = [
  ['less than its Content-Length', (_visit, response) => void response.writeHead(200, { ...MINUTE, 'Content-Length': '100' }).write('part', () => response.destroy())],
  ['chunks without an end', (_visit, response) => void response.writeHead(200, MINUTE).write('part', () => response.destroy())],
  ['chunks without an end, after much', (_visit, response) => void response.writeHead(200, MINUTE).write(noise(300_000), () => response.destroy())],
  ['nothing of what its length announces', (_visit, response) => void (response.writeHead(200, { ...MINUTE, 'Content-Length': '4' }).flushHeaders(), response.destroy())],
]

describe.each(TIERS)('$title', (arrangement) => {
  test.each(CUT)('%s: the caller hears of it, and it is not stored', async (_how, answer) => {
    const standing = standOn(placeOf(arrangement))
    const page = site.page((visit, response) => (visit.number === 1 && typeof answer === 'function' ? answer(visit, response) : { fields: MINUTE, body: 'whole' }))
    await expect(standing.text(page.url)).rejects.toThrow(TypeError)
    if (arrangement.second === 'indexeddb') expect(await rowsOnDisk(standing)).toEqual(NO_ROWS)
    expect(await standing.text(page.url)).toBe('whole')
    expect(page.visits()).toHaveLength(2)
  })

  test('one that breaks off does not take the place of what is stored', async () => {
    const place = placeOf(arrangement)
    const standing = standOn(place)
    const page = site.page({ fields: { ...MINUTE, ETag: '"1"' }, body: 'whole' })
    await standing.text(page.url)
    place.clock.advance(61_000)
    page.answer = CUT[1]![1]
    await expect(standing.text(page.url)).rejects.toThrow(TypeError)
    page.answer = (_visit, response) => void response.destroy()
    expect(await standing.ask(page.url)).toEqual(['whole', 'fwd=stale; detail=offline'])
  })

  test.each([0, 1, 2, 255, 65_536, 1_000_003])('%i bytes come as they are, from the network, from the cache and after a reload', async (size) => {
    const place = placeOf(arrangement)
    const standing = standOn(place)
    const body = noise(size)
    const page = site.page({ fields: { ...MINUTE, 'Content-Type': 'application/octet-stream' }, body })
    const first = await standing.fetch(page.url)
    expect(isSame(await first.arrayBuffer(), body)).toBe(true)
    const second = await standing.fetch(page.url)
    expect(cacheStatusOf(second)).toBe('hit; ttl=60')
    expect(isSame(await second.arrayBuffer(), body)).toBe(true)
    expect([second.headers.get('content-length'), second.headers.get('content-type')]).toEqual([String(size), 'application/octet-stream'])
    if (arrangement.second === 'nothing') return
    const last = await reload(place, standing)
    expect(isSame(await (await last.fetch(page.url)).arrayBuffer(), body)).toBe(true)
    expect(page.visits()).toHaveLength(1)
  })

  test.each([204, 404, 410, 203, 300, 501])('status %i is stored with its text and body', async (status) => {
    const standing = standOn(placeOf(arrangement))
    const page = site.page({ status, fields: { ...MINUTE, 'X-Own': 'yes' }, body: 'body' })
    const first = await standing.fetch(page.url)
    await first.text()
    const second = await standing.fetch(page.url)
    expect(cacheStatusOf(second)).toBe('hit; ttl=60')
    expect([second.status, second.statusText, second.ok, second.url, second.headers.get('x-own')]).toEqual([status, first.statusText, first.ok, first.url, 'yes'])
    expect(second.body === null).toBe(status === 204)
    expect(await second.text()).toBe(status === 204 ? '' : 'body')
  })

  test('what a caller does with the bytes it got changes nothing for others', async () => {
    const { fetch, text } = standOn(placeOf(arrangement))
    const page = site.page({ fields: MINUTE, body: 'untouched' })
    for (const _round of [1, 2, 3]) {
      new Uint8Array(await (await fetch(page.url)).arrayBuffer()).fill(0)
      const reader = (await fetch(page.url)).body!.getReader()
      for (let chunk = await reader.read(); !chunk.done; chunk = await reader.read()) chunk.value.fill(0)
      const [one, other] = (await fetch(page.url)).body!.tee()
      for await (const chunk of one as unknown as AsyncIterable<Uint8Array>) chunk.fill(0)
      await other.cancel()
    }
    expect(await text(page.url)).toBe('untouched')
    expect(page.visits()).toHaveLength(1)
  })

  test('what the first caller does with chunks as they come changes nothing of what is stored', async () => {
    const { fetch, text } = standOn(placeOf(arrangement))
    const page = site.page({ fields: MINUTE, body: 'untouched' })
    for await (const chunk of (await fetch(page.url)).body as unknown as AsyncIterable<Uint8Array>) chunk.fill(0)
    expect(await text(page.url)).toBe('untouched')
    expect(page.visits()).toHaveLength(1)
  })

  test('what a caller does with the fields of a response changes nothing for others', async () => {
    const { fetch } = standOn(placeOf(arrangement))
    const page = site.page({ fields: { ...MINUTE, 'X-Own': 'yes' } })
    for (const _round of [1, 2]) {
      const { headers } = await fetch(page.url)
      headers.set('x-own', 'no')
      headers.delete('cache-control')
    }
    expect((await fetch(page.url)).headers.get('x-own')).toBe('yes')
  })

  test('a coding that was undone by fetch is no cut: the length of what came over the wire does not count', async () => {
    const { ask } = standOn(placeOf(arrangement))
    const { gzipSync } = await import('node:zlib')
    const page = site.page({ fields: { ...MINUTE, 'Content-Encoding': 'gzip' }, body: gzipSync('long '.repeat(1_000)) })
    expect((await ask(page.url))[0]).toBe('long '.repeat(1_000))
    expect(await ask(page.url)).toEqual(['long '.repeat(1_000), 'hit; ttl=60'])
  })
})

test('5 MiB are stored, and one byte more is not', async () => {
  const standing = standOn(placeOf(TWO_TIERS))
  for (const [more, stored] of [[0, true], [1, false]] as const) {
    const body = noise(5 * 2 ** 20 + more)
    const page = site.page({ fields: MINUTE, body })
    for (const _round of [1, 2]) expect(isSame(await (await standing.fetch(page.url)).arrayBuffer(), body)).toBe(true)
    expect(page.visits()).toHaveLength(stored ? 1 : 2)
  }
})

describe('a body over maxBodyBytes', () => {
  test.each<[string, Record<string, string>]>([
    ['announced', { 'Content-Length': '1001' }],
    ['not announced', { 'Transfer-Encoding': 'chunked' }],
  ])('whose length is %s passes whole and is not stored', async (_how, fields) => {
    const standing = standOn(placeOf(TWO_TIERS), { maxBodyBytes: 1000 })
    const page = site.page({ fields: { ...MINUTE, ...fields }, body: noise(1001) })
    for (const _round of [1, 2]) expect(isSame(await (await standing.fetch(page.url)).arrayBuffer(), noise(1001))).toBe(true)
    expect(page.visits()).toHaveLength(2)
    expect(await rowsOnDisk(standing)).toEqual(NO_ROWS)
  })

  test('of which there are many, each passes to whoever asks at once', async () => {
    const { fetch } = standOn(placeOf(TWO_TIERS), { maxBodyBytes: 1000 })
    const page = site.page({ fields: { ...MINUTE, 'Transfer-Encoding': 'chunked' }, body: noise(100_000) })
    const bodies = await Promise.all([1, 2, 3].map(async () => (await fetch(page.url)).arrayBuffer()))
    expect(bodies.every((body) => isSame(body, noise(100_000)))).toBe(true)
  })

  test.each([['announced', true], ['not announced', false]])('whose length is %s comes at the pace of its reader: no more than the limit is read ahead', async (_how, announced) => {
    const chunk = 100_000
    let pulled = 0
    const endless = async (): Promise<Response> => {
      const body = new ReadableStream({ pull: (controller) => (pulled++ < 1_000 ? controller.enqueue(new Uint8Array(chunk)) : controller.close()) }, { highWaterMark: 0 })
      return new Response(body, { headers: { ...MINUTE, ...(announced && { 'Content-Length': String(1_000 * chunk) }) } })
    }
    const { fetch } = standOn(placeOf(TWO_TIERS), { maxBodyBytes: 5 * chunk, fetch: endless })
    const response = await fetch('http://origin.test/')
    const { body } = response
    await turns()
    expect(pulled).toBeLessThanOrEqual(announced ? 3 : 5 + 5)
    if (announced) expect(cacheStatusOf(response)).toBe('fwd=uri-miss')
    const reader = body!.getReader()
    for (let read = 0; read < 50; read++) await reader.read()
    await turns()
    expect(pulled).toBeLessThanOrEqual(50 + 10)
    await reader.cancel()
    await turns()
    expect(pulled, 'and it ends with its reader').toBeLessThanOrEqual(50 + 10)
  })

  test('0: nothing but empty bodies is stored', async () => {
    const standing = standOn(placeOf(TWO_TIERS), { maxBodyBytes: 0 })
    const [empty, full] = [site.page({ fields: MINUTE }), site.page(FRESH)]
    for (const _round of [1, 2]) for (const page of [empty, full]) await standing.text(page.url)
    expect([empty.visits().length, full.visits().length]).toEqual([1, 2])
  })
})

test('a body that ends well, with less than its Content-Length, is not stored', async () => {
  let visits = 0
  const standing = standOn(placeOf(TWO_TIERS), { fetch: async () => (visits++, new Response(noise(4), { headers: { ...MINUTE, 'Content-Length': '5' } })) })
  for (const _round of [1, 2]) expect((await (await standing.fetch('http://origin.test/')).arrayBuffer()).byteLength).toBe(4)
  expect(visits).toBe(2)
  expect(await rowsOnDisk(standing)).toEqual(NO_ROWS)
})

test('an encoded body of another origin, which shows its length on the wire and not its encoding, is stored', async () => {
  let visits = 0
  const standing = standOn(placeOf(TWO_TIERS), { fetch: async () => (visits++, new Response(noise(6), { headers: { ...MINUTE, 'Content-Length': '5' } })) })
  for (const _round of [1, 2]) expect((await (await standing.fetch('http://origin.test/')).arrayBuffer()).byteLength).toBe(6)
  expect(visits).toBe(1)
})

test.each<[what: string, use: (chunk: Uint8Array<ArrayBuffer>) => void]>([
  ['writes into', (chunk) => void chunk.fill(0)],
  ['gives away', (chunk) => void structuredClone(chunk, { transfer: [chunk.buffer] })],
])('chunks that a reader %s are stored as they came', async (_what, use) => {
  const parts = ['one ', 'two ', 'three'].map((part) => Buffer.from(part))
  const body = new ReadableStream({ pull: (controller) => (parts.length ? controller.enqueue(parts.shift()) : controller.close()) })
  const standing = standOn(placeOf(TWO_TIERS), { fetch: async () => new Response(body, { headers: MINUTE }) })
  const reader = (await standing.fetch('http://origin.test/')).body!.getReader()
  for (let read = await reader.read(); !read.done; read = await reader.read()) use(read.value)
  expect(await standing.text('http://origin.test/')).toBe('one two three')
})

test.each(['text/event-stream; charset=utf-8', 'Text/Event-Stream'])('a stream of events (%s) comes as it is sent, and is not stored', async (type) => {
  const standing = standOn(placeOf(TWO_TIERS))
  const gate = deferred()
  const page = site.page(async (_visit, response) => {
    response.writeHead(200, { ...MINUTE, 'Content-Type': type }).write('data: 1\n\n')
    await gate.promise
    response.end('data: 2\n\n')
  })
  const { body } = await standing.fetch(page.url)
  const reader = body!.pipeThrough(new TextDecoderStream()).getReader()
  expect((await reader.read()).value).toBe('data: 1\n\n')
  gate.resolve()
  expect((await reader.read()).value).toBe('data: 2\n\n')
  expect((await reader.read()).done).toBe(true)
  expect(await rowsOnDisk(standing)).toEqual(NO_ROWS)
})

test('a body that is stored comes as it is sent, too; its end comes when it is stored', async () => {
  const standing = standOn(placeOf(TWO_TIERS))
  const gate = deferred()
  const page = site.page(async (_visit, response) => {
    response.writeHead(200, MINUTE).write('one')
    await gate.promise
    response.end('two')
  })
  const reader = (await standing.fetch(page.url)).body!.pipeThrough(new TextDecoderStream()).getReader()
  expect((await reader.read()).value).toBe('one')
  gate.resolve()
  expect((await reader.read()).value).toBe('two')
  expect((await reader.read()).done).toBe(true)
  expect(await standing.ask(page.url)).toEqual(['onetwo', 'hit; ttl=60'])
})

test('what is stored does not answer a request with integrity: fetch checks it', async () => {
  const { fetch, text } = standOn(placeOf(TWO_TIERS))
  const page = site.page(FRESH)
  await text(page.url)
  await expect(fetch(page.url, { integrity: `sha256-${'A'.repeat(43)}=` })).rejects.toThrow(TypeError)
})

test.each([['UTF-8', 'Успех', 'utf8'], ['Latin-1', 'Grüße', 'latin1'], ['ASCII, with DEL', 'O\x7fK', 'latin1']] as const)('a status text in %s is no fault', async (_what, phrase, encoding) => {
  const { text } = standOn(placeOf(TWO_TIERS))
  const page = site.page((_visit, response) => {
    response.socket!.end(Buffer.concat([Buffer.from('HTTP/1.1 200 '), Buffer.from(phrase, encoding), Buffer.from('\r\nContent-Length: 1\r\nCache-Control: max-age=60\r\n\r\nx')]))
  })
  expect([await text(page.url), await text(page.url), await text(page.url, { method: 'POST', body: 'y' })]).toEqual(['x', 'x', 'x'])
})

test('a clone keeps its body, whatever is collected', async () => {
  const { fetch } = standOn(placeOf(MEMORY_ALONE))
  const page = site.page(FRESH)
  const response = await fetch(page.url)
  const copy = response.clone()
  await response.text()
  for (let n = 0; n < 5; n++) await collect()
  expect(await copy.text()).toBe('v1')
  const hit = await fetch(page.url)
  const other = hit.clone()
  for (let n = 0; n < 5; n++) await collect()
  expect(await other.text()).toBe('v1')
  expect(await hit.text()).toBe('v1')
})

test('a signal that lives on holds no body that nobody has any more', async () => {
  const { fetch } = standOn(placeOf(MEMORY_ALONE), {}, placeOf(MEMORY_ALONE).open({ maxEntries: 2 }))
  const page = site.page({ fields: MINUTE, body: 'x'.repeat(1_000_000) })
  const { signal } = new AbortController()
  const before = await heapBytes()
  for (let number = 0; number < 30; number++) {
    await fetch(`${page.url}/${number}`, { signal })
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
  for (let round = 0; round < 10; round++) await collect()
  expect((await heapBytes()) - before).toBeLessThan(15_000_000)
})

// The demo's server: HTTP as its client may rely on it. It is asked without a network.

import { expect, test } from 'vitest'
import { createApi, type EditStore } from '../../demo/server/api.ts'
import type { ApiProblem, Icon, IconDetails, IconPage } from '../../demo/server/protocol.ts'
import { ORDERS_HEADER } from '../../demo/server/protocol.ts'

const ICONS: readonly Icon[] = Array.from({ length: 30 }, (_, index) => {
  const name = `icon${index + 1}`
  return { slug: name, title: name.toUpperCase(), hex: '146c4b', source: 'https://example.com', aliases: index === 6 ? ['Seven'] : [] }
})

function startServer() {
  const edits = new Map<string, Awaited<ReturnType<EditStore['read']>>>()
  const store: EditStore = { read: async (user) => edits.get(user) ?? {}, write: async (user, own) => void edits.set(user, own) }
  const api = createApi({ readIcons: async () => ICONS, edits: store, latency: [0, 0], maxDelay: 0 })
  return async (path: string, { user = 'ada', headers, ...init }: { user?: string; headers?: Record<string, string> } & Omit<RequestInit, 'headers'> = {}) => {
    const request = new Request(`http://demo.invalid/api/${path}`, { ...init, headers: { authorization: `Bearer ${user}`, ...headers } })
    return api(request, new URL(request.url).pathname.slice('/api/'.length))
  }
}

const edit = (title: string) => ({ method: 'PATCH', body: JSON.stringify({ title, notes: 'noted' }) })

test('a list comes in pages, and is found by title, slug and alias', async () => {
  const ask = startServer()
  const read = async (query: string) => (await (await ask(`icons${query}`)).json()) as IconPage
  expect(await read('')).toMatchObject({ total: 30, page: 1, pages: 2, items: { length: 24 } })
  expect((await read('?page=2')).items.map(({ slug }) => slug)).toEqual(['icon25', 'icon26', 'icon27', 'icon28', 'icon29', 'icon30'])
  expect((await read('?search=seven')).items).toEqual([{ slug: 'icon7', title: 'ICON7', hex: '146c4b' }])
})

test('an answer says how long it is fresh, and has a validator that it is asked about by', async () => {
  const ask = startServer()
  const first = await ask('icons/icon1')
  expect(first.headers.get('cache-control')).toBe('private, max-age=30, stale-while-revalidate=300, stale-if-error=86400')
  const headers = { 'if-none-match': first.headers.get('etag')! }
  expect((await ask('icons/icon1', { headers })).status).toBe(304)
  await ask('icons/icon1', edit('Renamed'))
  const changed = await ask('icons/icon1', { headers })
  expect(changed.status).toBe(200)
  expect(changed.headers.get('etag')).not.toBe(first.headers.get('etag'))
})

test('an edit is its user’s alone, and invalidates the group of all lists', async () => {
  const ask = startServer()
  expect((await ask('icons')).headers.get('cache-groups')).toBe('"lists"')
  const saved = await ask('icons/icon1', edit('Renamed'))
  expect([saved.status, saved.headers.get('cache-group-invalidation'), saved.headers.get('cache-control')]).toEqual([200, '"lists"', 'no-store'])
  const titles = async (user: string) => ((await (await ask('icons?search=renamed', { user })).json()) as IconPage).items.map(({ title }) => title)
  expect(await titles('ada')).toEqual(['Renamed'])
  expect(await titles('ben')).toEqual([])
  expect((await (await ask('icons/icon1')).json()) as IconDetails).toMatchObject({ title: 'Renamed', notes: 'noted' })
})

test('an edit of what was changed meanwhile is refused', async () => {
  const ask = startServer()
  const headers = { 'if-match': (await ask('icons/icon1')).headers.get('etag')! }
  expect((await ask('icons/icon1', { ...edit('First'), headers })).status).toBe(200)
  expect((await ask('icons/icon1', { ...edit('Second'), headers })).status).toBe(412)
})

test.each([
  ['icons?page=0', {}, 400, 'bad-page'],
  ['icons?page=99999999', {}, 404, 'no-such-page'],
  [`icons?search=${'x'.repeat(101)}`, {}, 400, 'bad-search'],
  ['icons/%zz', {}, 400, 'bad-slug'],
  ['icons/no-such-icon', {}, 404, 'no-such-icon'],
  ['nothing', {}, 404, 'not-found'],
  ['icons', { method: 'POST' }, 405, 'method-not-allowed'],
  ['icons', { user: 'eve' }, 401, 'unauthorized'],
  ['icons/icon1', { method: 'PATCH', body: '{' }, 400, 'bad-json'],
  ['icons/icon1', edit(' '), 422, 'bad-title'],
  ['icons', { headers: { [ORDERS_HEADER]: 'status=503' } }, 503, 'unwell'],
] as const)('%s is answered by a problem that is never stored', async (path, init, status, code) => {
  const response = await startServer()(path, init)
  const { error } = (await response.json()) as ApiProblem
  expect([response.status, error.code, response.headers.get('cache-control')]).toEqual([status, code, 'no-store'])
})

test('obeys orders: how long it is fresh, by which clock, and whether it answers at all; a long delay is cut', async () => {
  const ask = startServer()
  const headers = { [ORDERS_HEADER]: 'maxAge=5, clock=3600000, delay=60000' }
  const response = await ask('icons', { headers })
  expect(response.headers.get('cache-control')).toMatch('max-age=5,')
  expect(Date.parse(response.headers.get('date')!) - Date.now()).toBeGreaterThan(3_590_000)
  expect((await ask('icons', { headers: { [ORDERS_HEADER]: 'offline=1' } })).type).toBe('error')
})

test('counts what it is asked, but not for the count', async () => {
  const ask = startServer()
  await ask('icons')
  await ask('requests')
  expect(await (await ask('requests')).json()).toEqual({ requests: 1 })
})

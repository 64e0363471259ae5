// The six modes of Request.cache, as "HTTP-network-or-cache fetch" of the Fetch standard has them: whether the origin is
// asked, with which fields, what the caller gets and what is stored afterwards.

import { describe, expect, test } from 'vitest'
import { MEMORY, RELOAD } from './arrangements.ts'
import { asking, type Held } from './asking.ts'
import { cacheFields, validatorOf, type Validator } from './versions.ts'

type Asks = 'nobody' | 'plainly' | 'conditionally'

interface Rule {
  readonly mode: RequestCache
  readonly held: Held
  readonly asks: Asks
  /** Whether what the origin answers is stored. */
  readonly stores: boolean
}

const MODES: readonly RequestCache[] = ['default', 'no-store', 'reload', 'no-cache', 'force-cache', 'only-if-cached']
const HELD: readonly Held[] = ['nothing', 'fresh', 'gone stale', 'stale on arrival', 'without a lifetime']
const VALIDATORS: readonly Validator[] = ['ETag', 'Last-Modified']

/** What a mode adds to a request for the sake of caches on the way. */
const ADDED: Readonly<Record<RequestCache, { pragma?: string; 'cache-control'?: string }>> = {
  default: {},
  'no-store': { pragma: 'no-cache', 'cache-control': 'no-cache' },
  reload: { pragma: 'no-cache', 'cache-control': 'no-cache' },
  'no-cache': { 'cache-control': 'max-age=0' },
  'force-cache': {},
  'only-if-cached': {},
}

function asksOf(mode: RequestCache, held: Held): Asks {
  if (mode === 'no-store' || mode === 'reload') return 'plainly'
  if (mode === 'only-if-cached') return 'nobody'
  if (held === 'nothing') return 'plainly'
  if (mode === 'no-cache') return 'conditionally'
  return mode === 'force-cache' || held === 'fresh' ? 'nobody' : 'conditionally'
}

const RULES: readonly Rule[] = MODES.flatMap((mode) =>
  HELD.map((held) => {
    const asks = asksOf(mode, held)
    return { mode, held, asks, stores: asks !== 'nobody' && mode !== 'no-store' }
  }),
)

const NAMED = RULES.map((rule) => [rule.mode, rule.held, rule.asks, rule] as const)

describe.each([MEMORY, RELOAD])('$title', (arrangement) => {
  describe.each(VALIDATORS)('%s', (validator) => {
    const condition = validator === 'ETag' ? 'if-none-match' : 'if-modified-since'

    test.each(NAMED)('%s with %s asks %s', async (mode, held, asks) => {
      const { clock, resource, ask } = await asking(arrangement, validator, held)
      resource.version = 2
      const outcome = await ask(mode).catch((error: unknown) => error)
      if (asks === 'nobody' && held === 'nothing') expect(outcome).toBeInstanceOf(TypeError)
      else expect(outcome).toEqual({ status: 200, text: asks === 'nobody' ? 'v1' : 'v2' })
      const fields = asks === 'conditionally' ? { ...ADDED[mode], [condition]: validatorOf(validator, 1, clock.time) } : ADDED[mode]
      expect(resource.visits().map(cacheFields)).toEqual(asks === 'nobody' ? [] : [fields])
    })

    test.each(NAMED)('%s with %s: what is stored afterwards', async (mode, held, asks, { stores }) => {
      const { resource, ask, stored } = await asking(arrangement, validator, held)
      resource.version = 2
      await ask(mode).catch(() => {})
      expect(await stored()).toBe(stores ? 'v2' : held === 'nothing' ? undefined : 'v1')
      resource.visits()
      if (stores) expect(await ask('default'), 'it is fresh').toEqual({ status: 200, text: 'v2' })
      if (stores) expect(resource.visits(), asks).toEqual([])
    })

    test.each(NAMED.filter(([, , asks]) => asks === 'conditionally'))('%s with %s that is still right: it is fresh again', async (mode, held) => {
      const { resource, ask } = await asking(arrangement, validator, held)
      expect(await ask(mode)).toEqual({ status: 200, text: 'v1' })
      expect(resource.visits()).toHaveLength(1)
      expect(await ask('default')).toEqual({ status: 200, text: 'v1' })
      expect(resource.visits()).toEqual([])
    })
  })

  test.each(MODES)('%s may come with a Request, and that of the init goes before it', async (mode) => {
    const { resource, ask } = await asking(arrangement, 'ETag', 'fresh')
    await ask(mode)
    const visits = resource.visits().map(cacheFields)
    const other = await asking(arrangement, 'ETag', 'fresh')
    const request = (cache: RequestCache): Request => new Request(other.resource.url, { cache, mode: 'same-origin' })
    await other.fetch(request(mode)).then((response) => response.text())
    expect(other.resource.visits().map(cacheFields), 'of a Request').toEqual(visits)
    const third = await asking(arrangement, 'ETag', 'fresh')
    const opposite = mode === 'reload' ? 'force-cache' : 'reload'
    await third.fetch(new Request(third.resource.url, { cache: opposite, mode: 'same-origin' }), { cache: mode }).then((response) => response.text())
    expect(third.resource.visits().map(cacheFields), 'of the init').toEqual(visits)
  })

  test.each(['no-store', 'reload', 'no-cache'] as const)('%s with an origin out of reach rejects, whatever is stored', async (mode) => {
    const { resource, ask, stored } = await asking(arrangement, 'ETag', 'fresh')
    resource.reachable = false
    await expect(ask(mode)).rejects.toThrow(TypeError)
    expect(await stored(), 'and it stays').toBe('v1')
  })

  test.each(['force-cache', 'only-if-cached'] as const)('%s serves what may not be used stale without asking otherwise', async (mode) => {
    const { resource, ask } = await asking(arrangement, 'ETag', 'gone stale', { 'Cache-Control': 'max-age=60, must-revalidate' })
    resource.version = 2
    expect(await ask(mode)).toEqual({ status: 200, text: 'v1' })
    expect(resource.visits()).toEqual([])
  })

  test.each(MODES)('%s stores nothing that says no-store', async (mode) => {
    const { ask, stored } = await asking(arrangement, 'ETag', 'nothing', { 'Cache-Control': 'no-store' })
    await ask(mode).catch(() => {})
    expect(await stored()).toBeUndefined()
  })

  test.each(['default', 'no-store', 'reload', 'no-cache', 'force-cache'] as const)('%s lets an unsafe request through', async (mode) => {
    const { resource, ask } = await asking(arrangement, 'ETag', 'fresh')
    expect(await ask(mode, { method: 'POST', body: 'x' })).toEqual({ status: 200, text: 'v1' })
    expect(resource.visits().map(({ method }) => method)).toEqual(['POST'])
    if (mode === 'no-store') return
    await ask('default')
    expect(resource.visits(), 'and what was stored is asked about').toHaveLength(1)
  })
})

// The error of the domain, and what becomes of what listeners of an app throw.

import { afterEach, describe, expect, it, vi } from 'vitest'
import { CacheError } from '../src/index.ts'
import { call } from '../src/errors.ts'
import { turns } from './helpers/deferred.ts'

describe('CacheError', () => {
  it('has what it is made with; one call, unless it is told of more', () => {
    const cause = new Error('why')
    expect(new CacheError('closed', 'Cannot use cache')).toMatchObject({ name: 'CacheError', code: 'closed', message: 'Cannot use cache', count: 1 })
    expect(new CacheError('read-failed', 'Cannot read', { key: 'a', cause, count: 3 })).toMatchObject({ key: 'a', cause, count: 3 })
    expect(new CacheError('read-failed', 'Cannot read', { key: undefined, count: undefined })).toMatchObject({ key: undefined, count: 1 })
  })
})

describe('a listener of the app', () => {
  const mistake = new Error('of the app')

  afterEach(() => {
    vi.unstubAllGlobals()
  })

  it.each<[what: string, listener: () => unknown]>([
    ['throws', () => { throw mistake }],
    ['rejects', async () => { throw mistake }],
    ['rejects later', () => turns(1).then(() => { throw mistake })],
  ])('that %s is reported, outside the operation', async (_what, listener) => {
    const report = vi.fn()
    vi.stubGlobal('reportError', report)
    call(listener, [])
    expect(report).not.toHaveBeenCalled()
    await turns()
    expect(report.mock.calls).toEqual([[mistake]])
  })

  it.each([undefined, null, 5, 'text', {}, Promise.resolve()])('that returns %o is fine', async (result) => {
    const report = vi.fn()
    vi.stubGlobal('reportError', report)
    call(() => result, [])
    await turns()
    expect(report).not.toHaveBeenCalled()
  })
})

// What tabs tell each other of a transaction that changed very many keys.

import { afterEach, expect, it, vi } from 'vitest'
import type { Change } from '../../src/index.ts'
import { joinTabs } from '../../src/coherence/tabs.ts'
import { turns } from '../helpers/deferred.ts'
import { Network } from './support/channel.ts'

afterEach(() => {
  vi.useRealTimers()
  vi.unstubAllGlobals()
})

it('a commit of 200,000 changes is told whole, in one message', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  new Network().install()
  const peer = { onChanges: vi.fn(), onDestroy() {}, onHide() {}, onShow() {} }
  const [one, other] = [joinTabs('shop', 'database', { ...peer, onChanges() {} }), joinTabs('shop', 'database', peer)]
  const changes = Array.from({ length: 200_000 }, (_, id): Change => ({ type: 'set', key: `k${id}` }))
  one.post(changes, 1)
  await vi.advanceTimersByTimeAsync(5)
  await turns()
  expect(peer.onChanges.mock.calls).toEqual([[changes, [1]]])
  one.close()
  other.close()
})

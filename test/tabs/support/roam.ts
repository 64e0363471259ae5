// One tab's part in a history: random operations on a shared cache, with values that nobody else writes, and a log of what
// was asked and answered when. Runs in the page; history.ts judges the logs of all tabs together.

import { random } from '../../helpers/property.ts'
import type { Step } from '../history.ts'
import type { Side } from './side.ts'

export interface RoamOptions {
  readonly seed: number
  readonly operations: number
  /** Their parts before the slash are the prefixes that are deleted. */
  readonly keys: readonly string[]
  /** The keys that this tab changes most of the time; without any, it only reads. */
  readonly own: readonly string[]
}

type Operation = 'set' | 'get' | 'peek' | 'delete' | 'deletePrefix' | 'clear'

/** Operations and how often each is done; the rest are gets. */
const SHARES: readonly (readonly [Operation, number])[] = [['set', 0.2], ['peek', 0.2], ['delete', 0.05], ['deletePrefix', 0.01], ['clear', 0.002]]
/** Part of the operations that the next one does not wait for. */
const HASTE = 0.3
/** ms of the longest pause between two operations. */
const PAUSE_MS = 20

/** Does random operations and logs them, and each event it is told; some events make it read the key at once. */
export async function roam({ cache, tab }: Side, { seed, operations, keys, own }: RoamOptions): Promise<Step[]> {
  const next = random(seed)
  const shares = SHARES.filter(([operation]) => operation === 'peek' || own.length > 0)
  const steps: Step[] = []
  const running: Promise<unknown>[] = []
  let order = 0
  let values = 0

  const log = async (what: Step['what'], scope: Pick<Step, 'key' | 'prefix'>, value: string | undefined, run: () => unknown): Promise<void> => {
    const step: Step = { tab, what, ...scope, begun: Date.now(), from: order++, ended: Infinity, to: Infinity, ...(value !== undefined && { value }) }
    steps.push(step)
    const result = await run()
    if (typeof result === 'string') step.value = result
    Object.assign(step, { ended: Date.now(), to: order++ })
  }
  const get = (key: string) => log('get', { key }, undefined, () => cache.get(key))
  const operate = (operation: Operation): Promise<void> => {
    const changing = operation === 'set' || operation === 'delete'
    const choice = changing && next() < 0.8 ? own : keys
    const key = choice[Math.floor(choice.length * next())]!
    const prefix = key.slice(0, key.indexOf('/') + 1)
    switch (operation) {
      case 'get':
        return get(key)
      case 'peek': {
        const at = { begun: Date.now(), from: order++ }
        const value = cache.peek(key) as string | undefined
        steps.push({ tab, what: 'peek', key, ...at, ended: at.begun, to: order++, ...(value !== undefined && { value }) })
        return Promise.resolve()
      }
      case 'set': {
        const value = `${tab} ${++values}`
        return log('set', { key }, value, () => cache.set(key, value))
      }
      case 'delete':
        return log('delete', { key }, undefined, () => cache.delete(key))
      case 'deletePrefix':
        return log('deletePrefix', { prefix }, undefined, () => cache.deletePrefix(prefix))
      case 'clear':
        return log('deletePrefix', { prefix: '' }, undefined, () => cache.clear())
    }
  }

  const stop = cache.subscribe((event) => {
    if (event.local || !('key' in event || 'prefix' in event)) return
    const at = { begun: Date.now(), ended: Date.now(), from: order, to: order++ }
    const scope = 'key' in event ? { key: event.key } : { prefix: event.prefix }
    steps.push({ tab, what: 'event', of: event.type as Required<Step>['of'], ...scope, ...at })
    const affected = keys.filter((key) => ('key' in event ? key === event.key : key.startsWith(event.prefix)))
    if (next() < 0.5 && affected.length > 0) running.push(get(affected[Math.floor(affected.length * next())]!))
  })
  for (let done = 0; done < operations; done++) {
    let dice = next()
    const [operation] = shares.find(([, share]) => (dice -= share) < 0) ?? ['get']
    const operating = operate(operation)
    running.push(operating)
    if (next() >= HASTE) await operating
    if (next() < 0.5) await new Promise((resolve) => setTimeout(resolve, PAUSE_MS * next()))
  }
  await Promise.all(running)
  // What the others did last still arrives.
  await new Promise((resolve) => setTimeout(resolve, 300))
  stop()
  await Promise.all(running)
  return steps
}

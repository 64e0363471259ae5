// What happens in a second of the cache's clock. Writes of a second are to different keys, and reads come after them, so
// that the model knows the answer of each.

import type { Cache } from '../../../../src/index.ts'
import type { Integers } from '../page/workload.ts'
import { isTagged, keyOf, nameOfTag, tagsOf, type Model } from './model.ts'

export interface World {
  readonly cache: Cache<string>
  readonly model: Model
  readonly keys: number
  readonly integer: Integers
  /** The cache's clock. */
  now: number
  /** Gets that found a value, and those that could have. */
  found: number
  possible: number
}

const SECOND_MS = 1_000
const MINUTE_MS = 60_000
const PUTS_AT_ONCE = 1_000
/** Seconds between deletes of a tag. */
const TAG_EVERY = 30

/** Calls in a second. */
const SETS = 80
const SETS_OF_MANY = 40
const DELETES = 3
const TOUCHES = 5
const GETS = 60
const LOADS = 10

/** Stores the first `count` keys. */
export async function fill({ cache, model, integer, now }: World, count: number): Promise<void> {
  for (let start = 0; start < count; start += PUTS_AT_ONCE) {
    const indexes = Array.from({ length: Math.min(PUTS_AT_ONCE, count - start) }, (_, offset) => start + offset)
    await Promise.all(
      indexes.map((index) => {
        const ttl = 8 * MINUTE_MS + integer(52 * MINUTE_MS)
        return cache.set(keyOf(index), model.write(index, now + ttl), { ttl, tags: tagsOf(index) })
      }),
    )
  }
}

/** @returns ms of one set that is awaited alone */
export async function write(world: World, second: number): Promise<number> {
  const { cache, model, now } = world
  const [alone, ...others] = pick(world, 1 + SETS + SETS_OF_MANY + DELETES + TOUCHES)
  const set = (index: number) => {
    const ttl = createTtl(world)
    return cache.set(keyOf(index), model.write(index, now + ttl), { ttl, tags: tagsOf(index) })
  }
  const start = performance.now()
  await set(alone!)
  const ms = performance.now() - start

  const ttl = createTtl(world)
  // Tags would be those of all.
  const many = others.splice(0, SETS_OF_MANY).filter((index) => !isTagged(index))
  await Promise.all([
    cache.setMany(many.map((index) => [keyOf(index), model.write(index, now + ttl)]), { ttl }),
    ...others.splice(0, DELETES).map(async (index) => {
      model.remove(index)
      await cache.delete(keyOf(index))
    }),
    ...others.splice(0, TOUCHES).map(async (index) => {
      const touched = await cache.touch(keyOf(index), ttl)
      if (touched) model.touch(index, now, now + ttl)
    }),
    ...others.map(set),
  ])
  if (second % TAG_EVERY === 0) {
    const tag = second / TAG_EVERY
    model.removeTag(tag)
    await cache.deleteTag(nameOfTag(tag))
  }
  return ms
}

/** @returns ms of one get of what is not in memory, awaited alone */
export async function read(world: World): Promise<number> {
  const { cache, model, now } = world
  const get = async (index: number) => {
    world.possible += Number(model.has(index, now))
    const value = await cache.get(keyOf(index))
    world.found += Number(model.check(index, value, now))
  }
  const cold = pickOne(world, (index) => model.has(index, now) && cache.peek(keyOf(index)) === undefined)
  const start = performance.now()
  await get(cold)
  const ms = performance.now() - start

  await Promise.all(pick(world, GETS).map(get))
  await Promise.all(
    pick(world, LOADS).map(async (index) => {
      const ttl = createTtl(world)
      const value = await cache.getOrLoad(keyOf(index), () => model.write(index, now + ttl), { ttl, tags: tagsOf(index) })
      if (!model.check(index, value, now)) throw new Error(`Loaded nothing for ${keyOf(index)}`)
    }),
  )
  return ms
}

function createTtl({ integer }: World): number {
  return SECOND_MS + integer(60 * MINUTE_MS)
}

/** Different keys; half of them of the few that are much used. */
function pick({ keys, integer }: World, count: number): number[] {
  const indexes = new Set<number>()
  while (indexes.size < count) indexes.add(integer(integer(2) === 0 ? keys / 30 : keys))
  return [...indexes]
}

function pickOne({ keys, integer }: World, suits: (index: number) => boolean): number {
  for (;;) {
    const index = integer(keys)
    if (suits(index)) return index
  }
}

// The keys, made before anything is timed. Each is flat, interned and hashed, as a key is that the app has used before: a
// string that still has to be put together or hashed would cost every contestant the same again and blur the differences.

import { createRandom, shuffle } from '../random.ts'
import type { KeyKind } from './plan.ts'

const KEYS_AT_ONCE = 5_000

const formats: Readonly<Record<KeyKind, (index: number, mark: string) => string>> = {
  strings: (_, mark) => `item:${mark}`,
  integers: (index) => String(10_000 + index),
  urls: (_, mark) =>
    `https://api.example.com/v2/organisations/acme-europe/projects/storefront/items/${mark}?fields=id,name,price,stock&locale=en-GB`,
}

/** So many different keys, in a random order. */
export function createKeys(kind: KeyKind, count: number, seed: number): string[] {
  const random = createRandom(seed)
  const digits = Array.from({ length: 2 ** 16 }, (_, number) => number.toString(16).padStart(4, '0'))
  const format = formats[kind]
  const keys: string[] = []
  for (let start = 0; start < count; start += KEYS_AT_ONCE) {
    const names: Record<string, true> = {}
    for (let index = start; index < Math.min(count, start + KEYS_AT_ONCE); index++) {
      // A product with an odd number: no two are alike.
      const spread = Math.imul(index, 0x9e3779b1)
      names[format(index, `${digits[spread >>> 16]}${digits[spread & 0xffff]}${digits[Math.floor(random() * 2 ** 16)]}`)] = true
    }
    // The engine interns the names of properties, and gives them out flat.
    for (const name of Object.keys(names)) keys.push(name)
  }
  return shuffle(keys, random)
}

// What the memory benchmark makes of its figures. The benchmark itself is `npm run bench`.

import { expect, test } from 'vitest'
import { checkAgreement } from './bench/memory/agreement.ts'
import { judge } from './bench/memory/judge.ts'
import { ENTRIES, type Answer, type ContestantName, type Sample } from './bench/memory/plan.ts'

function race(contestant: ContestantName, hits: readonly number[], more: Answer = {}): Sample[] {
  return hits.map((hit, round) => ({
    round,
    task: { type: 'race', contestant, keys: 'strings', entries: ENTRIES, weighted: false, workloads: ['hit'], seed: round },
    answer: { hit, 'hit found': 1_000, 'hit size': ENTRIES, ...more },
  }))
}

function verdictOf(samples: readonly Sample[], words: string) {
  return judge(samples).find(({ name }) => name.includes(words))
}

test.each([
  [1.5, true],
  [1.51, false],
])('a hit of %f times the time of a Map passes: %s', (times, passed) => {
  const samples = [...race('map', [100]), ...race('bestbefore', [100 * times])]
  expect(verdictOf(samples, 'x the time of a Map')).toMatchObject({ value: times, passed })
})

test('ratios are those of one round, and their median counts', () => {
  const samples = [...race('map', [100, 1_000, 10]), ...race('bestbefore', [120, 1_300, 90])]
  expect(verdictOf(samples, 'x the time of a Map')?.value).toBe(1.3)
})

test('the peer is the fastest exact LRU with a ttl, not one without either', () => {
  const peers = [race('lru-cache', [130]), race('tiny-lru', [115]), race('mnemonist', [50]), race('quick-lru', [60])].flat()
  expect(verdictOf([...race('bestbefore', [100]), ...peers], 'exact LRU with a ttl')).toMatchObject({ value: 1.15, note: 'tiny-lru', passed: false })
})

test.each([
  [1.5, true],
  [1.51, false],
])('a response of %f times the time of one made by hand passes: %s', (times, passed) => {
  const samples: Sample[] = [{ round: 0, task: { type: 'http', manner: 'a Request', seed: 0 }, answer: { cachedFetch: times * 100, map: 100 } }]
  expect(verdictOf(samples, 'a Request')).toMatchObject({ value: times, passed })
})

test('what was not measured is not judged', () => {
  expect(judge(race('bestbefore', [100]))).toEqual([])
})

test.each([
  ['exact LRUs that found different values', race('lru-cache', [1], { 'hit found': 999 })],
  ['a cache that holds another number of entries', race('tiny-lru', [1], { 'hit size': ENTRIES + 1 })],
  ['a contestant that tells nothing', race('mnemonist', [1], { 'hit found': NaN })],
])('checkAgreement() throws for %s', (_, other) => {
  expect(() => checkAgreement([...race('bestbefore', [1]), ...other])).toThrow('round 0, hit')
})

test('checkAgreement() takes those that did the same work', () => {
  expect(() => checkAgreement([...race('bestbefore', [1, 2]), ...race('lru-cache', [3, 4])])).not.toThrow()
})

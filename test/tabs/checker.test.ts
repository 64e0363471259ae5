// The history checker itself: what it lets pass, and what it must not.

import { describe, expect, test } from 'vitest'
import { check, type Step } from './history.ts'

/** Steps of a tab in a line such as `set a 1 @100-110`; without an end, it ends where it begins. */
function history(tabs: Readonly<Record<string, readonly string[]>>): Step[] {
  return Object.entries(tabs).flatMap(([tab, lines]) =>
    lines.map((line, place): Step => {
      const [words = '', times = ''] = line.split(' @')
      const [what, scope = '', value] = words.split(' ')
      const [begun = 0, ended = begun] = times.split('-').map((time) => (time === 'never' ? Infinity : Number(time)))
      const [kind, of] = what!.split(':') as [Step['what'], Step['of']?]
      const wide = (of ?? kind) === 'deletePrefix'
      const optional = { ...(wide ? { prefix: scope } : { key: scope }), ...(of && { of }), ...(value !== undefined && { value }) }
      return { tab, what: kind, begun, ended, from: 2 * place, to: 2 * place + 1, ...optional }
    }),
  )
}

describe('passes', () => {
  test.each<[string, Record<string, string[]>]>([
    ['what the other tab has just set', { A: ['set a 1 @0-10'], B: ['get a 1 @11-12'] }],
    ['an old value for a while', { A: ['set a 1 @0-10', 'set a 2 @100-110'], B: ['get a 1 @609-612', 'get a 2 @613-614'] }],
    ['an old value while its change goes on', { A: ['set a 1 @0-10', 'set a 2 @100-never'], B: ['get a 1 @5000-5001'] }],
    ['either of two values set at once', { A: ['set a 1 @0-10'], B: ['set a 2 @5-15'], C: ['get a 1 @900-901'], D: ['get a 2 @900-901'] }],
    ['either order of a set and a removal at once', { A: ['set a 1 @0-10'], B: ['deletePrefix a @5-15'], C: ['get a 1 @900-901'], D: ['get a @900-901'] }],
    ['a value set before its removal was over', { A: ['delete a @0-100'], B: ['set a 1 @50-60'], C: ['get a 1 @2000-2001'] }],
    ['its own unacknowledged value', { A: ['set a 1 @0-10', 'set a 2 @20-never', 'get a 2 @21-22'] }],
    ['nothing after a removal', { A: ['set a 1 @0-10', 'deletePrefix @20-30'], B: ['get a @2000-2001'] }],
    ['a peek at what memory forgot', { A: ['set a 1 @0-10', 'peek a @20'] }],
    ['a change of another key', { A: ['set a 1 @0-10', 'set b 2 @20-30', 'deletePrefix b @40-50'], B: ['get a 1 @2000-2001'] }],
    ['an older value before the event', { A: ['set a 1 @0-10', 'set a 2 @100-110'], B: ['get a 1 @120-121', 'event:set a @122'] }],
    ['an event that may tell of an earlier change', { A: ['set a 1 @0-10', 'set a 2 @100-110'], B: ['event:set a @111', 'get a 1 @112-113'] }],
  ])('%s', (_, tabs) => {
    expect(check(history(tabs))).toEqual([])
  })
})

describe('refuses', () => {
  test.each<[string, string, Record<string, string[]>]>([
    ['an old value after 500 ms', 'acknowledged long before: A: set "a" "2"', { A: ['set a 1 @0-10', 'set a 2 @100-110'], B: ['get a 1 @611-612'] }],
    ['a removed value after 500 ms', 'acknowledged long before: A: delete "a"', { A: ['set a 1 @0-10', 'delete a @100-110'], B: ['get a 1 @611-612'] }],
    ['the same of a peek', 'acknowledged long before', { A: ['set a 1 @0-10', 'deletePrefix a @100-110'], B: ['peek a 1 @611'] }],
    ['what the tab itself has replaced', 'its own tab had already done: A: set "a" "2"', { A: ['set a 1 @0-10', 'set a 2 @20-never', 'get a 1 @21-22'] }],
    ['what the tab itself has removed', 'its own tab had already done: B: deletePrefix ""', { A: ['set a 1 @0-10'], B: ['deletePrefix @20-30', 'get a 1 @21-22'] }],
    ['a step back', 'its own tab had already read: B: get "a" "2"', { A: ['set a 1 @0-10', 'set a 2 @20-30'], B: ['get a 2 @31-32', 'get a 1 @33-34'] }],
    ['a step back in memory', 'its own tab had already read: B: peek "a" "2"', { A: ['set a 1 @0-10', 'set a 2 @20-30'], B: ['peek a 2 @31', 'peek a 1 @33'] }],
    ['what is back after it was gone', 'its own tab had already read: B: get "a"', { A: ['set a 1 @0-10', 'delete a @20-never'], B: ['get a @600-601', 'get a 1 @602-603'] }],
    ['what an event has told to be replaced', 'already been told: B: event of set "a"', { A: ['set a 1 @0-10', 'set a 2 @700-710'], B: ['event:set a @711', 'get a 1 @712-713'] }],
    ['what an event has told to be removed', 'already been told: B: event of deletePrefix "a"', { A: ['set ab 1 @0-10', 'deletePrefix a @20-30'], B: ['event:deletePrefix a @31', 'peek ab 1 @32'] }],
    ['a value that was never set', 'nobody has set it', { A: ['set a 1 @0-10'], B: ['get a 2 @11-12'] }],
    ['the value of another key', 'nobody has set it', { A: ['set a 1 @0-10'], B: ['get b 1 @11-12'] }],
    ['a value from the future', 'it was set later', { A: ['set a 1 @100-110'], B: ['get a 1 @11-12'] }],
    ['a lost value', 'nothing has removed: A: set "a" "1"', { A: ['set a 1 @0-10', 'delete b @20-30'], B: ['get a @511-512'] }],
    ['a lost value of its own', 'nothing has removed: A: set "a" "1"', { A: ['set a 1 @0-never', 'get a @1-2'], B: ['delete a @30-40'] }],
    ['a value lost to an earlier removal', 'nothing has removed', { A: ['delete a @0-10', 'set a 1 @20-30'], B: ['get a @2000-2001'] }],
  ])('%s', (_, why, tabs) => {
    const lines = Object.values(tabs).flat()
    expect(check(history(tabs))).toEqual([expect.stringContaining(why)])
    // What is wrong is the last read: without it the history passes.
    const reads = lines.filter((line) => /^(get|peek)/.test(line))
    const rest = Object.entries(tabs).map(([tab, own]) => [tab, own.filter((line) => line !== reads.at(-1))])
    expect(check(history(Object.fromEntries(rest)))).toEqual([])
  })
})

describe('where storage fails', () => {
  const faulty = (tabs: Record<string, string[]>): string[] => check(history(tabs), { faults: true })

  test('a value may be lost, and found again', () => {
    const tabs = { A: ['set a 1 @0-10'], B: ['get a @600-601', 'get a 1 @602-603'] }
    expect(check(history(tabs))).not.toEqual([])
    expect(faulty(tabs)).toEqual([])
  })

  test('a removed value may not be back', () => {
    expect(faulty({ A: ['set a 1 @0-10', 'delete a @20-30'], B: ['get a @600-601', 'get a 1 @602-603'] })).toEqual([expect.stringContaining('acknowledged long before')])
    expect(faulty({ A: ['set a 1 @0-10', 'delete a @20-never', 'get a 1 @21-22'] })).toEqual([expect.stringContaining('its own tab had already done')])
  })

  test('a change that was never acknowledged binds its own tab alone', () => {
    const sets = ['set a 1 @0-10', 'set a 2 @20-never']
    expect(faulty({ A: sets, B: ['get a 1 @2000-2001'] })).toEqual([])
    expect(faulty({ A: [...sets, 'get a 1 @2000-2001'] })).not.toEqual([])
  })
})

describe('what a loader brought', () => {
  test('may be found, or not, and replaces nothing for certain', () => {
    expect(check(history({ A: ['load a 1 @0-10', 'get a 1 @11-12'] }))).toEqual([])
    expect(check(history({ A: ['load a 1 @0-10', 'get a @600-601'] }))).toEqual([])
    expect(check(history({ A: ['set a 1 @0-10', 'load a 2 @20-30', 'get a 1 @600-601'] }))).toEqual([])
  })

  test('is not back after it was replaced or removed', () => {
    expect(check(history({ A: ['load a 1 @0-10', 'set a 2 @20-30'], B: ['get a 1 @600-601'] }))).not.toEqual([])
    expect(check(history({ A: ['load a 1 @0-10', 'delete a @20-30', 'get a 1 @31-32'] }))).not.toEqual([])
    expect(check(history({ A: ['get a 1 @0-10', 'load a 1 @20-30'] }))).toEqual([expect.stringContaining('it was set later')])
  })
})

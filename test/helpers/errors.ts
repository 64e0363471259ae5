// What a call with a bad argument throws: the exact class, and a text of the form
// `Cannot set entry: ttl must be >= 0 ms: received -1`. `toThrow` alone compares no classes.

import { expect } from 'vitest'

/** @param name of the bad argument @param value of the bad argument, which the text shows if it is a number */
export function expectRefusal(call: () => unknown, Kind: typeof TypeError | typeof RangeError, name: string, value: unknown): void {
  let thrown: unknown
  try {
    call()
  } catch (error) {
    thrown = error
  }
  expect(thrown, 'the call should throw').toBeInstanceOf(Error)
  const { constructor, message } = thrown as Error
  expect(constructor, message).toBe(Kind)
  const form = /^Cannot [a-z]+( [a-z]+)*: (?<name>[\w.]+) must be (?<rule>[^:]+): received (?<received>\S+)$/
  const { groups } = form.exec(message) ?? expect.fail(`not of the form wanted: ${message}`)
  expect(groups?.['name'], message).toBe(name)
  if (typeof value === 'number') expect(groups?.['received'], message).toBe(`${value}`)
}

// Runs before each test file, in Node and in the engines alike: unexpected console output fails the test that caused it.
// A test that expects a warning says so: `vi.spyOn(console, 'warn').mockImplementation(() => {})`.

import { afterEach, beforeEach, vi } from 'vitest'

const METHODS = ['error', 'warn'] as const
let unexpected: string[] = []

for (const method of METHODS) {
  const print = console[method].bind(console)
  console[method] = (...args: unknown[]) => {
    if (!vi.isMockFunction(console[method])) unexpected.push(`console.${method}: ${args.map(String).join(' ')}`)
    print(...args)
  }
}

beforeEach(() => {
  unexpected = []
})

afterEach(() => {
  if (unexpected.length > 0) throw new Error(`Unexpected console output:\n${unexpected.join('\n')}`)
})

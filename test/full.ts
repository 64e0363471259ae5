/**
 * Whether what takes long runs too: Chromium's other backend, storage that fails, tens of thousands of keys, a longer history, more
 * entries past the heap, the demo without a server, two releases side by side. `.ci/run` says so.
 */
export const FULL: boolean = process.env['FULL'] === 'true'

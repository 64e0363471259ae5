/**
 * Whether what takes long runs too: storage that fails in Chromium, tens of thousands of keys in it, a longer history, more entries
 * past the heap, the demo without a server, two releases side by side. `.ci/run` says so.
 */
export const FULL: boolean = process.env['FULL'] === 'true'

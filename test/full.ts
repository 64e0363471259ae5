/** Whether what takes long runs too: storage that fails in Chromium, tens of thousands of keys in it, a longer history. `.ci/run` says so. */
export const FULL: boolean = process.env['FULL'] === 'true'

// Where the results of complete runs are kept.

import { join } from 'node:path'

export const RESULTS: string = join(import.meta.dirname, 'results')
/** Runs with fewer rounds are for trying, not for keeping. */
export const LEAST_ROUNDS = 3

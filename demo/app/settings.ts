// What the user chose and wants to find again after a reload: for how long the server calls its answers fresh.

const KEY = 'bestbefore-demo:max-age'
const DEFAULT_MAX_AGE = 30

/** The steps of the slider, seconds. */
export const MAX_AGE_STEPS: readonly number[] = [5, 10, 15, 30, 60, 120, 300, 600]

export function readMaxAge(): number {
  try {
    const stored = Number(localStorage.getItem(KEY))
    return MAX_AGE_STEPS.includes(stored) ? stored : DEFAULT_MAX_AGE
  } catch {
    return DEFAULT_MAX_AGE
  }
}

/** Keeps the choice; where storage is forbidden it lasts until the page goes. */
export function writeMaxAge(maxAge: number): void {
  try {
    localStorage.setItem(KEY, String(maxAge))
  } catch {
    // A private mode without storage: nothing to do.
  }
}

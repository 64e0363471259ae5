// How far things on a page jumped without the visitor's doing: the sum of its layout shifts, those of its frames too.

import type { Page } from 'playwright-core'

/** Begins to watch every document that the page opens from now on. */
export async function watchShifts(page: Page): Promise<void> {
  await page.addInitScript(() => {
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries() as (PerformanceEntry & { value: number; hadRecentInput: boolean })[]) {
        if (entry.hadRecentInput) continue
        const before = Number(document.documentElement.dataset['shifts'] ?? 0)
        document.documentElement.dataset['shifts'] = String(before + entry.value)
      }
    }).observe({ type: 'layout-shift', buffered: true })
  })
}

export async function readShifts(page: Page): Promise<number> {
  const shifts = await Promise.all(page.frames().map((frame) => frame.evaluate(() => Number(document.documentElement.dataset['shifts'] ?? 0))))
  return shifts.reduce((sum, shift) => sum + shift, 0)
}

// Chromium for the end-to-end tests, and folders for its profiles.

import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { chromium, type BrowserContext } from 'playwright-core'
import { findEngine } from '../../browser/engines.ts'

const DESKTOP = { width: 1280, height: 900 }

export function temporaryFolder(): string {
  return mkdtempSync(join(tmpdir(), 'bestbefore-demo-'))
}

/** Chromium on a profile, which outlives it. */
export async function openBrowser(profile: string): Promise<BrowserContext> {
  return chromium.launchPersistentContext(profile, {
    executablePath: findEngine('chromium') ?? 'chromium',
    args: ['--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking', '--disable-sync'],
    reducedMotion: 'reduce',
    viewport: DESKTOP,
  })
}

// The whole test of the project, as `npm test` runs it: engines, types, package, then all suites, then one line that counts.
// A check without tests of its own (types, format, package) counts as one. It installs engines only as root of a Debian system.

import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { debianPackages, ENGINE_NAMES, missingEngines, type EngineName } from './browser/engines.ts'
import { FULL } from './full.ts'

const ROOT = join(import.meta.dirname, '..')
const BIN = join(ROOT, 'node_modules/.bin')
const MINUTE_MS = 60_000
/** How much is shown again of each failure's message, its own part of the stack included. */
const SHOWN_CHARACTERS = 1_000

interface Tally {
  passed: number
  failed: number
}

/** @returns the exit code. */
export async function main(): Promise<number> {
  await installEngines()
  const missing = missingEngines()
  announce(missing)

  const checks: Tally = { passed: 0, failed: 0 }
  for (const [name, command, ...args] of [
    ['types', join(BIN, 'tsc'), '-p', 'tsconfig.json'],
    ['format', join(BIN, 'prettier'), '--check', '{src,demo}/**/*.ts'],
    ['library', 'npm', 'run', '--silent', 'build'],
    ['publint', join(BIN, 'publint'), '--strict'],
    ['attw', join(BIN, 'attw'), '--pack', '.', '--profile', 'esm-only'],
  ] as const) {
    const code = await run(name, command, args, 2 * MINUTE_MS)
    checks[code === 0 ? 'passed' : 'failed']++
  }
  const suites = await runSuites(missing)

  announce(missing)
  const missed = process.env['CI'] === 'true' ? missing.length : 0
  const failed = checks.failed + suites.failed + missed
  console.log(`${checks.passed + suites.passed} passed, ${failed} failed`)
  return failed === 0 && suites.passed > 0 ? 0 : 1
}

async function installEngines(): Promise<void> {
  const missing = missingEngines()
  if (missing.length === 0 || process.getuid?.() !== 0) return
  if ((await run('apt-get update', 'apt-get', ['update', '-q'], 5 * MINUTE_MS)) !== 0) return
  await run('engines', 'apt-get', ['install', '-qy', '--no-install-recommends', ...debianPackages(missing)], 10 * MINUTE_MS)
}

function announce(missing: readonly EngineName[]): void {
  if (missing.length === 0) return
  console.log(`\n!!! NOT TESTED in ${missing.join(', ')}: not found. Install: ${debianPackages(missing).join(' ')}\n`)
}

/** Runs every project whose engine is there. End-to-end tests, those of many tabs and those of faulty engines drive Chromium. */
async function runSuites(missing: readonly EngineName[]): Promise<Tally> {
  const folder = mkdtempSync(join(tmpdir(), 'bestbefore-test-'))
  const report = join(folder, 'report.json')
  const engines = ENGINE_NAMES.filter((name) => !missing.includes(name) && (FULL || name !== 'chromium-sqlite'))
  const projects = ['unit', ...engines, ...(engines.includes('chromium') ? ['e2e', 'tabs', ...(FULL ? ['engines'] : [])] : [])]
  const args = ['run', '--reporter=default', '--reporter=json', `--outputFile.json=${report}`, ...projects.map((name) => `--project=${name}`)]
  try {
    const code = await run('suites', join(BIN, 'vitest'), args, 30 * MINUTE_MS)
    const tally = readReport(report)
    // Errors outside any test (an engine that died, an unhandled rejection) show in the exit code alone.
    if (code !== 0 && tally.failed === 0) tally.failed = 1
    return tally
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

interface Report {
  readonly numPassedTests: number
  readonly numFailedTests: number
  readonly testResults: readonly TestFile[]
}

interface TestFile {
  readonly name: string
  readonly status: string
  readonly message: string
  readonly assertionResults: readonly { readonly status: string; readonly fullName: string; readonly failureMessages: readonly string[] }[]
}

/** Counts tests, and each file that failed as a whole, such as one that could not be imported. */
function readReport(path: string): Tally {
  let report: Report
  try {
    report = JSON.parse(readFileSync(path, 'utf8'))
  } catch (error) {
    console.error(`Cannot read the test report: ${error}`)
    return { passed: 0, failed: 1 }
  }
  const files = report.testResults.filter(hasFailed)
  files.forEach(showFailures)
  const brokenFiles = files.filter(({ assertionResults }) => !assertionResults.some(hasFailed))
  return { passed: report.numPassedTests, failed: report.numFailedTests + brokenFiles.length }
}

function hasFailed({ status }: { readonly status: string }): boolean {
  return status === 'failed'
}

/** Says once more what failed in a file, for whoever has the end of the log alone. */
function showFailures({ name, message, assertionResults }: TestFile): void {
  const tests = assertionResults.filter(hasFailed)
  const texts = tests.length === 0 ? [message] : tests.flatMap(({ fullName, failureMessages }) => [fullName, ...failureMessages])
  const shown = texts.map((text) => text.replace(/^ +at .*node_modules.*\n?/gm, '').slice(0, SHOWN_CHARACTERS))
  console.log([`\nFAILED in ${relative(ROOT, name)}`, ...shown].join('\n'))
}

/** Runs a command to its end, or for `limit` ms; its output is shown. @returns the exit code. */
function run(name: string, command: string, args: readonly string[], limit: number): Promise<number> {
  const start = Date.now()
  console.log(`\n--- ${name}`)
  return new Promise((resolve) => {
    const child = spawn(command, args, { cwd: ROOT, stdio: ['ignore', 'inherit', 'inherit'] })
    const timers = [setTimeout(() => child.kill('SIGTERM'), limit), setTimeout(() => child.kill('SIGKILL'), limit + 10_000)]
    const end = (code: number, how: string) => {
      timers.forEach(clearTimeout)
      console.log(`--- ${name}: ${how} after ${((Date.now() - start) / 1_000).toFixed(1)} s`)
      resolve(code)
    }
    child.on('error', (error) => end(1, String(error)))
    child.on('exit', (code, signal) => end(code ?? 1, code === 0 ? 'passed' : `failed (${code ?? signal})`))
  })
}

// The browser engines the suites run in: where each is found on this machine and the command line that opens a page in it.
// Used by launch.ts, by the runner (../run.ts) and by end-to-end tests. It only looks and describes; it starts nothing.

import { existsSync, readdirSync } from 'node:fs'
import { delimiter, join } from 'node:path'

export const ENGINE_NAMES = ['chromium', 'chromium-sqlite', 'firefox', 'webkit'] as const
export type EngineName = (typeof ENGINE_NAMES)[number]

interface Engine {
  /** The Debian packages that bring it. */
  readonly packages: readonly string[]
  readonly find: () => string | undefined
  /** Opens `url`; whatever the engine keeps goes below `home`, a fresh directory. */
  readonly command: (executable: string, home: string, url: string) => [file: string, ...args: string[]]
  /** Files that must lie in `home` before the start. */
  readonly files?: Readonly<Record<string, string>>
}

const CHROMIUM: Engine = {
  packages: ['chromium'],
  find: () => onPath('chromium', 'chromium-browser', 'google-chrome-stable', 'google-chrome'),
  command: (executable, home, url) => [
    executable,
    '--headless',
    '--no-sandbox',
    '--disable-gpu',
    '--no-first-run',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
    `--user-data-dir=${home}`,
    url,
  ],
}

/** What keeps Firefox from first-run pages and from looking for updates, experiments, lists and captive portals. */
const FIREFOX_PREFS: Readonly<Record<string, boolean | number | string>> = {
  'app.normandy.enabled': false,
  'app.update.auto': false,
  'browser.aboutwelcome.enabled': false,
  'browser.newtabpage.enabled': false,
  'browser.safebrowsing.malware.enabled': false,
  'browser.safebrowsing.phishing.enabled': false,
  'browser.search.update': false,
  'browser.sessionstore.resume_from_crash': false,
  'browser.shell.checkDefaultBrowser': false,
  'browser.startup.homepage_override.mstone': 'ignore',
  'browser.startup.page': 0,
  'datareporting.healthreport.uploadEnabled': false,
  'datareporting.policy.dataSubmissionEnabled': false,
  'dom.push.connection.enabled': false,
  'extensions.getAddons.cache.enabled': false,
  'extensions.systemAddon.update.enabled': false,
  'extensions.update.enabled': false,
  'media.gmp-manager.updateEnabled': false,
  'network.captive-portal-service.enabled': false,
  'network.connectivity-service.enabled': false,
  'network.dns.disablePrefetch': true,
  'network.prefetch-next': false,
  'services.settings.server': 'data:,#nothing',
  'startup.homepage_welcome_url': '',
  'toolkit.telemetry.enabled': false,
  'toolkit.telemetry.server': '',
}

const ENGINES: Readonly<Record<EngineName, Engine>> = {
  chromium: CHROMIUM,
  'chromium-sqlite': {
    ...CHROMIUM,
    command: (...args) => [...CHROMIUM.command(...args), '--enable-features=IdbSqliteBackingStore,IdbSqliteOnDiskRollout'],
  },
  firefox: {
    packages: ['firefox-esr'],
    find: () => onPath('firefox-esr', 'firefox'),
    command: (executable, home, url) => [executable, '--headless', '--no-remote', '--profile', home, url],
    files: {
      'user.js': Object.entries(FIREFOX_PREFS)
        .map(([name, value]) => `user_pref(${JSON.stringify(name)}, ${JSON.stringify(value)});\n`)
        .join(''),
    },
  },
  webkit: {
    packages: ['webkit2gtk-driver', 'xvfb', 'xauth'],
    find: () => (onPath('xvfb-run') && onPath('xauth') ? miniBrowser() : undefined),
    command: (executable, _home, url) => ['xvfb-run', '-a', executable, url],
  },
}

/** The executable of an engine, or undefined where it (or the display it needs) is not installed. */
export function findEngine(name: EngineName): string | undefined {
  return ENGINES[name].find()
}

export function missingEngines(): EngineName[] {
  return ENGINE_NAMES.filter((name) => findEngine(name) === undefined)
}

/** The Debian packages to install for these engines, each once. */
export function debianPackages(names: readonly EngineName[]): string[] {
  return [...new Set(names.flatMap((name) => ENGINES[name].packages))]
}

/**
 * How to start an installed engine: the files that must lie in its home, and the command that opens a page.
 *
 * @throws Error when the engine is not installed.
 */
export function requireEngine(name: EngineName) {
  const executable = findEngine(name)
  const { command, files = {}, packages } = ENGINES[name]
  if (executable === undefined) throw new Error(`Cannot find ${name}: install the packages ${packages.join(', ')}`)
  return { files, command: (home: string, url: string) => command(executable, home, url) }
}

function onPath(...names: string[]): string | undefined {
  const folders = (process.env['PATH'] ?? '').split(delimiter).filter(Boolean)
  return names.flatMap((name) => folders.map((folder) => join(folder, name))).find((path) => existsSync(path))
}

/** WebKitGTK's test browser, which distributions keep off the PATH, in a folder named for its API version. */
function miniBrowser(): string | undefined {
  return ['/usr/lib', '/usr/libexec']
    .flatMap((root) => [root, ...subfolders(root, /./)])
    .flatMap((folder) => subfolders(folder, /^webkit2?gtk-/))
    .map((folder) => join(folder, 'MiniBrowser'))
    .find((path) => existsSync(path))
}

function subfolders(folder: string, pattern: RegExp): string[] {
  if (!existsSync(folder)) return []
  return readdirSync(folder, { withFileTypes: true })
    .filter((item) => item.isDirectory() && pattern.test(item.name))
    .map((item) => join(folder, item.name))
}

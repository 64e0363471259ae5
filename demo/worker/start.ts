// The page's service worker, which every page starts: whichever is opened first, all of them open without a network afterwards.
// It is registered in builds, not in development, where Vite's modules change under it.

/** Whether this is a build, which has one. */
declare const __WORKER__: boolean

interface TrustedTypes {
  readonly trustedTypes?: {
    createPolicy(name: string, rules: { createScriptURL(url: string): string }): { createScriptURL(url: string): string }
  }
}

/** ms that the page's first request waits for the worker; its first start takes about 100. */
const PATIENCE = 3_000

async function startWorker(): Promise<boolean> {
  const container = __WORKER__ ? navigator.serviceWorker : undefined
  if (!container) return false
  const isControlled = new Promise<boolean>((resolve) => {
    if (container.controller) resolve(true)
    container.addEventListener('controllerchange', () => resolve(true), { once: true })
  })
  const isLate = new Promise<boolean>((resolve) => setTimeout(resolve, PATIENCE, false))
  const refused = new Promise<boolean>((resolve) => {
    container.register(trusted('./sw.js'), { type: 'module', updateViaCache: 'none' }).catch((error: unknown) => {
      console.info('The page works without its service worker:', error)
      resolve(false)
    })
  })
  return Promise.race([isControlled, isLate, refused])
}

/** The one script address that the page's policy lets through. */
function trusted(url: string): string {
  const { trustedTypes } = globalThis as TrustedTypes
  return (
    trustedTypes?.createPolicy('service-worker', { createScriptURL: (asked) => (asked === './sw.js' ? asked : '') }).createScriptURL(url) ??
    url
  )
}

/** Resolves to whether a worker answers the page's requests. */
export const worker: Promise<boolean> = startWorker()

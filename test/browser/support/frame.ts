// Documents beside the test's own: a page of this origin, one with a strict policy, one without any origin. Each has the
// library as a script of its own, so that it runs in that document's realm.

import { afterEach } from 'vitest'
import { commands } from 'vitest/browser'

type Library = typeof import('../../../src/index.ts')

export interface FrameOptions {
  /** The `sandbox` attribute; no sandbox where it is absent. */
  readonly sandbox?: string
  /** Content-Security-Policy; scripts of the frame have the nonce `suite`. */
  readonly policy?: string
  /** A further script, which runs after the library's. */
  readonly script?: string
}

export interface Frame {
  /** The library in the frame's realm. Only for frames of this origin. */
  readonly library: Library
  /** The first message that the frame posts. */
  readonly message: Promise<unknown>
  /** Ends the document the way a closed tab does: without a word to the cache. */
  remove(): void
}

const frames: Frame[] = []

export async function openFrame({ sandbox, policy, script = '' }: FrameOptions = {}): Promise<Frame> {
  const meta = policy === undefined ? '' : `<meta http-equiv="Content-Security-Policy" content="${policy}">`
  const scripts = [await commands.bundle(), script].map((code) => `<script nonce="suite">${code.replaceAll('</script', '<\\/script')}</script>`)
  const element = document.createElement('iframe')
  if (sandbox !== undefined) element.setAttribute('sandbox', sandbox)
  element.srcdoc = `<!doctype html><html lang="en"><head>${meta}<title>frame</title>${scripts.join('')}</head><body></body></html>`
  const message = new Promise<unknown>((resolve) => {
    addEventListener('message', function listen({ source, data }) {
      if (source === null || source !== element.contentWindow) return
      removeEventListener('message', listen)
      resolve(data)
    })
  })
  const loaded = new Promise((resolve) => element.addEventListener('load', resolve))
  document.body.append(element)
  await loaded
  const frame: Frame = {
    message,
    remove: () => element.remove(),
    get library() {
      // The script above defines it.
      return (element.contentWindow as unknown as { bestbefore: Library }).bestbefore
    },
  }
  frames.push(frame)
  return frame
}

afterEach(() => {
  for (const frame of frames.splice(0)) frame.remove()
})

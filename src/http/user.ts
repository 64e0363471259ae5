// Identifies users by the credentials of their requests.

import type { Fields } from './ask.ts'

/**
 * Creates a function that gives a digest of the credentials in header fields: null without any, undefined if none can be made (outside
 * secure contexts). It keeps the last digest, so that an answer from memory need not wait for it.
 */
export function createDigest(): (fields: Fields) => Promise<string | undefined> | null {
  let last: string | undefined
  let digest: Promise<string | undefined>

  return (fields) => {
    const credentials = `${fields.get('authorization') ?? ''}\n${fields.get('cookie') ?? ''}`
    if (credentials === '\n') return null
    if (credentials !== last) digest = digestOf((last = credentials))
    return digest
  }
}

async function digestOf(text: string): Promise<string | undefined> {
  const hash = await globalThis.crypto?.subtle?.digest('SHA-256', new TextEncoder().encode(text))
  return hash && new Uint8Array(hash).join()
}

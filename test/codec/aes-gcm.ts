// The cipher that the README shows, as it stands there (readme.test.ts compares them).

import type { Codec, CodecContext } from '../../src/index.ts'

/** Values as JSON, under AES-GCM. What is stored fits its key and expiry alone: swapped or prolonged, it is a miss. */
export function aesGcm<V>(name: string): Codec<V> {
  let secret: Promise<CryptoKey> | undefined
  const cipher = async (iv: BufferSource, { key, expiresAt }: CodecContext) => {
    const additionalData = new TextEncoder().encode(JSON.stringify([key, expiresAt]))
    return [{ name: 'AES-GCM', iv, additionalData }, await (secret ??= secretOf(name))] as const
  }
  return {
    async encode(value, context) {
      const iv = crypto.getRandomValues(new Uint8Array(12))
      const plain = new TextEncoder().encode(JSON.stringify(value))
      return { iv, data: await crypto.subtle.encrypt(...(await cipher(iv, context)), plain) }
    },
    async decode(stored, context) {
      const { iv, data } = stored as { iv: BufferSource; data: BufferSource }
      const plain = await crypto.subtle.decrypt(...(await cipher(iv, context)), data)
      return JSON.parse(new TextDecoder().decode(plain))
    },
  }
}

/** A key that no script can read out, kept in a database of its own; where none can be kept, one for the life of the page. */
export async function secretOf(name: string): Promise<CryptoKey> {
  const made = await crypto.subtle.generateKey({ name: 'AES-GCM', length: 256 }, false, ['encrypt', 'decrypt'])
  try {
    const result = <T>(request: IDBRequest<T>) =>
      new Promise<T>((resolve, reject) => {
        request.onsuccess = () => resolve(request.result)
        request.onerror = () => reject(request.error)
      })
    const opening = indexedDB.open(`secret of ${name}`, 1)
    opening.onupgradeneeded = () => opening.result.createObjectStore('keys')
    const database = await result(opening)
    try {
      const keys = () => database.transaction('keys', 'readwrite').objectStore('keys')
      await result(keys().add(made, 'key')).catch(() => {}) // it is there already, perhaps from another tab
      const kept: unknown = await result(keys().get('key'))
      return kept instanceof CryptoKey ? kept : made // some browsers take a key and give null
    } finally {
      database.close()
    }
  } catch {
    return made
  }
}

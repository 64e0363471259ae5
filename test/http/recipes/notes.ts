// An API that libraries talk to: one note that is read, changed and fresh for a minute, one that is not there, and one whose
// answer is never sent. It counts what it is asked.

import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface Note {
  readonly text: string
}

export interface Notes {
  /** Where the note is. */
  readonly url: string
  /** Where none is: 404, with a problem in JSON. */
  readonly missing: string
  /** Where no answer comes. */
  readonly slow: string
  /** Methods and paths of what has come, in order. */
  readonly requests: string[]
  /** How many callers of the slow one have gone. */
  readonly left: number
  close(): Promise<void>
}

export const PROBLEM = { title: 'No such note' }

export async function startNotes(): Promise<Notes> {
  const requests: string[] = []
  let note: Note = { text: 'first' }
  let left = 0
  const server = createServer(async (request, response) => {
    requests.push(`${request.method} ${request.url}`)
    if (request.url === '/slow') return void response.on('close', () => left++)
    if (request.url !== '/note') return send(response, 404, { 'cache-control': 'no-store' }, PROBLEM)
    if (request.method === 'PUT') note = JSON.parse(await textOf(request)) as Note
    send(response, 200, { 'cache-control': 'max-age=60' }, note)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    url: `${origin}/note`,
    missing: `${origin}/missing`,
    slow: `${origin}/slow`,
    requests,
    get left() {
      return left
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

async function textOf(request: IncomingMessage): Promise<string> {
  let text = ''
  for await (const chunk of request.setEncoding('utf8')) text += chunk
  return text
}

function send(response: ServerResponse, status: number, fields: Record<string, string>, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json', ...fields }).end(JSON.stringify(body))
}

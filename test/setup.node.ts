// Runs before each file of unit tests, after setup.ts. Files run in threads of one process, whose channels would reach each other.

import { threadId } from 'node:worker_threads'

const Channel = globalThis.BroadcastChannel

globalThis.BroadcastChannel = class extends Channel {
  constructor(name: string) {
    super(`${threadId} ${name}`)
  }
}

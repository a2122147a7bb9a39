import { Agent as HttpAgent } from 'node:http'
import { Agent as HttpsAgent } from 'node:https'

/** Connections that are kept and used again. Upstreams on the same hosts can share them. */
export interface Connections {
  /** How many were opened so far: in a steady state this number stands still. */
  opened(): number
  /** How many are open now, in use or idle. */
  open(): number
  agentFor(protocol: string): HttpAgent | HttpsAgent
  /** Closes those that nobody uses: when one turned out to be dead, its neighbours of the same age are too. */
  dropIdle(): void
  close(): void
}

/** More than that to one host wait for each other: a guard against a leak, above any load this is made for. */
const MAX_PER_HOST = 256

export function createConnections(): Connections {
  let opened = 0
  const count = () => (opened += 1)
  const options = { keepAlive: true, maxSockets: MAX_PER_HOST, maxFreeSockets: MAX_PER_HOST }
  const plain = new CountingHttpAgent(options, count)
  const secure = new CountingHttpsAgent(options, count)
  const sockets = (agents: readonly HttpAgent[]) =>
    agents.flatMap((agent) => [agent.sockets, agent.freeSockets].flatMap(Object.values).flat())
  return {
    opened: () => opened,
    open: () => sockets([plain, secure]).length,
    agentFor: (protocol) => (protocol === 'https:' ? secure : plain),
    dropIdle() {
      for (const { freeSockets } of [plain, secure]) {
        for (const socket of Object.values(freeSockets).flat()) socket?.destroy()
      }
    },
    close() {
      plain.destroy()
      secure.destroy()
    },
  }
}

class CountingHttpAgent extends HttpAgent {
  readonly #count: () => void
  constructor(options: ConstructorParameters<typeof HttpAgent>[0], count: () => void) {
    super(options)
    this.#count = count
  }
  override createConnection(...args: Parameters<HttpAgent['createConnection']>) {
    this.#count()
    return super.createConnection(...args)
  }
}

class CountingHttpsAgent extends HttpsAgent {
  readonly #count: () => void
  constructor(options: ConstructorParameters<typeof HttpsAgent>[0], count: () => void) {
    super(options)
    this.#count = count
  }
  override createConnection(...args: Parameters<HttpsAgent['createConnection']>) {
    this.#count()
    return super.createConnection(...args)
  }
}

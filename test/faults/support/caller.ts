import { Agent, type IncomingMessage, request } from 'node:http'
import { text } from 'node:stream/consumers'

export interface Reply {
  readonly status: number
  readonly body: string
  readonly retryAfter: string | undefined
  /** From the first byte sent to the last one received. */
  readonly tookMs: number
}

export interface Caller {
  call(method: string, path: string, body?: unknown): Promise<Reply>
  /** Opens a stream and goes away after its first bytes. */
  hangUp(path: string, body: unknown): Promise<void>
  /** Closes every connection. */
  close(): void
}

/** A client that keeps its connections, as a proxy does, and can be told to close them all. */
export function createCaller(port: number, sockets: number): Caller {
  const agent = new Agent({ keepAlive: true, maxSockets: sockets })
  const send = (method: string, path: string, body: unknown) =>
    new Promise<IncomingMessage>((resolve, reject) => {
      const payload = body === undefined ? '' : JSON.stringify(body)
      const headers = {
        'content-type': 'application/json',
        'content-length': Buffer.byteLength(payload),
      }
      const sent = request({ host: '127.0.0.1', port, method, path, agent, headers }, resolve)
      sent.once('error', reject)
      sent.end(payload)
    })
  return {
    async call(method, path, body) {
      const startedAtMs = performance.now()
      const response = await send(method, path, body)
      const answered = await text(response)
      return {
        status: response.statusCode!,
        body: answered,
        retryAfter: response.headers['retry-after'],
        tookMs: performance.now() - startedAtMs,
      }
    },
    async hangUp(path, body) {
      const response = await send('POST', path, body)
      await new Promise((resolve) => response.once('data', resolve))
      response.destroy()
    },
    close: () => agent.destroy(),
  }
}

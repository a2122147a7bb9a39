import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect } from 'vitest'
import type { UpstreamFault } from '../../lib/upstream/fault.ts'
import {
  createUpstreamFetch,
  type UpstreamFetchOptions,
} from '../../lib/upstream/upstream-fetch.ts'

export interface TestServer extends AsyncDisposable {
  readonly url: string
  /** `METHOD path` of each request, oldest first. */
  readonly requests: string[]
  /** How many answers were left by the client before their end. */
  abandoned: number
  readonly server: Server
}

/** A server on a free port of this machine; each request is handled by the next handler, the last for ever. */
export async function startServer(...handlers: Handler[]): Promise<TestServer> {
  const requests: string[] = []
  const server = createServer((request, response) => {
    const handler = handlers[Math.min(requests.length, handlers.length - 1)]!
    requests.push(`${request.method} ${request.url}`)
    response.on('close', () => {
      if (!response.writableFinished) started.abandoned += 1
    })
    void handler(request, response)
  })
  server.keepAliveTimeout = 60_000
  const { promise, resolve } = Promise.withResolvers<void>()
  server.listen(0, '127.0.0.1', resolve)
  await promise
  const started: TestServer = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    abandoned: 0,
    server,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      server.close()
    },
  }
  return started
}

export type Handler = (request: IncomingMessage, response: ServerResponse) => unknown

export const answer =
  (status: number, body: string, headers: Record<string, string> = {}): Handler =>
  (request, response) => {
    request.resume()
    response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(body)
  }

export const reset: Handler = (request) => request.socket.resetAndDestroy()
export const hang: Handler = () => {}

/** A fetch whose pauses are as short as they can be. */
export const open = (options: Partial<UpstreamFetchOptions> = {}) =>
  createUpstreamFetch({ name: 'Upstream', random: () => 0, ...options })

export const repeatable = { isRepeatable: () => true }
export const post = { method: 'POST', body: '{}' }

/** What a call fails with. */
export const faultFrom = (call: Promise<unknown>) =>
  call.then(
    () => expect.fail('It should have failed.'),
    (error: unknown) => error as UpstreamFault,
  )

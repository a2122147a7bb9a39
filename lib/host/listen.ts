import { createServer, type Server } from 'node:http'
import type { Socket } from 'node:net'
import { getRequestListener } from '@hono/node-server'
import { answerUnreadable, refusedWithoutHost, unreadableResponse } from './unreadable.ts'

export interface ListenOptions {
  readonly fetch: (request: Request) => Response | Promise<Response>
  readonly host: string
  readonly port: number
  readonly patience?: Partial<Patience>
}

/** How long who is at the other end may take, in milliseconds. */
export interface Patience {
  /** To send the head of a request, and the whole of it: who sends a byte now and then is cut. */
  readonly headersMs: number
  readonly requestMs: number
  /** To take anything of an answer that is ready for them. */
  readonly readMs: number
  /**
   * To send another request by the same connection. Longer than any proxy keeps one it does not use (Caddy two
   * minutes, nginx and AWS's load balancers one): whoever closes first must be the proxy, or its next request may meet
   * the end of the connection. Node's own 5 seconds are too short. Source: caddyserver.com/docs, reverse_proxy.
   */
  readonly idleMs: number
}

const PATIENCE: Patience = {
  headersMs: 10_000,
  requestMs: 30_000,
  readMs: 30_000,
  idleMs: 125_000,
}

/** Resolves to the server once it listens; rejects when it cannot. */
export function listen({ fetch, host, port, patience }: ListenOptions): Promise<Server> {
  const { headersMs, requestMs, readMs, idleMs } = { ...PATIENCE, ...patience }
  const answer = getRequestListener(fetch, { hostname: host, errorHandler: unreadableResponse })
  return new Promise((resolve, reject) => {
    const server = createServer(
      {
        headersTimeout: headersMs,
        requestTimeout: requestMs,
        keepAliveTimeout: idleMs,
        // Node looks every 30 s otherwise, however short the times are.
        connectionsCheckingInterval: Math.min(2_000, headersMs),
        requireHostHeader: false, // Node's own refusal says nothing; ours is a problem.
      },
      (request, response) => {
        if (!refusedWithoutHost(request, response)) void answer(request, response)
      },
    )
    server.once('error', reject)
    cutSlowReaders(server, readMs)
    answerUnreadable(server)
    server.listen(port, host, () => resolve(server))
  })
}

/**
 * Cuts a connection whose answer is ready and of which nothing was taken for `readMs`. One that waits for an answer that
 * is still being made is left alone: it has a deadline of its own.
 */
function cutSlowReaders(server: Server, readMs: number): void {
  const answering = new WeakMap<Socket, number>()
  const count = (socket: Socket, change: number) =>
    answering.set(socket, (answering.get(socket) ?? 0) + change)
  server.on('request', ({ socket }, response) => {
    count(socket, 1)
    response.once('close', () => count(socket, -1))
  })
  // Fires when a socket was still for that long; with bytes to send, when none of them went.
  server.setTimeout(readMs, (socket) => {
    if (socket.writableLength > 0 || !answering.get(socket)) socket.destroy()
  })
}

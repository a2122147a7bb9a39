import { randomUUID } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

/** What the runtime client posted for one event. */
export interface Posted {
  readonly kind: 'response' | 'error'
  readonly headers: IncomingMessage['headers']
  readonly trailers: NodeJS.Dict<string>
  /** As the body came over the wire, piece by piece. */
  readonly chunks: readonly Buffer[]
}

export interface RuntimeApi {
  /** Host and port, as the client wants it. */
  readonly address: string
  /** Hands the event to the client and resolves with what it posts; undefined when it does not within `waitMs`. */
  invoke(event: unknown, waitMs?: number): Promise<Posted | undefined>
  close(): void
}

/** Lambda's Runtime API as the runtime client sees it. Source: AWS docs, "Using the Lambda runtime API". */
export async function startRuntimeApi(): Promise<RuntimeApi> {
  const asking: ServerResponse[] = []
  const queued: { id: string; event: unknown }[] = []
  const waiting = new Map<string, (posted: Posted) => void>()

  function handOut() {
    while (asking.length > 0 && queued.length > 0) {
      const { id, event } = queued.shift()!
      const headers = {
        'content-type': 'application/json',
        'lambda-runtime-aws-request-id': id,
        'lambda-runtime-deadline-ms': String(Date.now() + 30_000),
        'lambda-runtime-invoked-function-arn': 'arn:aws:lambda:test:000000000000:function:f',
      }
      asking.shift()!.writeHead(200, headers).end(JSON.stringify(event))
    }
  }

  async function take(request: IncomingMessage, response: ServerResponse) {
    const [, id, kind] = /invocation\/([^/]+)\/(response|error)$/.exec(request.url ?? '') ?? []
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    response.writeHead(202, { 'content-type': 'application/json' }).end('{"status":"OK"}')
    if (id === undefined) return
    const { headers, trailers } = request
    waiting.get(id)?.({ kind: kind as Posted['kind'], headers, trailers, chunks })
  }

  const server = createServer((request, response) => {
    if (request.url?.endsWith('/invocation/next')) {
      asking.push(response)
      handOut()
    } else {
      take(request, response).catch(() => response.destroy()) // The client broke off.
    }
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    address: `127.0.0.1:${port}`,
    async invoke(event, waitMs = 20_000) {
      const id = randomUUID()
      const { promise, resolve } = Promise.withResolvers<Posted>()
      waiting.set(id, resolve)
      queued.push({ id, event })
      handOut()
      return Promise.race([promise, sleep(waitMs, undefined, { ref: false })])
    },
    close() {
      server.closeAllConnections()
      server.close()
    },
  }
}

import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Reply, Wire } from './reply.ts'

export async function readBody(incoming: IncomingMessage): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  const chunks: Buffer[] = []
  incoming.on('data', (chunk: Buffer) => chunks.push(chunk))
  incoming.once('end', () => resolve(Buffer.concat(chunks).toString()))
  incoming.once('error', reject)
  incoming.once('close', () => reject(new Error('The client left while it was speaking.')))
  return promise
}

/** Sends an answer; resolves with what was sent once all is handed over or the client has gone. */
export async function sendReply(
  response: ServerResponse,
  reply: Reply,
): Promise<{ body: string; whole: boolean }> {
  if (!reply.stream) {
    const length = Buffer.byteLength(reply.body)
    response.writeHead(reply.status, { ...reply.headers, 'content-length': length })
    response.end(reply.body)
    return { body: reply.body, whole: true }
  }
  const written: (string | Uint8Array)[] = []
  response.writeHead(reply.status, reply.headers)
  response.flushHeaders()
  await reply.stream(createWire(response, written))
  const whole = !response.destroyed
  if (whole) response.end()
  const bytes = written.map((each) => (typeof each === 'string' ? Buffer.from(each) : each))
  return { body: Buffer.concat(bytes).toString(), whole }
}

/** Promises all of a body, sends half of it and cuts the connection. */
export function sendHalf(response: ServerResponse, { status, headers, body }: Reply) {
  const bytes = Buffer.from(body)
  response.writeHead(status, { ...headers, 'content-length': bytes.length })
  response.write(bytes.subarray(0, bytes.length / 2), () => response.socket?.resetAndDestroy())
}

/** Resolves after `ms`, or at once when the client goes; `Infinity` waits for that alone. */
export async function waitUnlessClosed(response: ServerResponse, ms: number): Promise<void> {
  if (response.destroyed) return
  const { promise, resolve } = Promise.withResolvers<void>()
  const timer = Number.isFinite(ms) ? setTimeout(resolve, ms) : undefined
  response.once('close', resolve)
  await promise
  clearTimeout(timer)
  response.off('close', resolve)
}

function createWire(response: ServerResponse, written: (string | Uint8Array)[]): Wire {
  return {
    get closed() {
      return response.destroyed
    },
    write(bytes) {
      written.push(bytes)
      if (!response.destroyed) response.write(bytes)
    },
    wait: (ms) => waitUnlessClosed(response, ms),
    reset() {
      response.socket?.resetAndDestroy()
    },
  }
}

import { once } from 'node:events'
import { connect, type Socket } from 'node:net'

/** A connection that is written to by hand: for requests that come in parts, and readers that do not read. */
export interface RawConnection extends AsyncDisposable {
  readonly socket: Socket
  readonly send: (text: string) => void
  /** All that has arrived so far. */
  readonly received: () => string
  /** Resolves when the other side has closed. */
  readonly closed: Promise<unknown>
}

export async function openConnection(port: number): Promise<RawConnection> {
  const socket = connect(port, '127.0.0.1')
  let text = ''
  socket.setEncoding('utf8')
  socket.on('data', (chunk: string) => (text += chunk))
  socket.on('error', () => {}) // A reset is seen as a close.
  const closed = new Promise((resolve) => socket.once('close', resolve))
  await once(socket, 'connect')
  return {
    socket,
    send: (part) => void socket.write(part),
    received: () => text,
    closed,
    async [Symbol.asyncDispose]() {
      socket.destroy()
      await closed
    },
  }
}

/** A request as it goes over the wire. */
export function requestText(method: string, path: string, body?: unknown): string {
  const text = body === undefined ? '' : JSON.stringify(body)
  const head = [
    `${method} ${path} HTTP/1.1`,
    'host: localhost',
    ...(text
      ? ['content-type: application/json', `content-length: ${Buffer.byteLength(text)}`]
      : []),
  ]
  return `${head.join('\r\n')}\r\n\r\n${text}`
}

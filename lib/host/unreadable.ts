import { randomUUID } from 'node:crypto'
import { type IncomingMessage, type Server, type ServerResponse, STATUS_CODES } from 'node:http'
import type { Duplex } from 'node:stream'
import { Problem } from '../errors.ts'
import { problemAsJson } from '../function/replies.ts'

/** What is no HTTP is answered as everything else is: by a problem. Node itself would only say its number. */

const notHttp = new Problem(400, 'Not HTTP', 'This cannot be read as a request of HTTP/1.1.')
const tooSlow = new Problem(408, 'Too slow', 'The request did not come in time.')
const headTooLarge = new Problem(431, 'Head too large', 'The head of a request may have 16 KiB.')
const expectation = new Problem(417, 'Unknown expectation', 'Only 100-continue may be expected.')
const internalError = new Problem(500, 'Internal error', 'Something went wrong on our side.')

const PROBLEMS: Readonly<Record<string, Problem>> = {
  ERR_HTTP_REQUEST_TIMEOUT: tooSlow,
  HPE_HEADER_OVERFLOW: headTooLarge,
}

/** For a request whose address or host cannot be read. */
export function unreadableResponse(error: unknown): Response {
  const isTheirs = (error as Error | undefined)?.name === 'RequestError'
  const { statusCode, headers, body } = answerTo(isTheirs ? notHttp : internalError)
  return new Response(body, { status: statusCode, headers })
}

/** HTTP/1.1 wants a Host from everyone; whether a request was refused for want of one. RFC 9112, section 3.2. */
export function refusedWithoutHost(
  { httpVersion, headers }: IncomingMessage,
  response: ServerResponse,
): boolean {
  if (headers.host !== undefined || httpVersion !== '1.1') return false
  refuse(response, notHttp)
  return true
}

function refuse(response: ServerResponse, problem: Problem): void {
  const { statusCode, headers, body } = answerTo(problem)
  response.writeHead(statusCode, headers).end(body)
}

/** For bytes that are no request at all. */
export function answerUnreadable(server: Server): void {
  const answering = new WeakSet<Duplex>()
  server.on('request', ({ socket }, response) => {
    answering.add(socket)
    response.once('close', () => answering.delete(socket))
  })
  server.on('checkExpectation', (_, response) => refuse(response, expectation))
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    // Within an answer another one would only spoil it.
    if (!socket.writable || answering.has(socket)) {
      socket.destroy()
      return
    }
    const { statusCode, headers, body } = answerTo(PROBLEMS[error.code ?? ''] ?? notHttp)
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
    socket.end(`HTTP/1.1 ${statusCode} ${STATUS_CODES[statusCode]}\r\n${lines.join('')}\r\n${body}`)
  })
}

function answerTo(problem: Problem) {
  const requestId = randomUUID()
  const { statusCode, headers, body = '' } = problemAsJson(problem, requestId)
  return {
    statusCode,
    headers: {
      ...headers,
      'content-length': String(Buffer.byteLength(body)),
      'x-request-id': requestId,
      connection: 'close',
    },
    body,
  }
}

import { request as httpRequest, type ClientRequest, type IncomingMessage } from 'node:http'
import { request as httpsRequest } from 'node:https'
import {
  type Answer,
  type AnswerBody,
  type AnswerReader,
  BufferedAnswer,
  StreamedAnswer,
} from './answer.ts'
import type { Connections } from './connections.ts'
import { UpstreamFault } from './fault.ts'

export interface Exchange {
  readonly upstream: string
  readonly url: URL
  readonly method: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | Uint8Array | undefined
  readonly connections: Connections
  /** Ends the exchange at any point, also while an answer streams; whatever is read then rejects with its reason. */
  readonly signal: AbortSignal
  /** Called once a streamed answer is over, with the fault that ended it early, if one did. */
  readonly onStreamEnd: (fault?: UpstreamFault) => void
}

/** An answer must end somewhere. The largest that is meant: 4 MB, Pinecone's limit, or as much of embeddings. */
const MAX_BODY_BYTES = 32 * 1024 * 1024

/** How long an answer that nobody reads may go on before its connection is closed. */
const DRAIN_MS = 1000

/**
 * One request and its answer: whole, or as it comes where it is an event stream. Rejects with an `UpstreamFault`, or with
 * the signal's reason.
 */
export async function exchange(options: Exchange): Promise<Answer> {
  const { upstream, url, method, headers, body, connections, signal } = options
  signal.throwIfAborted()
  const { promise, resolve, reject } = Promise.withResolvers<Answer>()
  const send = url.protocol === 'https:' ? httpsRequest : httpRequest
  const agent = connections.agentFor(url.protocol)
  let request: ClientRequest
  try {
    // Compressed answers save nothing here that their decoding would not cost, and would hold tokens back.
    request = send(url, { method, headers: { ...headers, 'accept-encoding': 'identity' }, agent })
  } catch (error) {
    // A header that HTTP does not allow, such as a token with a line break; the error would quote it.
    throw new UpstreamFault(upstream, 'network', { code: codeOf(error) })
  }
  let message: IncomingMessage | undefined
  const onAbort = () => request.destroy()
  signal.addEventListener('abort', onAbort)
  const release = () => signal.removeEventListener('abort', onAbort)
  const fail = (error: unknown) => {
    release()
    reject(reasonOf(error) as Error)
  }
  /** A connection that was used before and dies before it says anything was dead already. */
  const reasonOf = (error: unknown) => {
    if (signal.aborted) return signal.reason
    if (error instanceof UpstreamFault) return error
    const code = codeOf(error)
    const wasStale = request.reusedSocket && !message && ['ECONNRESET', 'EPIPE'].includes(code)
    if (wasStale) connections.dropIdle()
    return new UpstreamFault(upstream, code.startsWith('HPE_') ? 'nonsense' : 'network', {
      code,
      wasStale,
    })
  }
  request.on('error', fail)
  request.on('response', (incoming) => {
    message = incoming
    if (isStream(incoming)) {
      const end = (fault?: UpstreamFault) => {
        release()
        options.onStreamEnd(fault)
      }
      resolve(new StreamedAnswer(incoming, url.href, streamBody(incoming, reasonOf, end)))
    } else {
      void readWhole(incoming, upstream)
        .then((bytes) => new BufferedAnswer(incoming, url.href, bytes))
        .then(resolve, fail)
        .finally(release)
    }
  })
  request.end(body)
  return promise
}

const isStream = ({ statusCode = 0, headers }: IncomingMessage) =>
  statusCode < 300 && (headers['content-type']?.startsWith('text/event-stream') ?? false)

async function readWhole(message: IncomingMessage, upstream: string): Promise<Buffer> {
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>()
  const chunks: Buffer[] = []
  let size = 0
  const fail = (code: string) => {
    message.destroy()
    reject(new UpstreamFault(upstream, 'nonsense', { code }))
  }
  const encoding = message.headers['content-encoding'] ?? 'identity'
  if (encoding !== 'identity') fail('CONTENT_ENCODING')
  message.on('data', (chunk: Buffer) => {
    size += chunk.length
    if (size > MAX_BODY_BYTES) fail('BODY_TOO_LARGE')
    else chunks.push(chunk)
  })
  message.once('end', () => resolve(chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks)))
  message.once('error', reject)
  return promise
}

function streamBody(
  message: IncomingMessage,
  reasonOf: (error: unknown) => unknown,
  onEnd: (fault?: UpstreamFault) => void,
): AnswerBody {
  let fault: UpstreamFault | undefined
  message.once('error', (error) => {
    const reason = reasonOf(error)
    if (reason instanceof UpstreamFault) fault = reason
  })
  message.once('close', () => onEnd(fault))

  function getReader(): AnswerReader {
    const iterator = message.iterator({ destroyOnReturn: false })
    return {
      async read() {
        try {
          const { done, value } = await iterator.next()
          return done ? { done: true, value: undefined } : { done: false, value: value as Buffer }
        } catch (error) {
          throw reasonOf(error)
        }
      },
      releaseLock() {
        if (message.readableEnded || message.destroyed) return
        const timer = setTimeout(() => message.destroy(), DRAIN_MS).unref()
        message.once('close', () => clearTimeout(timer))
        void iterator.return?.().then(() => message.resume())
      },
      async cancel() {
        message.destroy()
      },
    }
  }

  return {
    getReader,
    async *[Symbol.asyncIterator]() {
      const reader = getReader()
      try {
        for (;;) {
          const { value } = await reader.read()
          if (!value) return
          yield value
        }
      } finally {
        reader.releaseLock()
      }
    },
  }
}

/** The code of a system error, such as ECONNRESET; never its message. */
function codeOf(error: unknown): string {
  const { code, name } = (error ?? {}) as { code?: unknown; name?: unknown }
  return [code, name].find((each) => typeof each === 'string') ?? 'unknown'
}

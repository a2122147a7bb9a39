import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'

/** What the SDKs read of a `Response`. The global one costs more than all the rest of a call. */
export type Answer = BufferedAnswer | StreamedAnswer

abstract class AnswerHead {
  readonly status: number
  readonly statusText: string
  readonly url: string
  readonly received: IncomingHttpHeaders
  #headers: Headers | undefined

  constructor(message: IncomingMessage, url: string) {
    this.status = message.statusCode ?? 0
    this.statusText = message.statusMessage ?? ''
    this.received = message.headers
    this.url = url
  }

  get ok(): boolean {
    return this.status >= 200 && this.status < 300
  }

  get headers(): Headers {
    return (this.#headers ??= toHeaders(this.received))
  }
}

/** An answer that has arrived whole. */
export class BufferedAnswer extends AnswerHead {
  readonly bytes: Buffer

  constructor(message: IncomingMessage, url: string, bytes: Buffer) {
    super(message, url)
    this.bytes = bytes
  }

  async text(): Promise<string> {
    return this.bytes.toString()
  }

  async json(): Promise<unknown> {
    return JSON.parse(this.bytes.toString())
  }

  async arrayBuffer(): Promise<ArrayBuffer> {
    return new Uint8Array(this.bytes).buffer
  }

  async blob(): Promise<Blob> {
    return new Blob([new Uint8Array(this.bytes)], { type: this.received['content-type'] ?? '' })
  }

  /** It can be read any number of times, so it is its own copy. */
  clone(): this {
    return this
  }
}

/** An event stream that is still being said. */
export class StreamedAnswer extends AnswerHead {
  readonly body: AnswerBody

  constructor(message: IncomingMessage, url: string, body: AnswerBody) {
    super(message, url)
    this.body = body
  }
}

/** The part of a `ReadableStream` that readers of event streams use. */
export interface AnswerBody {
  getReader(): AnswerReader
  [Symbol.asyncIterator](): AsyncIterator<Uint8Array>
}

export interface AnswerReader {
  read(): Promise<{ done: boolean; value: Uint8Array | undefined }>
  /** Says that nobody reads on. What still comes is read and forgotten for a moment, so that the connection can be used again. */
  releaseLock(): void
  cancel(): Promise<void>
}

function toHeaders(received: IncomingHttpHeaders): Headers {
  const headers = new Headers()
  for (const [name, value] of Object.entries(received)) {
    for (const each of [value ?? []].flat()) headers.append(name, each)
  }
  return headers
}

import { Writable } from 'node:stream'

export interface ResponseHead {
  readonly statusCode: number
  readonly headers?: Readonly<Record<string, string>>
  readonly cookies?: readonly string[]
}

/** Chunks held for a slow reader before the function is asked to wait. */
const CHUNKS_AHEAD = 16

/**
 * Lambda's response stream on a host: a Writable whose far end is a web ReadableStream. As with Lambda the head
 * leaves with the first `write()`, never with `end()` alone. Source: aws-lambda-ric, held to it by test/parity.
 */
export class ResponseStream extends Writable {
  #head: ResponseHead = {
    statusCode: 200,
    headers: { 'content-type': 'application/octet-stream' },
  }
  #reader!: ReadableStreamDefaultController<Uint8Array>
  #resume: (() => void) | undefined
  readonly #opened = Promise.withResolvers<ResponseHead>()

  /** Settles at the first write; rejects when the function ends or fails before it. */
  readonly head = this.#opened.promise
  readonly body = new ReadableStream<Uint8Array>(
    {
      start: (reader) => {
        this.#reader = reader
      },
      pull: () => {
        const resume = this.#resume
        this.#resume = undefined
        resume?.()
      },
      cancel: () => {
        this.destroy()
      },
    },
    { highWaterMark: CHUNKS_AHEAD },
  )

  constructor() {
    super()
    this.on('error', () => {}) // The far end reports it; unheard, it would take the process down.
    this.head.catch(() => {})
  }

  setContentType(type: string): void {
    this.#head = { ...this.#head, headers: { ...this.#head.headers, 'content-type': type } }
  }

  setHead(head: ResponseHead): void {
    this.#head = head
  }

  override write(chunk: unknown, ...rest: never[]): boolean {
    this.#opened.resolve(this.#head)
    const isBytes = typeof chunk === 'string' || chunk instanceof Uint8Array
    return super.write(isBytes ? chunk : JSON.stringify(chunk), ...rest)
  }

  override _write(chunk: Buffer, _encoding: string, next: () => void): void {
    if (chunk.length > 0) this.#reader.enqueue(new Uint8Array(chunk))
    if ((this.#reader.desiredSize ?? 0) > 0) next()
    else this.#resume = next
  }

  override _final(next: () => void): void {
    this.#opened.reject(new Error('The response stream ended before its first write.'))
    this.#reader.close()
    next()
  }

  override _destroy(error: Error | null, next: (error?: Error | null) => void): void {
    this.#opened.reject(error ?? new Error('The response stream was destroyed.'))
    // Not the error itself: whoever sends the bytes may show its message, which may quote what a user wrote.
    if (error) this.#reader.error(new Error('The answer broke off.'))
    this.#resume = undefined
    next(error)
  }
}

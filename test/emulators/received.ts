import type { IncomingHttpHeaders } from 'node:http'

/** One request as it came in, and what became of it. */
export class ReceivedRequest {
  readonly method: string
  /** Where it was sent, such as `http://127.0.0.1:4711`. */
  readonly origin: string
  /** Path and query, byte for byte as they were sent. */
  readonly url: string
  readonly path: string
  readonly headers: IncomingHttpHeaders
  readonly receivedAtMs: number
  /** Empty until the whole body has arrived. */
  body = ''
  /** Undefined while nothing was answered. */
  status: number | undefined
  /** When the last byte of the answer had left. */
  answeredAtMs: number | undefined
  /** True when the emulator itself cut the connection, as a fault told it to. */
  cut = false
  /** When the client went away, where it did so before it had the whole answer. */
  clientClosedAtMs: number | undefined
  /** The kind of the scripted fault that it met. */
  fault: string | undefined
  /** How many tokens of a chat were made for it: what would be billed. */
  tokensMade = 0
  #json: { value: unknown } | undefined

  constructor(
    method: string,
    origin: string,
    url: string,
    headers: IncomingHttpHeaders,
    receivedAtMs: number,
  ) {
    this.method = method
    this.origin = origin
    this.url = url
    const queryStart = url.indexOf('?')
    this.path = queryStart === -1 ? url : url.slice(0, queryStart)
    this.headers = headers
    this.receivedAtMs = receivedAtMs
  }

  get query(): URLSearchParams {
    return new URLSearchParams(this.url.slice(this.path.length))
  }

  /** The body, parsed once; undefined when it is not JSON. */
  get json(): unknown {
    this.#json ??= { value: parseJson(this.body) }
    return this.#json.value
  }
}

export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

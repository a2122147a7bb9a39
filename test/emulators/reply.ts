/** What a service answers. */
export interface Reply {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
  /** Instead of `body`: writes the answer piece by piece. */
  readonly stream?: (wire: Wire) => Promise<void>
}

/** The way to a client that reads a streamed answer. */
export interface Wire {
  /** True once the client has gone. */
  readonly closed: boolean
  write(bytes: string | Uint8Array): void
  /** Resolves after `ms`, or at once when the client goes; `Infinity` waits for that alone. */
  wait(ms: number): Promise<void>
  /** Ends the connection in the middle, without a goodbye. */
  reset(): void
}

type Headers = Readonly<Record<string, string>>

export const json = (status: number, value: unknown, headers: Headers = {}): Reply =>
  jsonText(status, JSON.stringify(value), headers)

/** For an answer that is serialized already. */
export const jsonText = (status: number, body: string, headers: Headers = {}): Reply => ({
  status,
  headers: { 'content-type': 'application/json', ...headers },
  body,
})

export const text = (status: number, body: string, contentType = 'text/plain'): Reply => ({
  status,
  headers: { 'content-type': contentType },
  body,
})

export const empty = (status: number): Reply => ({ status, headers: {}, body: '' })

/** Thrown by a service that does not do what it is asked; carries its answer. */
export class Refusal extends Error {
  override readonly name = 'Refusal'
  readonly reply: Reply
  constructor(reply: Reply) {
    super(`${reply.status} ${reply.body}`)
    this.reply = reply
  }
}

import type { ReceivedRequest } from './received.ts'
import type { Reply } from './reply.ts'

/**
 * Something that goes wrong once the request has arrived whole.
 *
 * - `status`: this status with the body that the vendor sends with it, unless `body` says otherwise
 * - `html`: the page of a gateway in front of the service
 * - `slow`: the usual answer, its headers late
 * - `hang`: no answer, ever
 * - `reset`: the connection is reset before any header
 * - `half-body`: the usual answer is given, and the connection reset after half of its body
 * - `malformed`: 200, JSON by its header, cut by its length
 * - `empty-object`: 200 `{}`
 * - `answer`: whatever is given
 * - `apply-then`: the service does what it was asked, and then `fault` goes wrong
 * - `stream`: a chat that is streamed ends as told after so many tokens; chats that are not streamed never meet it
 */
export type Fault =
  | {
      readonly kind: 'status'
      readonly status: number
      /** Seconds, or the text of the header as it is. */
      readonly retryAfter?: number | string
      readonly body?: string
      readonly contentType?: string
    }
  | { readonly kind: 'html'; readonly status: number }
  | { readonly kind: 'slow'; readonly ms: number }
  | { readonly kind: 'hang' | 'reset' | 'half-body' | 'malformed' | 'empty-object' }
  | { readonly kind: 'answer'; readonly answer: Reply }
  | { readonly kind: 'apply-then'; readonly fault: Fault }
  | StreamFault

/**
 * - `truncate`: ends cleanly without finish reason and without `[DONE]`
 * - `finish-without-done`: all is said, `[DONE]` is missing
 * - `done-without-finish`: `[DONE]` comes, a finish reason never did
 * - `unterminated`: the blank line after the last event is missing
 * - `stall`: says nothing more and stays open
 * - `reset`: the connection is reset
 * - `bad-json`: an event that is not JSON
 * - `error-data`: `data: {"error": …}`
 * - `error-event`: `event: error` with plain text
 * - `not-a-stream`: the whole answer as application/json
 */
export interface StreamFault {
  readonly kind: 'stream'
  readonly as:
    | 'truncate'
    | 'finish-without-done'
    | 'done-without-finish'
    | 'unterminated'
    | 'stall'
    | 'reset'
    | 'bad-json'
    | 'error-data'
    | 'error-event'
    | 'not-a-stream'
  /** 1 unless told; what is said before it goes wrong. */
  readonly afterTokens?: number
}

/** `POST /query` or `/query`, compared whole; a pattern for `METHOD /path`; or any condition, such as on the body. */
export type Match = string | RegExp | ((request: ReceivedRequest) => boolean)

export interface FaultOptions {
  /** For how many matching requests; 1 unless told, `Infinity` until it is cancelled. */
  readonly times?: number
  /** So many matching requests pass first. */
  readonly skip?: number
  /** True holds the answer to the contract all the same; faults are exempt otherwise. */
  readonly checked?: boolean
}

export interface ScriptedFault {
  readonly fault: Fault
  readonly checked: boolean
  /** How many requests met it. */
  readonly hits: number
  cancel(): void
}

/** The faults that wait for their requests; the first that fits is taken. */
export class FaultScript {
  #scripted: Pending[] = []

  add(match: Match, fault: Fault, options: FaultOptions = {}): ScriptedFault {
    const pending: Pending = {
      fault,
      fits: fits(match, fault),
      checked: options.checked ?? false,
      hits: 0,
      remaining: options.times ?? 1,
      skip: options.skip ?? 0,
      cancel: () => {
        this.#scripted = this.#scripted.filter((each) => each !== pending)
      },
    }
    this.#scripted.push(pending)
    return pending
  }

  take(request: ReceivedRequest): ScriptedFault | undefined {
    for (const pending of this.#scripted) {
      if (!pending.fits(request)) continue
      if (pending.skip > 0) {
        pending.skip -= 1
        continue
      }
      pending.hits += 1
      pending.remaining -= 1
      if (pending.remaining <= 0) pending.cancel()
      return pending
    }
    return undefined
  }

  clear() {
    this.#scripted = []
  }
}

/** As it stands in the record, such as `status 503` or `apply-then reset`. */
export function nameOf(fault: Fault): string {
  if (fault.kind === 'apply-then') return `apply-then ${nameOf(fault.fault)}`
  if (fault.kind === 'status') return `status ${fault.status}`
  return fault.kind === 'stream' ? `stream ${fault.as}` : fault.kind
}

interface Pending extends ScriptedFault {
  readonly fits: (request: ReceivedRequest) => boolean
  hits: number
  remaining: number
  skip: number
}

function fits(match: Match, fault: Fault): (request: ReceivedRequest) => boolean {
  const matches = matcher(match)
  if (!needsStream(fault)) return matches
  return (request) => matches(request) && asksForStream(request)
}

export function matcher(match: Match): (request: ReceivedRequest) => boolean {
  if (typeof match === 'function') return match
  if (match instanceof RegExp) return ({ method, path }) => match.test(`${method} ${path}`)
  if (match.startsWith('/')) return ({ path }) => path === match
  return ({ method, path }) => `${method} ${path}` === match
}

const needsStream = (fault: Fault): boolean =>
  fault.kind === 'stream' || (fault.kind === 'apply-then' && needsStream(fault.fault))

const asksForStream = ({ json }: ReceivedRequest) =>
  typeof json === 'object' && json !== null && 'stream' in json && json.stream === true

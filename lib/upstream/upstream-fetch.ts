import type { Probe } from '../free-probes.ts'
import {
  type CircuitBreakerPolicy,
  CircuitState,
  circuitBreaker,
  ConsecutiveBreaker,
  ExponentialBackoff,
  handleWhen,
  noJitterGenerator,
} from 'cockatiel'
import { type AnswerNote, call, type UpstreamCore } from './call.ts'
import { type Connections, createConnections } from './connections.ts'
import { isOutage, UpstreamFault } from './fault.ts'
import { createStanding, FAILURES_UNTIL_ERROR, type UpstreamStatus } from './standing.ts'

/**
 * A fetch for one upstream, such as an SDK takes it: connections that are used again, a deadline for each call, repeats
 * where they are safe, a circuit breaker, and a record of how the upstream does. Its answers have the parts of a
 * `Response` that SDKs read, and a `body` only where they are event streams. Rejects with an `UpstreamFault`, or
 * with the reason of the caller's signal.
 */
export interface UpstreamFetch {
  (input: string | URL | Request, init?: RequestInit): Promise<Response>
  readonly name: string
  /** The same upstream under other terms, for one call or for one kind of calls. */
  under(terms: CallTerms): UpstreamFetch
  /** Opens so many connections by the free probe. Never rejects: an upstream may be away while we start. */
  warm(connections?: number): Promise<void>
  /** How it has done of late. */
  status(): UpstreamStatus
  /** The same, after a free probe where the last sign is older than 30 seconds. */
  check(): Promise<UpstreamStatus>
  /** For what only a driver can see: an answer with status 200 that was none. */
  failed(fault: UpstreamFault): void
  readonly connections: Connections
}

export interface CallTerms {
  /** From the call to the end of its answer, repeats included; where the answer is an event stream, to its headers. */
  readonly timeoutMs?: number
  /** How often a call is repeated at most. */
  readonly retries?: number
  /** Ends the call, for SDKs that take no signal or do not pass it on. */
  readonly signal?: AbortSignal
}

export interface UpstreamFetchOptions {
  /** As users and operators read it, such as `Hugging Face`. */
  readonly name: string
  /** Default 10,000. */
  readonly timeoutMs?: number
  /** Default 2. */
  readonly retries?: number
  /** Whether the same request twice does no more than once. Default: of GET and HEAD alone. */
  readonly isRepeatable?: (method: string, path: string) => boolean
  /** Answers that reject the call instead of being handed over. Default: all but 2xx. */
  readonly isFault?: (status: number) => boolean
  /** A GET that costs nothing, for warming and for health. */
  readonly probe?: Probe
  /** Origins that are reached under another one: `https://router.huggingface.co` at an emulator. */
  readonly origins?: Readonly<Record<string, string>>
  /** Default: its own. */
  readonly connections?: Connections
  /** Called after each answer, with its headers. */
  readonly onAnswer?: (answer: AnswerNote) => void
  /** The circuit stays open so long at first, then up to six times as long. Default 5,000. */
  readonly breakMs?: number
  readonly now?: () => Date
  /** From 0 to below 1. */
  readonly random?: () => number
}

export const UPSTREAM_TIMEOUT_MS = 10_000
const PROBE_TIMEOUT_MS = 2000
const PROBE_INTERVAL_MS = 30_000

export function createUpstreamFetch(options: UpstreamFetchOptions): UpstreamFetch {
  const {
    probe,
    connections = createConnections(),
    breakMs = 5000,
    now = () => new Date(),
  } = options
  const standing = createStanding(() => now().getTime())
  const core: UpstreamCore = {
    name: options.name,
    connections,
    origins: options.origins ?? {},
    isRepeatable: options.isRepeatable ?? ((method) => method === 'GET' || method === 'HEAD'),
    isFault: options.isFault ?? (() => true),
    onAnswer: options.onAnswer,
    now,
    random: options.random ?? Math.random,
    breaker: createBreaker(breakMs),
    breakMs,
    standing,
  }
  const usual = {
    timeoutMs: options.timeoutMs ?? UPSTREAM_TIMEOUT_MS,
    retries: options.retries ?? 2,
  }

  /** Any answer shows that the upstream is there; only one that says that it fails or refuses us is a bad sign. */
  async function runProbe({ url, headers = {} }: Probe): Promise<void> {
    const silent = { succeeded() {}, failed() {} }
    const probing = { ...core, breaker: undefined, standing: silent, onAnswer: undefined }
    const terms = { timeoutMs: PROBE_TIMEOUT_MS, retries: 0, signals: [] }
    const request = { url: new URL(url), method: 'GET', headers, body: undefined, ...terms }
    try {
      await call(probing, request)
      standing.probed()
    } catch (error) {
      const isBad = error instanceof UpstreamFault && (isOutage(error) || error.statusCode === 401)
      standing.probed(isBad ? error : undefined)
    }
  }

  let probing: Promise<void> | undefined
  async function check(): Promise<UpstreamStatus> {
    if (probe && standing.ageMs() > PROBE_INTERVAL_MS) {
      await (probing ??= runProbe(probe).finally(() => (probing = undefined)))
    }
    return standing.status()
  }

  async function warm(count = 1): Promise<void> {
    if (!probe) return
    await Promise.all(Array.from({ length: count }, () => runProbe(probe)))
  }

  function under(terms: CallTerms & typeof usual): UpstreamFetch {
    const fetch = async (input: string | URL | Request, init: RequestInit = {}) => {
      const request = {
        url: new URL(input instanceof Request ? input.url : input),
        method: init.method ?? 'GET',
        headers: toRecord(init.headers),
        body: toBody(init.body),
        timeoutMs: terms.timeoutMs,
        retries: terms.retries,
        signals: [init.signal, terms.signal].filter((signal) => signal != undefined),
      }
      return (await call(core, request)) as unknown as Response
    }
    Object.defineProperty(fetch, 'name', { value: options.name })
    return Object.assign(fetch, {
      warm,
      check,
      status: () => standing.status(),
      failed: (fault: UpstreamFault) => standing.failed(fault),
      connections,
      under: (changed: CallTerms) => under({ ...terms, ...changed }),
    })
  }
  return under(usual)
}

function createBreaker(breakMs: number): CircuitBreakerPolicy {
  const breaker: CircuitBreakerPolicy = circuitBreaker(
    // A call that was given up while it tried the circuit has shown nothing: the circuit stays open.
    handleWhen((error) =>
      error instanceof UpstreamFault ? isOutage(error) : breaker.state === CircuitState.HalfOpen,
    ),
    {
      halfOpenAfter: new ExponentialBackoff({
        generator: noJitterGenerator,
        initialDelay: breakMs,
        maxDelay: breakMs * 6,
      }),
      breaker: new ConsecutiveBreaker(FAILURES_UNTIL_ERROR),
    },
  )
  return breaker
}

function toRecord(headers: RequestInit['headers']): Record<string, string> {
  if (!headers) return {}
  const isIterable = headers instanceof Headers || Array.isArray(headers)
  return isIterable ? Object.fromEntries(headers) : { ...(headers as Record<string, string>) }
}

function toBody(body: RequestInit['body']): string | Uint8Array | undefined {
  if (body == undefined) return undefined
  if (typeof body === 'string' || body instanceof Uint8Array) return body
  throw new TypeError('Only texts and bytes can be sent.')
}

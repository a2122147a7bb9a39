import { type CircuitBreakerPolicy, CircuitState, isBrokenCircuitError } from 'cockatiel'
import { type Answer, BufferedAnswer } from './answer.ts'
import type { Connections } from './connections.ts'
import { exchange } from './exchange.ts'
import { isOutage, UpstreamFault } from './fault.ts'
import { readRetryAfter } from './retry-after.ts'
import { withRetries } from './retry.ts'
import type { Standing } from './standing.ts'

/** What all calls to one upstream have in common. */
export interface UpstreamCore {
  readonly name: string
  readonly connections: Connections
  readonly origins: Readonly<Record<string, string>>
  readonly isRepeatable: (method: string, path: string) => boolean
  readonly isFault: (status: number) => boolean
  readonly onAnswer: ((answer: AnswerNote) => void) | undefined
  readonly now: () => Date
  readonly random: () => number
  /** Undefined for a probe: it is sent however the calls before it went. */
  readonly breaker: CircuitBreakerPolicy | undefined
  readonly breakMs: number
  readonly standing: Pick<Standing, 'succeeded' | 'failed'>
}

/** What is known of an answer, also of one that rejects its call. */
export interface AnswerNote {
  readonly method: string
  readonly path: string
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly durationMs: number
}

export interface CallRequest {
  readonly url: URL
  readonly method: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | Uint8Array | undefined
  readonly timeoutMs: number
  readonly retries: number
  readonly signals: readonly AbortSignal[]
}

/** As many as a browser would hardly need: a renamed model is one. */
const MAX_REDIRECTS = 3

/** One call with its repeats, within its deadline. */
export async function call(core: UpstreamCore, request: CallRequest): Promise<Answer> {
  const { method, url } = request
  const clock = startClock(core.name, request)
  const terms = {
    retries: request.retries,
    isRepeatable: core.isRepeatable(method, url.pathname),
    deadlineMs: performance.now() + request.timeoutMs,
    signal: clock.signal,
    random: core.random,
  }
  try {
    const answer = await withRetries(() => throughBreaker(core, request, clock), terms)
    if (answer instanceof BufferedAnswer) clock.end()
    else clock.stop()
    return answer
  } catch (error) {
    clock.end()
    throw error
  }
}

async function throughBreaker(
  core: UpstreamCore,
  request: CallRequest,
  clock: Clock,
): Promise<Answer> {
  const { breaker, name, breakMs } = core
  if (!breaker) return attempt(core, request, clock)
  const left = () => new UpstreamFault(name, 'open', { retryAfterSeconds: breakMs / 1000 })
  // One call tries whether the upstream is back; cockatiel would have all others wait for it.
  if (breaker.state === CircuitState.HalfOpen) throw left()
  try {
    return await breaker.execute(() => attempt(core, request, clock))
  } catch (error) {
    throw isBrokenCircuitError(error) ? left() : error
  }
}

async function attempt(core: UpstreamCore, request: CallRequest, clock: Clock): Promise<Answer> {
  const { standing, onAnswer, isFault } = core
  const startedAtMs = performance.now()
  let answer: Answer
  try {
    answer = await followed(core, request, clock)
  } catch (error) {
    if (error instanceof UpstreamFault) standing.failed(error)
    throw error
  }
  onAnswer?.({
    method: request.method,
    path: request.url.pathname,
    status: answer.status,
    headers: answer.received,
    durationMs: performance.now() - startedAtMs,
  })
  const fault = answer.ok ? undefined : faultIn(core, answer)
  if (fault && isWorthNoting(fault)) standing.failed(fault)
  else standing.succeeded()
  if (fault && isFault(answer.status)) throw fault
  return answer
}

/** A refusal of our credentials or of our pace is the upstream's state; any other 4xx is about one request. */
const isWorthNoting = (fault: UpstreamFault) =>
  isOutage(fault) || [401, 402, 403, 429].includes(fault.statusCode ?? 0)

async function followed(
  { name, connections, origins, standing }: UpstreamCore,
  { url, method, headers, body }: CallRequest,
  clock: Clock,
): Promise<Answer> {
  let target = url
  let sent = headers
  for (let redirects = 0; ; redirects += 1) {
    const answer = await exchange({
      upstream: name,
      url: rewritten(target, origins),
      method,
      headers: sent,
      body,
      connections,
      signal: clock.signal,
      onStreamEnd(fault) {
        clock.end()
        if (fault) standing.failed(fault)
      },
    })
    const next = redirects < MAX_REDIRECTS ? redirectOf(answer, method, target) : undefined
    if (!next) return answer
    if (next.origin !== target.origin) sent = {} // Keys are for the origin they were given to.
    target = next
  }
}

/** Where a GET is sent on to. A POST is not repeated elsewhere: that is a wrong setting, and shows as a fault. */
function redirectOf({ status, received }: Answer, method: string, url: URL): URL | undefined {
  if (![301, 302, 303, 307, 308].includes(status) || !['GET', 'HEAD'].includes(method))
    return undefined
  return URL.parse(received.location ?? '', url.href) ?? undefined
}

function rewritten(url: URL, origins: Readonly<Record<string, string>>): URL {
  const origin = origins[url.origin]
  return origin === undefined ? url : new URL(url.pathname + url.search, origin)
}

function faultIn({ name, now }: UpstreamCore, answer: Answer): UpstreamFault {
  return new UpstreamFault(name, 'status', {
    statusCode: answer.status,
    code: answer instanceof BufferedAnswer ? codeIn(answer.bytes) : undefined,
    retryAfterSeconds: readRetryAfter(answer.received['retry-after'], now()),
  })
}

const MAX_ERROR_BYTES = 64 * 1024

/** The code in the body of an error: `{"error": {"code"}}` or `{"code"}`. Only what looks like a code, never a text. */
function codeIn(bytes: Buffer): string | undefined {
  if (bytes.length > MAX_ERROR_BYTES || bytes[0] !== 0x7b) return undefined
  let body: unknown
  try {
    body = JSON.parse(bytes.toString())
  } catch {
    return undefined
  }
  const { error, code: outerCode } = body as { error?: { code?: unknown } | null; code?: unknown }
  const code = error?.code ?? outerCode
  return typeof code === 'string' && /^[a-z][a-z_]{2,47}$/.test(code) ? code : undefined
}

/** The life of one call: it ends by its deadline or by whoever asked. */
interface Clock {
  readonly signal: AbortSignal
  /** No deadline any more; who asked can still end it. */
  stop(): void
  end(): void
}

function startClock(name: string, { timeoutMs, signals }: CallRequest): Clock {
  const gone = new AbortController()
  const timer = setTimeout(() => gone.abort(new UpstreamFault(name, 'timeout')), timeoutMs)
  const leaving = signals.map((signal) => {
    const onAbort = () => gone.abort(signal.reason)
    if (signal.aborted) onAbort()
    signal.addEventListener('abort', onAbort)
    return () => signal.removeEventListener('abort', onAbort)
  })
  return {
    signal: gone.signal,
    stop: () => clearTimeout(timer),
    end() {
      clearTimeout(timer)
      for (const leave of leaving) leave()
    },
  }
}

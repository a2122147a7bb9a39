import { once } from 'node:events'
import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2, Context } from 'aws-lambda'
import type * as z from 'zod'
import { describeError, isProblem, Problem } from './errors.ts'
import { config } from './config.ts'
import { readCookie, writeCookie } from './function/cookies.ts'
import {
  callerWentAway,
  deadlinePassed,
  isHangUp,
  methodNotAllowed,
  unexpected,
} from './function/endings.ts'
import { anyone, type Caller, identify, keyNeeded } from './function/identity.ts'
import { bodyLimitBytes, checkForgery, faultsOfKey, readInput } from './function/input.ts'
import { takeFromUserLimit } from './function/limit.ts'
import { type Logger, type Metrics, MetricUnit, observe } from './function/observe.ts'
import { problemAsJson, securityHeaders } from './function/replies.ts'
import { createRouter, type RouteKey } from './function/routes.ts'

export type { Caller } from './function/identity.ts'
export { isHangUp } from './function/endings.ts'
export { json, problemAsJson } from './function/replies.ts'
export type { RouteKey } from './function/routes.ts'
export { type Logger, type Metrics, MetricUnit } from './function/observe.ts'

/**
 * What a route takes. A route has a JSON `body`, a `form` or JSON lines; a form is checked against
 * cross-site forgery. Whatever is wrong with a request is answered at once, all faults together.
 */
export interface RouteInput<B extends z.ZodType, F extends z.ZodType, Q extends z.ZodType> {
  readonly body?: B
  readonly form?: F
  readonly query?: Q
  /** JSON lines; the handler reads them, because one that is wrong does not spoil the others. */
  readonly takesLines?: boolean
  /** 64 KiB unless said otherwise. */
  readonly bodyLimitBytes?: number
  /** Takes the header Idempotency-Key: the handler answers a repeat as it answered first (lib/memory/once.ts). */
  readonly isIdempotent?: boolean
  /** Of a page: answered to whoever has not signed in too, where keys are asked for. */
  readonly forStrangers?: boolean
  /** Never refused for how often it is asked, such as what ends work. Of a page only forms are counted. */
  readonly uncounted?: boolean
}

export interface Call<B = unknown, F = unknown, Q = unknown> {
  readonly body: B
  readonly form: F
  readonly query: Q
  /** JSON lines as they came; empty where the route takes none. */
  readonly lines: string
  /** From the path, decoded. */
  readonly params: Readonly<Record<string, string>>
  readonly caller: Caller
  /** Whether whoever calls needs a key. */
  readonly asksForKey: boolean
  readonly requestId: string
  /** As the caller gave it; undefined where there is none, or the route takes none. */
  readonly idempotencyKey: string | undefined
  readonly header: (name: string) => string | undefined
  /** A cookie of the page's own that nobody signed, such as a preference. */
  readonly cookie: (name: string) => string | undefined
  /** Set-Cookie that keeps it in this browser for a year. */
  readonly keepCookie: (name: string, value: string) => string
  readonly path: string
  /** Counts and ids for the one log line of this request; never text that a user wrote or reads. */
  readonly note: (keys: Record<string, string | number | boolean>) => void
  readonly log: Logger
  readonly metrics: Metrics
  /** Fires when the caller goes away (on a host; Lambda cannot tell) or the deadline nears (everywhere). */
  readonly signal: AbortSignal
}

export interface Reply {
  readonly statusCode: number
  readonly headers?: Readonly<Record<string, string>>
  readonly cookies?: readonly string[]
  readonly body?: string | AsyncIterable<string>
}
export type BufferedReply = Reply & { readonly body?: string }

export interface FunctionSpec {
  /** Name of the folder, the bundle and the metrics. */
  readonly name: string
  /** Who may call: everybody, unasked (`public`); whom the API's rules name (`api`); whom the cookie names (`page`). */
  readonly access: 'public' | 'api' | 'page'
  /** How a problem is shown; problem+json unless said otherwise, and always for /api/. */
  readonly showProblem?: (problem: Problem, call: ProblemCall) => BufferedReply
}

/** What the way a problem is shown may depend on. */
export interface ProblemCall {
  readonly requestId: string
  readonly isHtmx: boolean
  /** With its query, where the caller can be sent back to it: that of a GET. */
  readonly path: string | undefined
}

interface Route<R extends Reply> {
  readonly input: RouteInput<z.ZodType, z.ZodType, z.ZodType>
  /** A method, so that a route may say more narrowly what its call holds: its own input made it so. */
  run(call: Call): Promise<R>
}
export type Routes<R extends Reply> = Partial<Record<RouteKey, Route<R>>>

/** One entry of a function's table of routes: what it takes and what it does. */
export function route<
  R extends Reply,
  B extends z.ZodType = z.ZodUndefined,
  F extends z.ZodType = z.ZodUndefined,
  Q extends z.ZodType = z.ZodUndefined,
>(
  input: RouteInput<B, F, Q>,
  run: (call: Call<z.infer<B>, z.infer<F>, z.infer<Q>>) => Promise<R>,
): Route<R> {
  return { input, run }
}

export type BufferedHandler = (
  event: APIGatewayProxyEventV2,
  context: Context,
) => Promise<APIGatewayProxyStructuredResultV2>

export type StreamedHandler = (
  event: APIGatewayProxyEventV2,
  stream: awslambda.HttpResponseStream,
  context: Context,
) => Promise<void>

/** A function whose answer is whole before it leaves. */
export function buffered(
  spec: FunctionSpec,
  table: Routes<BufferedReply>,
): { routes: RouteKey[]; handler: BufferedHandler } {
  const begin = prepare(spec, table)
  return {
    routes: keysOf(table),
    async handler(event, context) {
      const call = begin(event, context)
      const { statusCode, headers = {}, cookies = [], body } = await call.answer()
      call.done(statusCode)
      return { statusCode, headers, cookies: [...cookies], ...(body === undefined ? {} : { body }) }
    },
  }
}

/**
 * A function whose answer leaves as it is made. It always writes a body (Lambda drops the head of an empty
 * one), so it never answers 204 or 303.
 */
export function streamed(
  spec: FunctionSpec,
  table: Routes<Reply>,
): { routes: RouteKey[]; handler: StreamedHandler } {
  const begin = prepare(spec, table)
  const run: StreamedHandler = async (event, raw, context) => {
    const call = begin(event, context)
    raw.once('close', () => {
      if (!raw.writableFinished) call.gone.abort(callerWentAway())
    })
    let status = 500
    try {
      const { body = '', ...head } = await call.answer()
      const stream = awslambda.HttpResponseStream.from(raw, { ...head })
      stream.write('') // The head leaves with the first write; end() alone would drop it.
      status = head.statusCode
      await writeAll(stream, body, call.gone.signal)
    } catch (error) {
      if (raw.destroyed) call.gone.abort(callerWentAway()) // The stream may not have told it yet.
      // The head is out: the cut connection tells the caller, the log tells us.
      if (!call.gone.signal.aborted) call.fail(error)
      throw error
    } finally {
      call.done(isHangUp(call.gone.signal) ? 499 : status)
    }
  }
  return {
    routes: keysOf(table),
    handler: awslambda.streamifyResponse(run) as unknown as StreamedHandler,
  }
}

async function writeAll(
  stream: awslambda.HttpResponseStream,
  body: string | AsyncIterable<string>,
  signal: AbortSignal,
) {
  if (typeof body === 'string') {
    if (body) stream.write(body)
  } else {
    for await (const chunk of body) {
      if (!stream.write(chunk)) await once(stream, 'drain', { signal })
    }
  }
  if (stream.destroyed) throw callerWentAway() // end() would never call back.
  await new Promise<void>((resolve, reject) => {
    stream.once('error', reject)
    stream.end(resolve)
  })
}

/** Time kept back from the deadline to say so in good form. */
const DEADLINE_MARGIN_MS = 500

function prepare<R extends Reply>(spec: FunctionSpec, table: Routes<R>) {
  const { log, metrics } = observe(spec.name)
  const find = createRouter(keysOf(table))

  return (event: APIGatewayProxyEventV2, context: Context) => {
    const startedAtMs = performance.now()
    const { requestId, http } = event.requestContext
    const gone = new AbortController()
    // A timer that can be cleared: AbortSignal.timeout() outlives the request and piles up on a busy host.
    const deadline = setTimeout(
      () => gone.abort(deadlinePassed()),
      Math.max(1, context.getRemainingTimeInMillis() - DEADLINE_MARGIN_MS),
    )
    const found = find(http.method, event.rawPath)
    const key = found && 'key' in found ? found.key : undefined
    const notes: Record<string, string | number | boolean> = {}
    let limitHeaders: Readonly<Record<string, string>> = {}
    log.addContext(context)
    log.appendKeys({ request_id: requestId, route: key ?? 'none' })
    metrics.addMetadata('request_id', requestId)

    const fail = (error: unknown) => log.error('failed', { failure: describeError(error) })

    async function run(): Promise<R> {
      if (!found) throw new Problem(404, 'Not found', 'There is nothing at this address.')
      if (!('key' in found)) throw methodNotAllowed(found.allow)
      const entry = table[found.key] as Route<R>
      const { input } = entry
      if (input.form) checkForgery(event)
      const caller =
        spec.access === 'public'
          ? anyone
          : identify(spec.access, event, (faults) => log.warn('keys', { faults: [...faults] }))
      if (caller.key) notes['key'] = caller.key.label
      if (spec.access === 'page' && !input.forStrangers && isStranger(caller)) throw signInFirst()
      const idempotencyKey = input.isIdempotent ? event.headers['idempotency-key'] : undefined
      const faults = [...caller.faults, ...faultsOfKey(idempotencyKey)]
      const given = readInput(input, event, bodyLimitBytes(input), faults)
      const isCounted = spec.access === 'api' || input.form !== undefined
      if (isCounted && !input.uncounted) {
        const named = { ...given, params: found.params, path: event.rawPath }
        limitHeaders = await takeFromUserLimit(caller, named)
      }
      return entry.run({
        ...given,
        params: found.params,
        caller,
        asksForKey: config().asksForKey,
        requestId,
        idempotencyKey,
        header: (name) => event.headers[name],
        cookie: (name) => readCookie(event, name),
        keepCookie: (name, value) => writeCookie(event, name, value, YEAR_SECONDS),
        path: event.rawPath,
        note: (more) => Object.assign(notes, more),
        log,
        metrics,
        signal: gone.signal,
      })
    }

    function show(error: unknown): R {
      const problem = isProblem(error) ? error : unexpected(error, gone.signal)
      if (problem.status >= 500 && !isHangUp(gone.signal)) fail(error)
      const isHtmx = event.headers['hx-request'] === 'true'
      const query = event.rawQueryString === '' ? '' : `?${event.rawQueryString}`
      const path = http.method === 'GET' ? event.rawPath + query : undefined
      return spec.showProblem && !event.rawPath.startsWith('/api/')
        ? (spec.showProblem(problem, { requestId, isHtmx, path }) as R)
        : (problemAsJson(problem, requestId) as R)
    }

    return {
      gone,
      fail,
      async answer(): Promise<R> {
        const reply = await run().catch(show)
        const headers = {
          ...everyReplyHeaders,
          ...limitHeaders,
          'x-request-id': requestId,
          ...reply.headers,
        }
        return { ...reply, headers }
      },
      done(status: number) {
        clearTimeout(deadline)
        const latencyMs = performance.now() - startedAtMs
        metrics.addDimension('status', `${Math.floor(status / 100)}xx`)
        metrics.addMetric('Requests', MetricUnit.Count, 1)
        metrics.addMetric('Latency', MetricUnit.Milliseconds, latencyMs)
        metrics.publishStoredMetrics()
        log.info('request', { ...notes, status, latency_ms: Math.round(latencyMs * 10) / 10 })
        log.resetKeys()
      },
    }
  }
}

const everyReplyHeaders = { 'cache-control': 'no-store', ...securityHeaders }

const YEAR_SECONDS = 365 * 24 * 60 * 60

/** A page's caller who has no key's session, where keys are asked for. */
const isStranger = ({ session }: Caller) => config().asksForKey && session === undefined

const signInFirst = () => keyNeeded('Sign in with a key to go on.')

const keysOf = (table: object) => Object.keys(table) as RouteKey[]

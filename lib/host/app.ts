import { randomUUID } from 'node:crypto'
import { getConnInfo } from '@hono/node-server/conninfo'
import { type Context as HonoContext, Hono } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import { cors } from 'hono/cors'
import { commit, version } from '../build-info.ts'
import { describeError, isProblem, Problem } from '../errors.ts'
import { createRouter } from '../function/routes.ts'
import { methodNotAllowed } from '../function/endings.ts'
import { securityHeaders } from '../function/replies.ts'
import type { RateLimit } from '../rate-limit.ts'
import { bucketOf, type Client, clientOf } from './client.ts'
import { toContext, toEvent } from './event.ts'
import { type Fault, mountFault } from './fault.ts'
import type { HostLog } from './log.ts'
import { refusal } from './refusal.ts'
import type { HostedFunction, Runtime } from './runtime.ts'

export interface HostAppOptions {
  readonly runtime: Runtime
  readonly functions: readonly HostedFunction[]
  readonly corsOrigins: readonly string[]
  readonly trustedProxies: number
  /** Of one client address; files and probes are not counted. */
  readonly addressLimit: RateLimit | undefined
  readonly turnTimeoutMs: number
  readonly isReady: () => boolean
  readonly isDraining: () => boolean
  /** No new connection is taken; each that is there carries one more answer. */
  readonly isClosing: () => boolean
  readonly scrape: () => string
  /** Makes this a bad release on purpose. */
  readonly fault: Fault | undefined
  readonly log: HostLog
}

const ownHeaders = Object.entries(securityHeaders)

type HostEnv = { Variables: { requestId: string; startedAtMs: number; client: Client } }

/** Lambda's own limit of a request; the functions hold theirs, which are lower. */
const MAX_BODY_BYTES = 6 * 1024 * 1024
const REQUEST_ID = /^[A-Za-z0-9_-]{8,64}$/

/** The page's own files and the answer to whether all is well cost nothing; probes ask for them for ever. */
const UNCOUNTED = /^\/(assets\/.*|favicon\.ico|robots\.txt|api\/health)$/

/** HTTP in front of the functions: each request becomes an event, each result a response. */
export function createHostApp(options: HostAppOptions): Hono<HostEnv> {
  const app = new Hono<HostEnv>()
  app.use(async (c, next) => {
    const given = c.req.header('x-request-id')
    c.set('requestId', given !== undefined && REQUEST_ID.test(given) ? given : randomUUID())
    c.set('startedAtMs', performance.now())
    c.set('client', clientOf(addressOf(c), c.req.raw.headers, options.trustedProxies))
    await next()
    const { headers } = c.res // Each `c.header` now would make a response of its own.
    headers.set('x-request-id', c.get('requestId'))
    for (const [name, value] of ownHeaders) if (!headers.has(name)) headers.set(name, value)
    if (options.isClosing()) headers.set('connection', 'close')
  })
  if (options.fault) mountFault(app, options.fault)
  mountOwnRoutes(app, options)
  if (options.corsOrigins.length > 0) {
    app.use(
      '/api/*',
      cors({
        origin: [...options.corsOrigins],
        allowMethods: ['GET', 'POST', 'PATCH', 'DELETE'],
        allowHeaders: [
          'content-type',
          'authorization',
          'x-api-key',
          'x-user-id',
          'x-request-id',
          'idempotency-key',
        ],
        exposeHeaders: ['x-request-id', 'retry-after', 'ratelimit', 'ratelimit-policy'],
        maxAge: 600,
      }),
    )
  }
  /** A request that reaches no function has its one line from here. */
  const refuse = (c: HonoContext<HostEnv>, problem: Problem) => {
    options.log('INFO', 'request', {
      request_id: c.get('requestId'),
      route: 'none',
      status: problem.status,
      latency_ms: Math.round((performance.now() - c.get('startedAtMs')) * 10) / 10,
    })
    return show(c, problem)
  }
  app.use(async (c, next) => {
    if (!UNCOUNTED.test(c.req.path)) {
      await options.addressLimit?.take(bucketOf(c.get('client').address))
    }
    await next()
  })
  const limit = bodyLimit({
    maxSize: MAX_BODY_BYTES,
    onError: (c) => refuse(c as HonoContext<HostEnv>, bodyTooLarge),
  })
  app.use(limit)
  mountFunctions(app, options)
  app.onError((error, c) => {
    if (isProblem(error)) return refuse(c, error)
    // A caller who went away is no fault of ours, and nobody is left to read the answer.
    if (!c.req.raw.signal.aborted) {
      options.log('ERROR', 'failed', {
        request_id: c.get('requestId'),
        failure: describeError(error),
      })
    }
    return show(c, internalError)
  })
  return app
}

/** Liveness, readiness, version and metrics are the host's own: they must answer while no function does. */
function mountOwnRoutes(app: Hono<HostEnv>, { isReady, isDraining, scrape }: HostAppOptions): void {
  app.get('/healthz', (c) => c.json({ status: 'ok' }))
  app.get('/readyz', (c) => {
    const ready = isReady() && !isDraining()
    return c.json(
      { status: ready ? 'ready' : isDraining() ? 'draining' : 'starting' },
      ready ? 200 : 503,
    )
  })
  app.get('/version', (c) => c.json({ version, commit }))
  app.get('/metrics', (c) =>
    c.text(scrape(), 200, { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' }),
  )
}

function mountFunctions(app: Hono<HostEnv>, options: HostAppOptions): void {
  const { runtime, functions, turnTimeoutMs } = options
  const owners = new Map(functions.flatMap((fn) => fn.routes.map((key) => [key, fn] as const)))
  const find = createRouter([...owners.keys()])
  app.all('*', async (c) => {
    const found = find(c.req.method, new URL(c.req.url).pathname)
    if (!found) throw new Problem(404, 'Not found', 'There is nothing at this address.')
    if ('allow' in found) throw methodNotAllowed(found.allow)
    const { key, params } = found
    const fn = owners.get(key)!
    if (c.req.method === 'HEAD' && fn.isStreamed) throw methodNotAllowed(['GET'])
    const source = {
      routeKey: key,
      pathParameters: params,
      requestId: c.get('requestId'),
      client: c.get('client'),
    }
    const event = await toEvent(c.req.raw, source)
    const context = toContext(fn.name, randomUUID(), turnTimeoutMs)
    return runtime.invoke(fn, event, context, c.req.raw.signal)
  })
}

/** The socket's other end; none where the app is called without a socket. */
function addressOf(c: HonoContext<HostEnv>): string {
  try {
    return getConnInfo(c).remote.address ?? '127.0.0.1'
  } catch {
    return '127.0.0.1'
  }
}

const bodyTooLarge = new Problem(413, 'Body too large', 'A body may have at most 6 MiB.')
const internalError = new Problem(
  500,
  'Internal error',
  'Something went wrong on our side. It is logged under this request id.',
)

const show = (c: HonoContext<HostEnv>, problem: Problem) =>
  refusal(c.req.raw, problem, c.get('requestId'))

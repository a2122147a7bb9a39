import { readdir } from 'node:fs/promises'
import { InvokeStore, type InvokeStoreBase } from '@aws/lambda-invoke-store'
import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2, Context } from 'aws-lambda'
import type { BufferedHandler, RouteKey, StreamedHandler } from '../function.ts'
import { type ResponseHead, ResponseStream } from './response-stream.ts'

/** What a built function says of itself. */
export interface KnownFunction {
  readonly name: string
  readonly routes: readonly RouteKey[]
  readonly isStreamed: boolean
}

/** A built function, ready to be called. */
export interface HostedFunction extends KnownFunction {
  /** The exported handler, as Lambda would load it. */
  handler(): Promise<Handler>
}

type Handler = BufferedHandler | StreamedHandler

export interface Runtime {
  /** Imports every bundle in `folder`, a URL that ends in a slash; those that are known already when they are first called. */
  load(folder: URL, known?: readonly KnownFunction[]): Promise<HostedFunction[]>
  /**
   * Calls the exported handler, as Lambda would. Rejects when the handler does. `gone` fires when the caller goes away,
   * which ends the stream of a streamed function; Lambda cannot tell and has none.
   */
  invoke(
    fn: HostedFunction,
    event: APIGatewayProxyEventV2,
    context: Context,
    gone?: AbortSignal,
  ): Promise<Response>
  /** Handlers that have not returned: a streamed one returns after its last byte. */
  readonly running: ReadonlySet<Promise<unknown>>
}

/** What the runtime's own client (aws-lambda-ric) looks for on a handler. */
const STREAMING = Symbol.for('aws.lambda.runtime.handler.streaming')
const REQUEST_ID = Symbol.for('_AWS_LAMBDA_REQUEST_ID')

/**
 * Sets up what Lambda's runtime offers to a function, with many calls at once in one process as on Lambda Managed
 * Instances. To be called before any bundle is imported.
 */
export async function installRuntime(options: { maxConcurrency: number }): Promise<Runtime> {
  process.env['AWS_LAMBDA_MAX_CONCURRENCY'] ??= String(options.maxConcurrency)
  const store = await InvokeStore.getInstanceAsync(true)
  Object.assign(globalThis.awslambda, {
    streamifyResponse: (handler: object) => Object.assign(handler, { [STREAMING]: 'response' }),
    HttpResponseStream: {
      from(stream: ResponseStream, head: ResponseHead) {
        stream.setHead(head)
        return stream
      },
    },
  })
  const running = new Set<Promise<unknown>>()
  return {
    running,
    async load(folder, known = []) {
      const files = (await readdir(folder)).filter((file) => file.endsWith('.mjs')).toSorted()
      const functions = files.map(async (file) => {
        const fn = known.find(({ name }) => file === `${name}.mjs`)
        return fn ? lateFunction(fn, new URL(file, folder)) : loadFunction(new URL(file, folder))
      })
      return Promise.all(functions)
    },
    async invoke(fn, event, context, gone) {
      const handler = await fn.handler()
      const within = <T>(work: () => Promise<T>) => track(running, runWithin(store, context, work))
      return fn.isStreamed
        ? invokeStreamed(handler as StreamedHandler, event, context, within, gone)
        : invokeBuffered(handler as BufferedHandler, event, context, within)
    },
  }
}

export async function loadFunction(file: URL): Promise<HostedFunction> {
  const bundle = (await import(file.href)) as { handler: Handler; routes: readonly RouteKey[] }
  const { handler, routes } = bundle
  const name = file.pathname
    .split('/')
    .at(-1)!
    .replace(/\.mjs$/, '')
  const isStreamed = (handler as unknown as Record<symbol, unknown>)[STREAMING] === 'response'
  return { name, routes, isStreamed, handler: async () => handler }
}

function lateFunction(known: KnownFunction, file: URL): HostedFunction {
  let loading: Promise<HostedFunction> | undefined
  return {
    ...known,
    async handler() {
      loading ??= loadFunction(file)
      return (await loading).handler()
    },
  }
}

type Within = <T>(work: () => Promise<T>) => Promise<T>

async function invokeBuffered(
  handler: BufferedHandler,
  event: APIGatewayProxyEventV2,
  context: Context,
  within: Within,
): Promise<Response> {
  const result: APIGatewayProxyStructuredResultV2 = await within(() => handler(event, context))
  const status = result.statusCode ?? 200
  return new Response(bodyOf(result), { status, headers: headersOf(result as ResponseHead) })
}

async function invokeStreamed(
  handler: StreamedHandler,
  event: APIGatewayProxyEventV2,
  context: Context,
  within: Within,
  gone?: AbortSignal,
): Promise<Response> {
  const stream = new ResponseStream()
  // Before the first write nobody reads the stream, so nobody else would notice.
  const leave = () => void stream.destroy()
  gone?.addEventListener('abort', leave, { once: true })
  if (gone?.aborted) leave()
  const run = () => handler(event, stream, context)
  const onReturn = () => {
    // Lambda would wait until its timeout; a host cuts at once.
    if (!stream.writableEnded) stream.destroy(new Error('The response stream was not ended.'))
  }
  within(run).then(onReturn, (error: Error) => stream.destroy(error))
  const head = await stream.head
  return new Response(stream.body, { status: head.statusCode, headers: headersOf(head) })
}

function runWithin<T>(store: InvokeStoreBase, context: Context, work: () => Promise<T>) {
  return store.run({ [REQUEST_ID]: context.awsRequestId }, work)
}

function track<T>(running: Set<Promise<unknown>>, work: Promise<T>): Promise<T> {
  running.add(work)
  const forget = () => running.delete(work)
  work.then(forget, forget)
  return work
}

function bodyOf({ body, isBase64Encoded }: APIGatewayProxyStructuredResultV2) {
  if (body === undefined) return null
  return isBase64Encoded ? Buffer.from(body, 'base64') : body
}

function headersOf(head: ResponseHead): Headers {
  const headers = new Headers(head.headers)
  for (const cookie of head.cookies ?? []) headers.append('set-cookie', cookie)
  return headers
}

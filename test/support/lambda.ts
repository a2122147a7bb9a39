import { randomUUID } from 'node:crypto'
import { pathToFileURL } from 'node:url'
import type { APIGatewayProxyEventV2 } from 'aws-lambda'
import { inject } from 'vitest'
import { toContext } from '../../lib/host/event.ts'
import { installRuntime, type LoadedFunction, type Runtime } from '../../lib/host/runtime.ts'

/** The built functions in this process, called with events as Lambda would. */
export interface LoadedProduct {
  readonly runtime: Runtime
  readonly functions: readonly LoadedFunction[]
  call(name: string, event: APIGatewayProxyEventV2, remainingMs?: number): Promise<Response>
  /** Resolves when every handler has returned, which for a streamed one is after its last byte. */
  settled(): Promise<void>
}

/** Once in a process: bundles are loaded once, with the settings of that moment. */
export async function loadProduct(dist: string = inject('dist')): Promise<LoadedProduct> {
  const runtime = await installRuntime({ maxConcurrency: 256 })
  const functions = await runtime.load(pathToFileURL(`${dist}/functions/`))
  return {
    runtime,
    functions,
    async call(name, event, remainingMs = 30_000) {
      const fn = functions.find((loaded) => loaded.name === name)
      if (!fn) throw new Error(`There is no function ${name}.`)
      return runtime.invoke(fn, event, toContext(name, randomUUID(), remainingMs))
    },
    async settled() {
      while (runtime.running.size > 0) await Promise.allSettled(runtime.running)
    },
  }
}

export interface EventOptions {
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>>
  readonly cookies?: readonly string[]
  readonly query?: string
  readonly requestId?: string
}

/** An event as a Lambda function URL makes it: without a route and without path parameters. */
export function functionUrlEvent(
  method: string,
  path: string,
  { body, headers = {}, cookies, query = '', requestId = randomUUID() }: EventOptions = {},
): APIGatewayProxyEventV2 {
  return {
    version: '2.0',
    routeKey: '$default',
    rawPath: path,
    rawQueryString: query,
    headers: { ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
    ...(cookies ? { cookies: [...cookies] } : {}),
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    isBase64Encoded: false,
    requestContext: {
      accountId: 'anonymous',
      apiId: 'url',
      domainName: 'url.lambda-url.eu-west-1.on.aws',
      domainPrefix: 'url',
      requestId,
      routeKey: '$default',
      stage: '$default',
      time: '20/Nov/2026:12:00:00 +0000',
      timeEpoch: Date.UTC(2026, 10, 20, 12),
      http: {
        method,
        path,
        protocol: 'HTTP/1.1',
        sourceIp: '203.0.113.7',
        userAgent: 'vitest',
      },
    },
  }
}

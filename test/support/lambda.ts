import { randomUUID } from 'node:crypto'
import { pathToFileURL } from 'node:url'
import type { APIGatewayProxyEventV2 } from 'aws-lambda'
import { inject, vi } from 'vitest'
import { toContext } from '../../lib/host/event.ts'
import { installRuntime } from '../../lib/host/runtime.ts'
import { UNLIMITED } from './host.ts'
import { temporaryFolder } from './temporary-folder.ts'

/** The built functions in this process, called with events as Lambda would. */
export interface LoadedProduct extends AsyncDisposable {
  readonly dataDir: string
  call(name: string, event: APIGatewayProxyEventV2, remainingMs?: number): Promise<Response>
  /** Resolves when every handler has returned, which for a streamed one is after its last byte. */
  settled(): Promise<void>
  /** Every line that was written so far; none of it reaches the terminal. */
  lines(): Record<string, unknown>[]
}

export interface LoadOptions {
  readonly dist?: string
  readonly env?: Readonly<Record<string, string>>
  /** A module to load first. */
  readonly preload?: string
}

/** Once in a process: bundles are loaded once, with the settings of that moment, and a data folder of their own. */
export async function loadProduct(options: LoadOptions = {}): Promise<LoadedProduct> {
  const { dist = inject('dist'), env = {}, preload } = options
  const data = await temporaryFolder()
  const unlimited = { ...UNLIMITED, GENERATIONS_PER_USER: '0', GENERATIONS_TOTAL: '0' }
  for (const [name, value] of Object.entries({ DATA_DIR: data.path, ...unlimited, ...env })) {
    vi.stubEnv(name, value)
  }
  let written = ''
  const spies = [process.stdout, process.stderr].map((stream) =>
    vi.spyOn(stream, 'write').mockImplementation((chunk) => {
      written += String(chunk)
      return true
    }),
  )
  const runtime = await installRuntime({ maxConcurrency: 256 })
  if (preload !== undefined) await import(/* @vite-ignore */ pathToFileURL(preload).href)
  const functions = await runtime.load(pathToFileURL(`${dist}/functions/`))
  const settled = async () => {
    while (runtime.running.size > 0) await Promise.allSettled(runtime.running)
  }
  return {
    dataDir: data.path,
    settled,
    async call(name, event, remainingMs = 30_000) {
      const fn = functions.find((loaded) => loaded.name === name)
      if (!fn) throw new Error(`There is no function ${name}.`)
      return runtime.invoke(fn, event, toContext(name, randomUUID(), remainingMs))
    },
    lines: () =>
      written
        .split('\n')
        .filter((line) => line.startsWith('{'))
        .map((line) => JSON.parse(line) as Record<string, unknown>),
    async [Symbol.asyncDispose]() {
      await settled()
      for (const spy of spies) spy.mockRestore()
      vi.unstubAllEnvs()
      await data[Symbol.asyncDispose]()
    },
  }
}

export interface EventOptions {
  /** Sent as JSON. */
  readonly body?: unknown
  /** Sent in base64, as Lambda passes on a form. */
  readonly text?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly cookies?: readonly string[]
  readonly query?: string
  readonly requestId?: string
}

/** An event as a Lambda function URL makes it: without a route and without path parameters. */
export function functionUrlEvent(
  method: string,
  path: string,
  { body, text, headers = {}, cookies, query = '', requestId = randomUUID() }: EventOptions = {},
): APIGatewayProxyEventV2 {
  const sent =
    text === undefined
      ? body === undefined
        ? undefined
        : JSON.stringify(body)
      : Buffer.from(text).toString('base64')
  return {
    version: '2.0',
    routeKey: '$default',
    rawPath: path,
    rawQueryString: query,
    headers: { ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
    ...(cookies ? { cookies: [...cookies] } : {}),
    ...(sent === undefined ? {} : { body: sent }),
    isBase64Encoded: text !== undefined,
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

import { isUtf8 } from 'node:buffer'
import type { APIGatewayProxyEventV2, Context } from 'aws-lambda'
import type { RouteKey } from '../function.ts'
import type { Client } from './client.ts'

export interface EventSource {
  readonly routeKey: RouteKey
  readonly pathParameters: Record<string, string>
  readonly requestId: string
  readonly client: Client
}

/** What API Gateway and function URLs pass on as text; all else is base64, forms and bodies without a type too. */
const TEXT = /^(text\/|application\/(json|javascript|xml)\b)/

/** An HTTP request as an event of payload format 2.0. */
export async function toEvent(
  request: Request,
  { routeKey, pathParameters, requestId, client }: EventSource,
): Promise<APIGatewayProxyEventV2> {
  const url = new URL(request.url)
  const { cookie, ...given } = Object.fromEntries(request.headers) as Record<string, string>
  const headers = withForwarded(given, client)
  const body = await readBody(request)
  const now = new Date()
  return {
    version: '2.0',
    routeKey,
    rawPath: url.pathname,
    rawQueryString: url.search.slice(1),
    headers,
    ...(cookie ? { cookies: cookie.split(/;\s*/) } : {}),
    ...(url.search ? { queryStringParameters: joined(url.searchParams) } : {}),
    ...(Object.keys(pathParameters).length > 0 ? { pathParameters } : {}),
    ...body,
    requestContext: {
      accountId: 'anonymous',
      apiId: 'host',
      domainName: url.hostname,
      domainPrefix: 'host',
      requestId,
      routeKey,
      stage: '$default',
      time: now.toISOString(),
      timeEpoch: now.getTime(),
      http: {
        method: request.method,
        path: url.pathname,
        protocol: 'HTTP/1.1',
        sourceIp: client.address,
        userAgent: headers['user-agent'] ?? '',
      },
    },
  }
}

/** What proxies say of the client, as it is believed: nothing of what anyone else can have written. */
function withForwarded(
  { 'x-forwarded-for': _for, 'x-forwarded-proto': _proto, ...headers }: Record<string, string>,
  { address, isSecure }: Client,
): Record<string, string> {
  if (isSecure === undefined) return headers
  return {
    ...headers,
    'x-forwarded-for': address,
    'x-forwarded-proto': isSecure ? 'https' : 'http',
  }
}

async function readBody(request: Request): Promise<{ body?: string; isBase64Encoded: boolean }> {
  if (request.body === null) return { isBase64Encoded: false }
  const bytes = Buffer.from(await request.arrayBuffer())
  if (bytes.length === 0) return { isBase64Encoded: false }
  // Bytes that are no text are passed on as they are, for the function to refuse.
  if (TEXT.test(request.headers.get('content-type') ?? '') && isUtf8(bytes)) {
    return { body: new TextDecoder().decode(bytes), isBase64Encoded: false }
  }
  return { body: bytes.toString('base64'), isBase64Encoded: true }
}

/** Payload 2.0 joins the values of a repeated parameter by commas. */
function joined(parameters: URLSearchParams): Record<string, string> {
  return Object.fromEntries(
    [...new Set(parameters.keys())].map((key) => [key, parameters.getAll(key).join(',')]),
  )
}

export function toContext(name: string, awsRequestId: string, timeoutMs: number): Context {
  const deadlineMs = Date.now() + timeoutMs
  return {
    awsRequestId,
    functionName: name,
    functionVersion: '$LATEST',
    memoryLimitInMB: '1024',
    invokedFunctionArn: `arn:aws:lambda:host:000000000000:function:${name}`,
    logGroupName: `/aws/lambda/${name}`,
    logStreamName: 'host',
    callbackWaitsForEmptyEventLoop: false,
    getRemainingTimeInMillis: () => deadlineMs - Date.now(),
    // Callbacks of the runtime before Node 10; the managed runtime has none on Node 24.
    done: () => {},
    fail: () => {},
    succeed: () => {},
  }
}

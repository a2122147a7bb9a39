import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { APIGatewayProxyEventV2 } from 'aws-lambda'
import { type Posted, startRuntimeApi } from './runtime-api.ts'

const client = fileURLToPath(new URL('./node_modules/aws-lambda-ric/index.mjs', import.meta.url))
const nativePart = fileURLToPath(new URL('./native-part.ts', import.meta.url))

/** Without AWS's runtime client the tests that need it are skipped, and say why; in CI they fail. */
export const hasClient = existsSync(client)
if (!hasClient) {
  const why = 'AWS’s runtime client is not installed: npm ci --ignore-scripts --prefix test/parity'
  if (process.env['CI']) throw new Error(why)
  console.warn(`test/parity is skipped. ${why}`)
}

/** What Lambda would answer its caller. */
export interface Answered {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly cookies: readonly string[]
  readonly body: string
}

/** `cut`: it broke off after its head. `failed`: there was no head. `unfinished`: nothing came in time. */
export type Outcome = Answered | 'cut' | 'failed' | 'unfinished'

/** A built function in a process of its own under AWS's runtime client, as on Lambda. */
export interface LambdaFunction extends AsyncDisposable {
  invoke(event: APIGatewayProxyEventV2, waitMs?: number): Promise<Outcome>
  /** All that it wrote so far. */
  output(): string
}

export interface LambdaOptions {
  readonly dist: string
  readonly name: string
  readonly env?: Readonly<Record<string, string>>
  /** A module to load first. */
  readonly preload?: string
  /** A package as it is unpacked on Lambda, and its handler there; else the bundle in `dist`. */
  readonly unpacked?: { readonly taskRoot: string; readonly handler: string }
}

export async function startLambda(options: LambdaOptions): Promise<LambdaFunction> {
  const { dist, name, env = {}, preload } = options
  const { taskRoot = join(dist, 'functions'), handler = `${name}.handler` } = options.unpacked ?? {}
  const api = await startRuntimeApi()
  const imports = [nativePart, ...(preload === undefined ? [] : [preload])]
  const child = spawn(
    process.execPath,
    [...imports.flatMap((path) => ['--import', path]), client],
    {
      env: {
        AWS_LAMBDA_RUNTIME_API: api.address,
        _HANDLER: handler,
        LAMBDA_TASK_ROOT: taskRoot,
        AWS_LAMBDA_FUNCTION_NAME: name,
        AWS_LAMBDA_FUNCTION_VERSION: '$LATEST',
        AWS_LAMBDA_FUNCTION_MEMORY_SIZE: '512',
        AWS_LAMBDA_LOG_GROUP_NAME: 'group',
        AWS_LAMBDA_LOG_STREAM_NAME: 'stream',
        AWS_EXECUTION_ENV: 'AWS_Lambda_nodejs24.x',
        AWS_LAMBDA_INITIALIZATION_TYPE: 'on-demand',
        ...env,
      },
    },
  )
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (chunk: string) => (output += chunk))
  }
  const ended = once(child, 'close')
  return {
    async invoke(event, waitMs) {
      const posted = await api.invoke(event, waitMs)
      return posted === undefined ? 'unfinished' : answeredBy(posted)
    },
    output: () => output,
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL')
      await ended
      api.close()
    },
  }
}

/** The same of what the host's runtime answers. */
export async function outcomeOf(answering: Promise<Response>): Promise<Outcome> {
  let response: Response
  try {
    response = await answering
  } catch {
    return 'failed'
  }
  const cookies = response.headers.getSetCookie()
  response.headers.delete('set-cookie')
  const headers = Object.fromEntries(response.headers)
  return response.text().then(
    (body) => ({ status: response.status, headers, cookies, body }),
    () => 'cut',
  )
}

/** What parts the head of a streamed answer from its body. */
const HEAD_END = Buffer.alloc(8)
const WITH_HEAD = 'application/vnd.awslambda.http-integration-response'

/** Reads what was posted as Lambda's function URL does. */
function answeredBy({ kind, headers, trailers, chunks }: Posted): Outcome {
  const bytes = Buffer.concat(chunks)
  if (kind === 'error') return 'failed'
  if (headers['lambda-runtime-function-response-mode'] !== 'streaming') {
    return answer(JSON.parse(bytes.toString('utf8')) as Head, undefined)
  }
  const isCut = Object.keys(trailers).length > 0
  if (headers['content-type'] !== WITH_HEAD) {
    const type = { 'content-type': String(headers['content-type']) }
    if (bytes.length === 0) return 'failed'
    return isCut ? 'cut' : answer({ statusCode: 200, headers: type }, bytes.toString('utf8'))
  }
  const at = bytes.indexOf(HEAD_END)
  if (at < 0) return 'failed' // Bytes without a head are no answer.
  if (isCut) return 'cut'
  const head = JSON.parse(bytes.toString('utf8', 0, at)) as Head
  return answer(head, bytes.toString('utf8', at + HEAD_END.length))
}

interface Head {
  readonly statusCode: number
  readonly headers?: Record<string, string>
  readonly cookies?: string[]
  readonly body?: string
}

const answer = (
  { statusCode, headers = {}, cookies = [], body = '' }: Head,
  streamed: string | undefined,
): Answered => ({ status: statusCode, headers, cookies, body: streamed ?? body })

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { startFlags } from '../start-flags.ts'

/** A server that was started to be measured. */
export interface Measured {
  readonly url: string
  /** From `spawn` to the line that says ready, as its starter saw it. */
  readonly readyMs: number
  /** Processor time so far, user and system. */
  cpuMs(): Promise<number>
  residentMb(): Promise<number>
  post(path: string, body: unknown): Promise<{ status: number; body: string }>
  stop(): Promise<void>
}

/** The product. */
export async function startMeasuredHost(
  dist: string,
  dataDir: string,
  settings: Record<string, string> = {},
): Promise<Measured> {
  return startMeasured([...startFlags(), `${dist}/host.mjs`], {
    NODE_COMPILE_CACHE: `${dist}/compile-cache`,
    PORT: '0',
    DATA_DIR: dataDir,
    // A bench asks more, and more at once, than anyone may.
    RATE_LIMIT_USER: '0',
    RATE_LIMIT_ADDRESS: '0',
    GENERATIONS_PER_USER: '0',
    GENERATIONS_TOTAL: '0',
    ...settings,
  })
}

/** Whatever says `ready` with its `url` in a line of JSON, and tells its cost at /metrics as the product does. */
export async function startMeasured(
  nodeArguments: readonly string[],
  env: Record<string, string>,
): Promise<Measured> {
  const startedAtMs = performance.now()
  const child = spawn(process.execPath, nodeArguments, {
    env: { PATH: process.env['PATH'], ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const url = await readyUrl(child.stdout)
  const readyMs = performance.now() - startedAtMs
  child.stdout.resume()
  const metric = async (name: string) => {
    const text = await (await fetch(`${url}/metrics`)).text()
    return Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(text)?.[1])
  }
  return {
    url,
    readyMs,
    cpuMs: async () => (await metric('process_cpu_seconds_total')) * 1000,
    residentMb: async () => (await metric('process_resident_memory_bytes')) / 2 ** 20,
    async post(path, body) {
      const headers = { 'content-type': 'application/json' }
      const response = await fetch(url + path, {
        method: 'POST',
        headers,
        body: JSON.stringify(body),
      })
      return { status: response.status, body: await response.text() }
    },
    async stop() {
      child.kill('SIGTERM')
      await once(child, 'exit')
    },
  }
}

async function readyUrl(stdout: NodeJS.ReadableStream): Promise<string> {
  const lines = createInterface({ input: stdout })
  for await (const line of lines) {
    const { message, url } = JSON.parse(line) as { message: string; url?: string }
    if (message === 'ready' && url !== undefined) return url
  }
  throw new Error('It ended before it was ready.')
}

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { cp, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { inject } from 'vitest'
import { type Api, createApi } from './api.ts'
import { temporaryFolder } from './temporary-folder.ts'

export interface HostOptions {
  readonly env?: Readonly<Record<string, string>>
  /** Kept by whoever gave it; without one the host gets a folder of its own that goes with it. */
  readonly dataDir?: string
  /** Runs the host with what test/fixtures has: its functions, and models that do what a message tells them. */
  readonly staged?: boolean
  /** What `.env` says in the folder that the host is started from. */
  readonly dotEnv?: string
  /** Another built product than the run's own. */
  readonly dist?: string
  /** Imported before the host, instead of the staged services. */
  readonly preload?: string
  /** What runs instead of host.mjs. */
  readonly program?: string
  /** Options of Node itself. */
  readonly nodeOptions?: readonly string[]
  /** A command that is given the host's command to run, such as one that limits it. */
  readonly under?: readonly string[]
}

export interface LogLine {
  readonly level: string
  readonly message: string
  readonly [key: string]: unknown
}

/** The built product, running as a process of its own: `await using host = await startHost()`. */
export interface TestHost extends AsyncDisposable {
  readonly url: string
  readonly port: number
  readonly dataDir: string
  readonly api: Api
  readonly pid: number
  /** Sends the signal; does not wait. */
  signal(name: NodeJS.Signals): void
  /** Sends the signal (SIGTERM) and resolves with the exit code. */
  stop(name?: NodeJS.Signals): Promise<number | null>
  /** Resolves with the exit code; null when a signal ended it. */
  readonly exited: Promise<number | null>
  /** Every line of the log so far. */
  logs(): LogLine[]
  /** All that was written so far, to stdout and stderr. */
  output(): string
}

export async function startHost(options: HostOptions = {}): Promise<TestHost> {
  const process = await spawnHost(options)
  const { child, exited, output, dataDir } = process
  const logs = () => parseLines(output())
  const ready = await new Promise<LogLine>((resolve, reject) => {
    const look = () => {
      const line = logs().find(({ message }) => message === 'ready')
      if (line) resolve(line)
    }
    child.stdout?.on('data', look)
    void exited.then((code) => reject(new Error(`The host ended with ${code}:\n${output()}`)))
  })
  const { port } = new URL(String(ready['url']))
  const url = `http://127.0.0.1:${port}`
  const stop = (name: NodeJS.Signals = 'SIGTERM') => {
    child.kill(name)
    return exited
  }
  return {
    url,
    port: Number(port),
    dataDir,
    api: createApi(url),
    pid: child.pid!,
    signal: (name) => void child.kill(name),
    stop,
    exited,
    logs,
    output,
    async [Symbol.asyncDispose]() {
      await stop('SIGKILL')
      await process.tidyUp()
    },
  }
}

/** Starts a host that is expected to refuse: what it wrote and its exit code. */
export async function startRefused(
  env: Readonly<Record<string, string>>,
  under: readonly string[] = [],
): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const { exited, stdout, stderr, tidyUp } = await spawnHost({ env, under })
  const code = await exited
  await tidyUp()
  return { code, stdout: stdout(), stderr: stderr() }
}

async function spawnHost(options: HostOptions) {
  const { env = {}, dataDir, staged = false, dotEnv, dist, nodeOptions = [], under = [] } = options
  const folder = await temporaryFolder()
  if (dotEnv !== undefined) await writeFile(join(folder.path, '.env'), dotEnv)
  const product = dist ?? inject(staged || options.preload ? 'distWithFixtures' : 'dist')
  const stagedServices = staged ? join(product, 'fixtures/staged-services.mjs') : undefined
  const preload = options.preload ?? stagedServices
  const program = options.program ?? join(product, 'host.mjs')
  const data = dataDir ?? join(folder.path, 'data')
  const [command, ...args] = [
    ...under,
    process.execPath,
    ...nodeOptions,
    ...(preload === undefined ? [] : ['--import', preload]),
    program,
  ]
  const child = spawn(
    command,
    args,
    // A place without another's .env, and no setting of whoever runs the tests.
    { cwd: folder.path, env: { PORT: '0', DATA_DIR: data, ...UNLIMITED, ...env } },
  )
  const written = { stdout: collect(child.stdout), stderr: collect(child.stderr) }
  const exited = endOf(child)
  return {
    child,
    dataDir: data,
    exited,
    stdout: written.stdout,
    stderr: written.stderr,
    output: () => written.stdout() + written.stderr(),
    tidyUp: () => folder[Symbol.asyncDispose](),
  }
}

/** Tests ask faster than people do; those of the limits set them. */
export const UNLIMITED = { RATE_LIMIT_USER: '0', RATE_LIMIT_ADDRESS: '0' }

async function endOf(child: ChildProcess): Promise<number | null> {
  const [code] = (await once(child, 'close')) as [number | null]
  return code
}

function collect(stream: NodeJS.ReadableStream): () => string {
  let text = ''
  stream.setEncoding('utf8')
  stream.on('data', (chunk: string) => (text += chunk))
  return () => text
}

function parseLines(text: string): LogLine[] {
  return text
    .split('\n')
    .filter((line) => line.startsWith('{') && line.endsWith('}'))
    .map((line) => JSON.parse(line) as LogLine)
}

/** A copy of the built product, to be changed or moved. */
export async function copyDist(to: string): Promise<string> {
  await cp(inject('dist'), to, { recursive: true })
  return to
}

import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { assertContract } from '../test/emulators/contract.ts'
import { startHuggingFaceEmulator } from '../test/emulators/hugging-face.ts'
import { startPineconeEmulator } from '../test/emulators/pinecone.ts'
import { huggingFaceSettings, pineconeSettings } from '../test/emulators/settings.ts'
import type { ReceivedRequest } from '../test/emulators/received.ts'

const help = `npm run dev:emulated -- [options]

Starts the product with Pinecone and Hugging Face, both played by emulators on this machine.
Nothing is kept when it ends.

  --host FILE       the built host (default dist/host.mjs)
  --lag-ms N        a write to Pinecone is invisible for so long (default 1000)
  --latency-ms N    every answer of both is so late (default 0)
  --token-ms N      a token of the model takes so long (default 20)
  --quiet           do not print the calls that the emulators receive`

const { values: options } = parseArgs({
  options: {
    host: { type: 'string', default: 'dist/host.mjs' },
    'lag-ms': { type: 'string', default: '1000' },
    'latency-ms': { type: 'string', default: '0' },
    'token-ms': { type: 'string', default: '20' },
    quiet: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
})

if (options.help) console.log(help)
else if (existsSync(options.host)) process.exitCode = await run()
else {
  console.error(`There is no ${options.host}; build it first: npm run build`)
  process.exitCode = 1
}

/** Resolves with the exit code of the host, or 1 where an exchange broke a vendor's contract. */
async function run(): Promise<number> {
  const latencyMs = Number(options['latency-ms'])
  const shared = { latencyMs, keepRequests: 0, ...(!options.quiet && { onExchange: print }) }
  const pinecone = await startPineconeEmulator({
    ...shared,
    visibilityLagMs: Number(options['lag-ms']),
  })
  const huggingFace = await startHuggingFaceEmulator({
    ...shared,
    msPerToken: Number(options['token-ms']),
  })
  // Pinecone forgets everything at the end, so what the host keeps beside it must not stay either.
  const dataDir = await mkdtemp(join(tmpdir(), 'dev-emulated-'))
  try {
    return await runHost({
      DATA_DIR: dataDir,
      ...pineconeSettings(pinecone),
      ...huggingFaceSettings(huggingFace),
    })
  } finally {
    await Promise.all([pinecone.close(), huggingFace.close()])
    await rm(dataDir, { recursive: true, force: true })
    assertContract(pinecone, huggingFace)
  }
}

async function runHost(emulated: Record<string, string>): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>()
  const child = spawn(process.execPath, [options.host], {
    stdio: 'inherit',
    env: { ...process.env, ...emulated }, // Handed on as it is; only the host reads it.
  })
  // The host drains first; the emulators go when it has gone.
  const pass = (signal: NodeJS.Signals) => child.kill(signal)
  process.on('SIGINT', pass)
  process.on('SIGTERM', pass)
  child.once('error', reject)
  child.once('exit', (code) => resolve(code ?? 1))
  const code = await promise
  process.off('SIGINT', pass)
  process.off('SIGTERM', pass)
  return code
}

/** One line a call, such as `POST /query 200 3 ms`. */
function print({ method, path, status, fault, receivedAtMs, answeredAtMs }: ReceivedRequest) {
  const outcome =
    answeredAtMs === undefined
      ? 'no answer'
      : `${status ?? 'no status'} ${answeredAtMs - receivedAtMs} ms`
  console.error(`  ${method} ${path} ${outcome}${fault === undefined ? '' : ` (${fault})`}`)
}

import { readFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import type { EmfOutput } from '@aws-lambda-powertools/metrics/types'
import { commit, version } from '../build-info.ts'
import { type Config, ConfigError, config, loadDotEnv } from '../config.ts'
import { describeError } from '../errors.ts'
import { oncePerProcess, processWide } from '../process.ts'
import { createRateLimit } from '../rate-limit.ts'
import type { Services } from '../services.ts'
import { createHostApp } from './app.ts'
import { countRequests, drain, stopListening } from './drain.ts'
import { listen } from './listen.ts'
import { createHostLog } from './log.ts'
import { processMetrics } from './process-metrics.ts'
import { createPrometheus } from './prometheus.ts'
import { installRuntime, type KnownFunction } from './runtime.ts'

/** The host: reads the settings, loads the functions, listens, and leaves in good order. */

const MAX_CONCURRENCY = 256
/** What it takes to save the rest of answers that were cut, and to close the store. */
const CLOSE_MS = 1000

const log = createHostLog(
  (line) => process.stdout.write(line),
  () => new Date(),
)
process.on('uncaughtException', (error) => {
  // One process holds all functions: its state is unknown now, and a supervisor starts a clean one at once.
  log('ERROR', 'uncaught', { failure: describeError(error) })
  process.exit(1)
})

await start(settings())

function settings(): Config {
  try {
    loadDotEnv()
    return config()
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    process.stderr.write(`${error.message}\n`)
    return process.exit(1)
  }
}

async function start(config: Config): Promise<void> {
  if (config.fault) log('WARN', 'a bad release on purpose', { fault: config.fault })
  if (config.fault === 'crash') throw new Error('BREAK=crash: this release ends at its start.')
  let ready = false
  let draining = false
  let closing = false
  const prometheus = createPrometheus()
  oncePerProcess('emfSink', () => (blob) => prometheus.consume(blob as EmfOutput))
  // The sink reads the metrics; on stdout they would only double the log.
  process.env['POWERTOOLS_METRICS_DISABLED'] ??= 'true'
  const runtime = await installRuntime({ maxConcurrency: MAX_CONCURRENCY })
  const late = await readFile(new URL('./late-functions.json', import.meta.url), 'utf8')
  const functions = await runtime.load(
    new URL('./functions/', import.meta.url),
    JSON.parse(late) as KnownFunction[],
  )
  const app = createHostApp({
    runtime,
    functions,
    corsOrigins: config.corsOrigins,
    trustedProxies: config.trustedProxies,
    addressLimit: createRateLimit('address', config.rateLimitAddress),
    turnTimeoutMs: config.turnTimeoutMs,
    isReady: () => ready,
    isDraining: () => draining,
    isClosing: () => closing,
    scrape: () => prometheus.scrape() + processMetrics(),
    fault: config.fault,
    log,
  })

  // The bundles began to open the services when they were imported.
  const services = await openServices()
  const server = await listen({ fetch: app.fetch, host: config.host, port: config.port }).catch(
    (error: NodeJS.ErrnoException) => cannotListen(error, config),
  )
  const openRequests = countRequests(server)
  ready = true
  const { port } = server.address() as { port: number }
  const readyMs = Math.round(performance.now())
  log('INFO', 'ready', {
    version,
    commit,
    url: `http://localhost:${port}`,
    ready_ms: readyMs,
    notes: services.notes,
  })

  const leave = async () => {
    if (draining) process.exit(1) // Asked twice: go now.
    draining = true
    await stopListening(server)
    closing = true // Not before: whoever is told to close would only connect again.
    log('INFO', 'draining', { running: runtime.running.size })
    const giveUpAtMs = performance.now() + config.drainTimeoutMs
    const isBusy = () => runtime.running.size > 0 || openRequests() > 0
    const finished = await drain(server, isBusy, config.drainTimeoutMs)
    // What a page left to be made is made to its end too, as far as the time goes.
    const closed = await Promise.race([
      services.close().then(() => true),
      sleep(Math.max(CLOSE_MS, giveUpAtMs - performance.now()), false),
    ])
    const clean = finished && closed
    log('INFO', 'stopped', { clean })
    process.exit(clean ? 0 : 1)
  }
  process.on('SIGTERM', () => void leave())
  process.on('SIGINT', () => void leave())
}

async function openServices(): Promise<Services> {
  try {
    return await (processWide('services') as Promise<Services>)
  } catch (error) {
    log('ERROR', 'cannot start', { failure: describeError(error) })
    process.stderr.write(`${(error as Error).message}\n`)
    return process.exit(1)
  }
}

function cannotListen({ code }: NodeJS.ErrnoException, { host, port }: Config): never {
  log('ERROR', 'cannot listen', { code, host, port })
  process.stderr.write(`Port ${port} on ${host} cannot be used (${code}). Set PORT to another.\n`)
  return process.exit(1)
}

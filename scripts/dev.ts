import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { watch } from 'node:fs'

/**
 * Builds and starts the product, and does so again whenever a source changes. A build that fails leaves the last good
 * one running.
 *
 *   npm run dev
 */

const WATCHED = ['functions', 'lib', 'web', 'scripts']
/** Editors write a file in several steps. */
const QUIET_MS = 100

let host: ChildProcess | undefined
let build: ChildProcess | undefined
let working = Promise.resolve()
let timer: NodeJS.Timeout | undefined
let isLeaving = false

for (const folder of WATCHED) {
  watch(folder, { recursive: true }, (_, name) => {
    if (name === null || name.endsWith('.test.ts')) return
    clearTimeout(timer)
    timer = setTimeout(() => again(`${folder}/${name}`), QUIET_MS)
  })
}
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    isLeaving = true
    build?.kill('SIGTERM')
    void stopHost().then(() => process.exit(0))
  })
}
again('start')

function again(why: string): void {
  working = working.then(() => rebuild(why))
}

async function rebuild(why: string): Promise<void> {
  if (isLeaving) return
  process.stdout.write(`[dev] ${why}: building\n`)
  if ((await buildOnce()) !== 0) {
    if (isLeaving) return
    process.stdout.write('[dev] the build failed; what ran before runs on\n')
    return
  }
  await stopHost()
  if (!isLeaving) host = node('dist/host.mjs')
}

async function buildOnce(): Promise<number | null> {
  build = node('scripts/build.ts')
  const [code] = (await once(build, 'exit')) as [number | null]
  build = undefined
  return code
}

/** Running answers finish first. */
async function stopHost(): Promise<void> {
  const running = host
  host = undefined
  if (!running || running.exitCode !== null || running.signalCode !== null) return
  running.kill('SIGTERM')
  await once(running, 'exit')
}

const node = (script: string) => spawn(process.execPath, [script], { stdio: 'inherit' })

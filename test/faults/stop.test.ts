import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, describe, expect, it } from 'vitest'
import { startHost, type TestHost } from '../support/host.ts'
import { report } from './support/figures.ts'
import { type Bug, plantInHost } from './support/plant.ts'
import { sized } from './support/size.ts'
import { UNLIMITED } from './support/unlimited.ts'

/** A process under load that is told to go fails nobody: what it has taken on is finished or told how it ends. */

const STOPS = sized({ small: 1, full: 25 })
const LANES = 12
const rows: Record<string, string | number> = {}
afterAll(() => {
  const axes =
    'whole answers, streams and uploads on kept and on new connections × the moment of the signal'
  report({ suite: 'SIGTERM under load', axes, rows })
})

interface Tally {
  finished: number
  /** Not taken on: no connection was made, so a proxy sends it elsewhere. */
  refused: number
  failed: string[]
}

/** Sends one request after the other until the host takes none. */
async function sendUntilRefused(host: TestHost, lane: number, tally: Tally): Promise<void> {
  for (let sent = 0; ; sent++) {
    const kind = ['chat', 'stream', 'ingest'][(lane + sent) % 3]!
    const user_id = `lane-${lane}`
    const message = `say ${sent % 9} words, 10 ms apart`
    try {
      if (kind === 'stream') {
        const events = await host.api.chatEvents({ user_id, message })
        const last = events.at(-1)?.event
        if (last !== 'done' && last !== 'error') tally.failed.push(`a stream ended with ${last}`)
      } else {
        const { status } =
          kind === 'chat'
            ? await host.api.chat({ user_id, message })
            : await host.api.ingest({ user_id, items: [{ text: message, role: 'user' }] })
        if (status !== 200) tally.failed.push(`${kind}: status ${status}`)
      }
      tally.finished += 1
    } catch (error) {
      const cause = (error as Error).cause as NodeJS.ErrnoException | undefined
      if (cause?.code === 'ECONNREFUSED') tally.refused += 1
      else
        tally.failed.push(`${kind}: ${cause?.code ?? cause?.message ?? (error as Error).message}`)
      return
    }
  }
}

async function stopUnderLoad(program?: string): Promise<Tally & { exitCode: number | null }> {
  await using host = await startHost({ staged: true, env: UNLIMITED, ...(program && { program }) })
  const tally: Tally = { finished: 0, refused: 0, failed: [] }
  const lanes = Array.from({ length: LANES }, (_, lane) => sendUntilRefused(host, lane, tally))
  await sleep(300 + Math.random() * 300)
  const exitCode = await host.stop()
  await Promise.all(lanes)
  return { ...tally, exitCode }
}

describe('SIGTERM under load', () => {
  it(`fails no request, ${STOPS} times`, async () => {
    const failed: string[] = []
    let finished = 0
    let refused = 0
    for (let stop = 0; stop < STOPS; stop++) {
      const tally = await stopUnderLoad()
      expect(tally.exitCode).toBe(0)
      failed.push(...tally.failed)
      finished += tally.finished
      refused += tally.refused
    }
    rows['stops'] = STOPS
    rows['requests finished'] = finished
    rows['connections refused after the signal'] = refused
    rows['requests failed'] = failed.length
    expect(failed).toEqual([])
    expect(refused).toBeGreaterThan(0)
  })

  it('is seen to fail requests where nothing is waited for', async () => {
    const bug: Bug = {
      file: 'lib/host/drain.ts',
      find: 'const giveUpAtMs = performance.now() + timeoutMs',
      replace: 'const giveUpAtMs = performance.now() - 1 + 0 * timeoutMs',
    }
    const program = await plantInHost([bug], 'host-in-a-hurry')
    expect((await stopUnderLoad(program)).failed).not.toEqual([])
  })

  it('ends at once when it is told a second time', async () => {
    await using host = await startHost({
      staged: true,
      env: { ...UNLIMITED, DRAIN_TIMEOUT_MS: '600000' },
    })
    const tally: Tally = { finished: 0, refused: 0, failed: [] }
    const endless = host.api
      .chatEvents({ user_id: 'ada', message: 'say 5000 words, 20 ms apart' })
      .catch(() => 'cut')
    const lanes = Array.from({ length: LANES }, (_, lane) => sendUntilRefused(host, lane, tally))
    await sleep(300)
    host.signal('SIGTERM')
    const isDraining = () => host.logs().some(({ message }) => message === 'draining')
    await expect.poll(isDraining, { timeout: 10_000 }).toBe(true)
    const toldAtMs = performance.now()
    host.signal('SIGTERM')
    expect(await host.exited).toBe(1)
    rows['second signal: ended after'] =
      `${Math.round(performance.now() - toldAtMs)} ms, of 600,000 ms allowed to the first`
    expect(await endless).toBe('cut')
    await Promise.all(lanes)
  })
})

import { readdirSync } from 'node:fs'
import { resolve } from 'node:path'
import { expect } from 'vitest'
import { startFlags } from '../../../scripts/start-flags.ts'
import type { TestHost } from '../../support/host.ts'

/** Options of a host that can be asked what it holds. */
export const PROBED = {
  nodeOptions: [...startFlags(), '--expose-gc', '--import', resolve('test/fixtures/probe.ts')],
}

export interface Held {
  readonly heapMb: number
  readonly residentMb: number
  readonly timers: number
  /** What else keeps the process alive: sockets, servers, threads. */
  readonly handles: number
  readonly files: number
}

const MB = 2 ** 20

/** What the host holds now, all garbage collected. */
export async function probe(host: TestHost): Promise<Held> {
  const said = () => host.logs().filter(({ message }) => message === 'probe')
  const before = said().length
  host.signal('SIGUSR2')
  await expect.poll(() => said().length, { timeout: 20_000, interval: 20 }).toBe(before + 1)
  const { heapBytes, rssBytes, timers, handles } = said().at(-1) as unknown as Record<
    string,
    number
  >
  return {
    heapMb: heapBytes! / MB,
    residentMb: rssBytes! / MB,
    timers: timers!,
    handles: handles!,
    files: readdirSync(`/proc/${host.pid}/fd`).length,
  }
}

import { copyFileSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import type { Api, ProblemBody } from '../support/api.ts'
import { type HostOptions, startHost, startRefused, type TestHost } from '../support/host.ts'
import { problemOf } from '../support/problems.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { faultsOfFile } from './support/check-file.ts'
import { report } from './support/figures.ts'
import { sized } from './support/size.ts'
import { listAll } from './support/lane.ts'
import { type Bug, plantInServices } from './support/plant.ts'
import {
  fillDisk,
  onReadOnlyDisk,
  onSmallDisk,
  whyNoOwnDisk,
  withSmallFiles,
} from './support/small-disk.ts'
import { UNLIMITED } from './support/unlimited.ts'

/** A disk that takes no more: what was acknowledged stays, what is refused is told and leaves nothing behind. */

const BATCH = 50
const ROOM_KIB = sized({ small: 2_048, full: 8_192 })
/** More than there is room for. */
const MOST_BATCHES = sized({ small: 30, full: 200 })
const rows: Record<string, string | number> = {}
afterAll(() => {
  const axes =
    'a full disk, a file that may not grow, a disk that cannot be written × saving, reading, deleting'
  report({ suite: 'disk full, read-only', axes, rows })
})

interface Filled {
  readonly stored: string[]
  readonly refused: string[]
  readonly refusal: ProblemBody | undefined
  readonly retryAfterSeconds: number
}

/** Saves batches until one is refused, and some more. */
async function saveUntilRefused(api: Api, label: string): Promise<Filled> {
  const stored: string[] = []
  const refused: string[] = []
  let refusal: ProblemBody | undefined
  let retryAfterSeconds = 0
  for (let batch = 0; batch < MOST_BATCHES && refused.length < 3 * BATCH; batch++) {
    const texts = Array.from(
      { length: BATCH },
      (_, at) => `${label} ${batch}.${at} ${'about tea '.repeat(40)}`,
    )
    const answer = await api.ingest({
      user_id: 'ada',
      items: texts.map((text) => ({ text, role: 'user' })),
    })
    if (answer.status === 200) stored.push(...texts)
    else {
      refused.push(...texts)
      refusal = problemOf(answer, 503)
      retryAfterSeconds = Number(answer.headers.get('retry-after'))
    }
  }
  return { stored, refused, refusal, retryAfterSeconds }
}

/** Texts that are missing, and refused ones that are there. */
async function difference(api: Api, { stored, refused }: Pick<Filled, 'stored' | 'refused'>) {
  const there = new Set((await listAll(api, 'ada')).map(({ text }) => text))
  return {
    lost: stored.filter((text) => !there.has(text)).length,
    ghosts: refused.filter((text) => there.has(text)).length,
  }
}

const health = async (api: Api) =>
  (
    await api.request<{ status: string; checks: { store: { detail?: string } } }>(
      'GET',
      '/api/health',
    )
  ).body

async function fillAndFree(place: string, options: HostOptions) {
  await using host = await startHost({
    ...options,
    dataDir: join(place, 'data'),
    under: onSmallDisk(place, 32_768),
  })
  const { api } = host
  const kayak = { text: 'My kayak is orange.', role: 'user' }
  const [kayakId] = (await api.ingest({ user_id: 'alan', items: [kayak] })).body.ids
  const filler = fillDisk(host, place, ROOM_KIB)
  const first = await saveUntilRefused(api, 'first')
  const chat = await api.chat({ user_id: 'alan', message: 'What colour is my kayak?' })
  const stream = await api.openStream({ user_id: 'alan', message: 'And what colour is it now?' })
  await stream.text()
  const read = await api.get('alan', kayakId!)
  const whileFull = { chat, stream, read, health: await health(api) }
  const deleted = await api.forget('alan', kayakId!)
  filler.free()
  const again = await api.chat({ user_id: 'alan', message: 'My tent is green.' })
  const second = await api.ingest({ user_id: 'ada', items: [{ text: 'After it', role: 'user' }] })
  const afterwards = {
    ...(await difference(api, first)),
    statuses: [again.status, second.status],
    health: await health(api),
    faults: faultsOfFile(copyOut(host, place)),
    kayak: (await api.get('alan', kayakId!)).status,
  }
  return { first, whileFull, deleted, afterwards }
}

/** SQLite cannot look into another name space; nobody writes meanwhile. */
function copyOut(host: TestHost, place: string): string {
  const copy = join(place, 'copy.db')
  for (const suffix of ['', '-wal']) {
    copyFileSync(join(`/proc/${host.pid}/root`, place, `data/memory.db${suffix}`), copy + suffix)
  }
  return copy
}

const noDisk = whyNoOwnDisk()
const because = noDisk === undefined ? '' : ` [skipped because ${noDisk}]`

describe.skipIf(noDisk)(`a full disk${because}`, () => {
  it('is told, loses nothing, still lets be read, and is forgotten once there is room', async () => {
    await using folder = await temporaryFolder()
    const { first, whileFull, deleted, afterwards } = await fillAndFree(folder.path, {
      staged: true,
      env: UNLIMITED,
    })
    expect(first.refusal?.detail).toBe('The disk is full.')
    expect(first.retryAfterSeconds).toBeGreaterThan(0)
    expect(problemOf(whileFull.chat, 503).detail).toBe('The disk is full.')
    expect(whileFull.stream.status).toBe(503)
    expect(whileFull.read).toMatchObject({ status: 200, body: { text: 'My kayak is orange.' } })
    expect(whileFull.health).toMatchObject({
      status: 'degraded',
      checks: { store: { detail: 'Not saved: The disk is full.' } },
    })
    // A deletion needs room too: it is done or refused, and what the caller was told holds.
    expect([204, 503]).toContain(deleted.status)
    expect(afterwards.kayak).toBe(deleted.status === 204 ? 404 : 200)
    expect(afterwards).toMatchObject({ statuses: [200, 200], health: { status: 'ok' }, faults: [] })
    rows['full disk: acknowledged before it was full'] = first.stored.length
    rows['… refused with 503'] = first.refused.length
    rows['… acknowledged and lost'] = afterwards.lost
    rows['… refused and yet there'] = afterwards.ghosts
    expect(afterwards).toMatchObject({ lost: 0, ghosts: 0 })
  })

  it('is seen to lose where a failed write passes for one that was done', async () => {
    const bug: Bug = {
      file: 'lib/memory/sqlite/connection.ts',
      find: 'if (fault instanceof StoreUnavailableError) failure = fault.message\n      throw error',
      replace:
        'if (fault instanceof StoreUnavailableError) return undefined as never\n      throw error',
    }
    const preload = await plantInServices([bug], 'swallowed-fault')
    await using folder = await temporaryFolder()
    const { afterwards } = await fillAndFree(folder.path, { preload, env: UNLIMITED })
    expect(afterwards.lost).toBeGreaterThan(0)
  })
})

describe('a file that may not grow', () => {
  it('is told; a start without the limit has all that was acknowledged', async () => {
    await using data = await temporaryFolder()
    const options = { staged: true, dataDir: data.path, env: UNLIMITED }
    await using limited = await startHost({ ...options, under: withSmallFiles(4_096) })
    const filled = await saveUntilRefused(limited.api, 'first')
    expect(filled.refusal?.detail).toMatch(/^The disk (reports an error|is full)\.$/)
    expect(await difference(limited.api, filled)).toEqual({ lost: 0, ghosts: 0 })
    await limited.stop('SIGKILL')
    await using next = await startHost(options)
    const { lost, ghosts } = await difference(next.api, filled)
    rows['file that may not grow: acknowledged, lost'] = `${filled.stored.length}, ${lost}`
    expect({ lost, ghosts }).toEqual({ lost: 0, ghosts: 0 })
    expect(faultsOfFile(join(data.path, 'memory.db'))).toEqual([])
  })
})

describe.skipIf(noDisk)(`a disk that cannot be written${because}`, () => {
  it.each(sized({ small: [true], full: [true, false] }))(
    'stops the start with its remedy (memories there already: %s)',
    async (isOld) => {
      await using folder = await temporaryFolder()
      const dataDir = join(folder.path, 'data')
      mkdirSync(dataDir)
      if (isOld) {
        await using host = await startHost({ dataDir })
        await host.api.chat({ user_id: 'ada', message: 'I only drink tea.' })
        await host.stop()
      }
      const { code, stderr } = await startRefused(
        { DATA_DIR: dataDir },
        onReadOnlyDisk(folder.path),
      )
      expect(code).toBe(1)
      expect(stderr).toMatch(
        /memory\.db cannot be opened.*right to write there, or name another DATA_DIR/,
      )
      rows[`read-only, memories there already: ${isOld}`] =
        'the start is refused, exit code 1, with the remedy'
    },
  )
})

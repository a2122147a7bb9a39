import { cpSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { problemOf } from '../support/problems.ts'
import { startHost, startRefused } from '../support/host.ts'
import { type TemporaryFolder, temporaryFolder } from '../support/temporary-folder.ts'
import { faultsOfFile } from './support/check-file.ts'
import { report } from './support/figures.ts'
import { createLane } from './support/lane.ts'
import { plantInServices } from './support/plant.ts'
import { createRandom } from './support/random.ts'
import { sized } from './support/size.ts'
import { UNLIMITED } from './support/unlimited.ts'

/** A file that is damaged, of another release, or in use by two. */

const PAGE_BYTES = 8_192
const rows: Record<string, string | number> = {}
afterAll(() => {
  const axes =
    'what is wrong with the file × at the start, while it is used; two processes on one file'
  report({ suite: 'memory file', axes, rows })
})

let template: TemporaryFolder
beforeAll(async () => {
  template = await temporaryFolder()
  await using host = await startHost({ dataDir: template.path, env: UNLIMITED })
  const items = Array.from({ length: 400 }, (_, at) => ({
    text: `Fact number ${at}: ${'the kayak is orange. '.repeat(8)}`,
    role: 'user',
  }))
  await host.api.ingest({ user_id: 'ada', items })
  await host.stop()
})
afterAll(() => template[Symbol.asyncDispose]())

/** A folder in which a host has stored something. */
async function withMemories() {
  const folder = await temporaryFolder()
  cpSync(template.path, folder.path, { recursive: true })
  return { ...folder, file: join(folder.path, 'memory.db') }
}

type Damage = (bytes: Buffer) => Buffer

const DAMAGES: readonly [what: string, damage: Damage, says: RegExp][] = [
  ['text', () => Buffer.from('These are my notes. '.repeat(900)), /is damaged, or no database/],
  ['a torn first page', (bytes) => bytes.fill(7, 20, 200), /is damaged, or no database/],
  [
    'a newer breaking version',
    versioned(2_000),
    /has schema 2\.0.*Start the release that wrote it/,
  ],
  ['an older breaking version', versioned(3), /has schema 0\.3.*export each user/],
]

/** The four bytes of an SQLite file that hold the number of its schema. */
function versioned(version: number): Damage {
  return (bytes) => {
    bytes.writeInt32BE(version, 60)
    return bytes
  }
}

describe('a file that cannot be used', () => {
  // At small size two: lib/memory/sqlite/open-file.test.ts has them all without a process for each.
  it.each(sized({ small: DAMAGES.slice(1, 3), full: DAMAGES }))(
    '%s stops the start with a remedy, and is left as it is',
    async (what, damage, says) => {
      await using place = await withMemories()
      const damaged = damage(readFileSync(place.file))
      writeFileSync(place.file, damaged)
      const { code, stderr } = await startRefused({ DATA_DIR: place.path })
      expect(code).toBe(1)
      expect(stderr).toMatch(says)
      expect(readFileSync(place.file).equals(damaged)).toBe(true)
      rows[what] = 'refused at the start with its remedy, not a byte changed'
    },
  )
})

describe('a file that is damaged inside', () => {
  it('answers 503 with what to do, and keeps the process', async () => {
    await using place = await withMemories()
    const bytes = readFileSync(place.file)
    writeFileSync(place.file, bytes.fill(7, 20 * PAGE_BYTES))
    await using host = await startHost({ dataDir: place.path, env: UNLIMITED })
    const answers = await Promise.all([
      host.api.list('ada', { limit: '200' }),
      host.api.search({ user_id: 'ada', query: 'Which kayak?' }),
      host.api.chat({ user_id: 'ada', message: 'What colour is my kayak?' }),
    ])
    const refused = answers.filter(({ status }) => status !== 200)
    expect(refused.length).toBeGreaterThan(0)
    for (const answer of refused) {
      expect(problemOf(answer, 503).detail).toMatch(
        /damaged: stop the service and restore a backup/,
      )
    }
    expect((await host.api.request('GET', '/healthz')).status).toBe(200)
    rows['damaged inside, while it is used'] =
      `${refused.length} of ${answers.length} calls 503 with the remedy, none 500`
  })
})

describe('two processes on one file', () => {
  const hostsMs = sized({ small: 700, full: 20_000 })

  it(`lose and double nothing in ${hostsMs} ms of work`, async () => {
    await using data = await temporaryFolder()
    const options = { staged: true, dataDir: data.path, env: UNLIMITED }
    await using one = await startHost(options)
    await using other = await startHost(options)
    const random = createRandom(7)
    const lanes = Array.from({ length: 6 }, (_, at) => createLane(`lane-${at}`, random))
    let isOver = false
    setTimeout(() => (isOver = true), hostsMs)
    await Promise.all(lanes.map((lane, at) => lane.work((at % 2 ? one : other).api, () => isOver)))
    const crosswise = await Promise.all(
      lanes.map((lane, at) => lane.verify((at % 2 ? other : one).api)),
    )
    const operations = lanes.flatMap((lane) => [...lane.acknowledged.values()])
    rows['two processes: acknowledged operations'] = operations.reduce(
      (sum, count) => sum + count,
      0,
    )
    rows['… lost or wrong, seen from the other process'] = crosswise.flatMap(({ lost, wrong }) => [
      ...lost,
      ...wrong,
    ]).length
    for (const { lost, wrong } of crosswise)
      expect({ lost, wrong }).toEqual({ lost: [], wrong: [] })
    expect(faultsOfFile(join(data.path, 'memory.db'))).toEqual([])
  })

  it('answer a message that both are sent at once, once', async () => {
    await using data = await temporaryFolder()
    const options = { staged: true, dataDir: data.path, env: UNLIMITED }
    await using one = await startHost(options)
    await using other = await startHost(options)
    const message = {
      user_id: 'ada',
      message: 'say 12 words, 10 ms apart',
      message_id: 'sent-to-both',
    }
    const answers = await Promise.all([one, other, one, other].map(({ api }) => api.chat(message)))
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200])
    expect(new Set(answers.map(({ body }) => body.response)).size).toBe(1)
    const { results } = (await one.api.list('ada')).body
    expect(results.map(({ role }) => role)).toEqual(['assistant', 'user'])
    const made = [one, other].flatMap((host) =>
      host.logs().filter((line) => line.message === 'staged words'),
    )
    rows['one message sent to both, four times: answers made'] = made.length
    expect(made).toHaveLength(1)
  })

  it('are seen to double where a lease is given to everyone who asks', async () => {
    const preload = await plantInServices(
      [
        {
          file: 'lib/memory/sqlite/keeping.ts',
          find: 'WHERE holder = excluded.holder`',
          replace: '`',
        },
      ],
      'open-lease',
    )
    await using data = await temporaryFolder()
    const options = { preload, dataDir: data.path, env: UNLIMITED }
    await using one = await startHost(options)
    await using other = await startHost(options)
    const message = {
      user_id: 'ada',
      message: 'say 12 words, 10 ms apart',
      message_id: 'sent-to-both',
    }
    await Promise.all([one, other].map(({ api }) => api.chat(message)))
    const made = [one, other].flatMap((host) =>
      host.logs().filter((line) => line.message === 'staged words'),
    )
    expect(made).toHaveLength(2)
  })
})

import { execFile } from 'node:child_process'
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, describe, expect, inject, it } from 'vitest'
import type { WireMemory } from '../support/api.ts'
import { startHost, type TestHost } from '../support/host.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { faultsOfFile } from './support/check-file.ts'
import { report } from './support/figures.ts'
import { createLane, listAll } from './support/lane.ts'
import { type Bug, plant } from './support/plant.ts'
import { createRandom } from './support/random.ts'
import { isFull, sized } from './support/size.ts'
import { UNLIMITED } from './support/unlimited.ts'

/** The built tools, as an operator runs them where there are neither sources nor packages, while the service goes on. */

const SETTLED = sized({ small: 300, full: 20_000 })
const BACKUPS = sized({ small: 1, full: 10 })
const rows: Record<string, string | number> = {}
afterAll(() => {
  const axes =
    'a backup while others write, a restore while the service runs and while it does not, memory by memory'
  report({ suite: 'backup and restore', axes, rows })
})

/** A bare pattern in `toMatchObject` would fit everything. */
const like = (pattern: RegExp) => expect.stringMatching(pattern) as string

interface Ran {
  readonly code: number
  readonly said: string
}

const tool = (name: string, dataDir: string, ...args: string[]) =>
  run(builtTool(name), dataDir, args)

const builtTool = (name: string) => join(inject('dist'), 'bin', `${name}.mjs`)

async function run(
  program: string,
  dataDir: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<Ran> {
  const options = { cwd: dataDir, env: { DATA_DIR: dataDir, ...env } }
  return promisify(execFile)(process.execPath, [program, ...args], options).then(
    ({ stdout }) => ({ code: 0, said: stdout }),
    (error: { code: number; stderr: string }) => ({ code: error.code, said: error.stderr }),
  )
}

async function fill(host: TestHost, userId: string, count: number): Promise<WireMemory[]> {
  for (let first = 0; first < count; first += 500) {
    const items = Array.from({ length: Math.min(500, count - first) }, (_, at) => ({
      text: `Fact ${first + at} of ${userId}: the kayak number ${first + at} is orange.`,
      role: 'user',
      tags: [`tag-${at % 7}`],
      speaker: `Speaker ${at % 3}`,
    }))
    await host.api.ingest({ user_id: userId, items })
  }
  return listAll(host.api, userId)
}

const search = (host: TestHost) =>
  host.api.search({ user_id: 'settled', query: 'Which kayak is number 117?', top_k: 10 })

describe('npm run backup and npm run restore', () => {
  it('bring back every memory as it was when the backup began, and no others', async () => {
    await using data = await temporaryFolder()
    const options = { staged: true, dataDir: data.path, env: UNLIMITED }
    await using host = await startHost(options)
    const settled = await fill(host, 'settled', SETTLED)
    const found = (await search(host)).body.results
    const random = createRandom(3)
    const lanes = Array.from({ length: 3 }, (_, at) => createLane(`lane-${at}`, random))
    let isOver = false
    const working = Promise.all(lanes.map((lane) => lane.work(host.api, () => isOver)))
    for (let backup = 1; backup <= BACKUPS; backup++) {
      const { code, said } = await tool('backup', data.path, '--to', `copies/${backup}.db`)
      expect({ code, said }).toMatchObject({
        code: 0,
        said: like(/memories of 4 users.*checked and synced/),
      })
      expect(faultsOfFile(join(data.path, `copies/${backup}.db`))).toEqual([])
    }
    isOver = true
    await working
    for (const lane of lanes)
      expect(await lane.verify(host.api)).toMatchObject({ lost: [], wrong: [] })
    rows['operations acknowledged by others during the backups'] = lanes
      .flatMap((lane) => [...lane.acknowledged.values()])
      .reduce((sum, count) => sum + count, 0)
    const copy = join(data.path, `copies/${BACKUPS}.db`)
    rows['backups, each whole'] =
      `${BACKUPS}, the last ${(statSync(copy).size / 2 ** 20).toFixed(1)} MiB`

    await host.api.request('DELETE', '/api/users/settled')
    const late = await fill(host, 'late', 5)
    const staged = await tool('restore', data.path, '--from', copy)
    expect(staged).toMatchObject({ code: 0, said: like(/wait beside .*another process has open/) })
    expect((await listAll(host.api, 'late')).length).toBe(late.length)
    expect(await host.stop()).toBe(0)

    await using next = await startHost(options)
    const restored = await listAll(next.api, 'settled')
    const byId = new Map(restored.map((memory) => [memory.id, JSON.stringify(memory)]))
    const differing = settled.filter((memory) => byId.get(memory.id) !== JSON.stringify(memory))
    rows['memories restored, differing from before'] =
      `${restored.length}, ${differing.length + restored.length - settled.length}`
    expect(differing).toEqual([])
    expect(restored).toHaveLength(settled.length)
    expect(await listAll(next.api, 'late')).toEqual([])
    expect((await search(next)).body.results).toEqual(found)
    expect(readdirSync(data.path).filter((name) => /restore|partial/.test(name))).toEqual([])
  })

  // At small size lib/memory/sqlite/backup.test.ts shows it, without waiting for the eraser to wake.
  it.runIf(isFull)(
    'an erasure while restored memories wait reaches those too, in their bytes',
    async () => {
      await using data = await temporaryFolder()
      const options = { dataDir: data.path, env: UNLIMITED }
      await using host = await startHost(options)
      await fill(host, 'gone', 50)
      await fill(host, 'kept', 50)
      await tool('backup', data.path, '--to', 'copy.db')
      await tool('restore', data.path, '--from', 'copy.db')
      const bytes = () =>
        readdirSync(data.path)
          .filter((name) => name.startsWith('memory.db'))
          .map((name) => readFileSync(join(data.path, name), 'latin1'))
          .join('')
      expect(bytes()).toContain('of gone: the kayak')
      await host.api.request('DELETE', '/api/users/gone')
      await expect
        .poll(() => bytes().includes('of gone: the kayak'), { timeout: 15_000 })
        .toBe(false)
      await host.stop()
      await using next = await startHost(options)
      expect(await listAll(next.api, 'gone')).toEqual([])
      expect(await listAll(next.api, 'kept')).toHaveLength(50)
    },
  )

  it('are seen to miss what others wrote last where the file alone is copied', async () => {
    const bug: Bug = {
      file: 'lib/memory/sqlite/backup.ts',
      find: "database.prepare('VACUUM INTO ?').run(partial)",
      replace: 'copyFileSync(file, partial)',
    }
    const program = await plant([bug], 'scripts/backup.ts', 'bin/backup-of-the-file-alone.mjs')
    await using data = await temporaryFolder()
    await using host = await startHost({ dataDir: data.path, env: UNLIMITED })
    await fill(host, 'settled', 300)
    expect((await tool('backup', data.path, '--to', 'whole.db')).said).toContain(': 300 memories')
    expect((await run(program, data.path, ['--to', 'part.db'])).said).not.toContain(
      ': 300 memories',
    )
  })

  it('refuse with a reason, and change nothing', async () => {
    await using data = await temporaryFolder()
    expect(await tool('backup', data.path)).toMatchObject({
      code: 1,
      said: like(/memory\.db is not there/),
    })
    const elsewhere = await run(builtTool('backup'), data.path, [], { PINECONE_API_KEY: 'a-key' })
    expect(elsewhere).toMatchObject({ code: 1, said: like(/The memories are in Pinecone/) })
    expect(await tool('restore', data.path)).toMatchObject({ code: 1, said: like(/--from FILE/) })
    const missing = await tool('restore', data.path, '--from', 'nothing.db')
    expect(missing).toMatchObject({ code: 1, said: like(/nothing\.db is not there/) })
    expect(readdirSync(data.path)).toEqual([])
  })
})

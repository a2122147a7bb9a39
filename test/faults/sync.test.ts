import { execFile } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { report } from './support/figures.ts'
import { type Bug, plant } from './support/plant.ts'
import { sized } from './support/size.ts'

/**
 * A write is acknowledged once the disk has it. A kill cannot show that, for the system keeps what a dead process wrote; a power
 * cut would. What can be seen without one: the thread that saves waits for the disk at every commit.
 */

const COMMITS = sized({ small: 100, full: 5_000 })

async function countWaits(bugs: readonly Bug[]): Promise<{ saves: number; syncs: number }> {
  await using folder = await temporaryFolder()
  const name = `count-waits-${randomUUID()}.mjs`
  const program = await plant(bugs, 'test/fixtures/count-waits.ts', name)
  const args = [program, folder.path, String(COMMITS)]
  const { stdout } = await promisify(execFile)(process.execPath, args)
  return JSON.parse(stdout) as { saves: number; syncs: number }
}

const withPragma = (setting: string): Bug => ({
  file: 'lib/memory/sqlite/open-file.ts',
  find: 'PRAGMA synchronous = FULL;',
  replace: `PRAGMA synchronous = ${setting};`,
})

describe('a save', async () => {
  const { saves, syncs } = await countWaits([])
  // In memory, where a sync has nothing to wait for, nothing can be told.
  const because = syncs >= COMMITS ? '' : ' [skipped because this folder is on no disk]'

  it.skipIf(because !== '')(`waits for the disk at every commit${because}`, () => {
    report({
      suite: 'fsync',
      axes: 'PRAGMA synchronous as shipped, against NORMAL and OFF',
      rows: {
        commits: COMMITS,
        'waits for the disk during them': saves,
        'waits during as many plain synced writes': syncs,
      },
    })
    expect(saves).toBeGreaterThanOrEqual(COMMITS)
  })

  it.skipIf(because !== '')(
    `is seen not to wait where syncing is turned down or off${because}`,
    async () => {
      const normal = await countWaits([withPragma('NORMAL')])
      const off = await countWaits([withPragma('OFF')])
      expect(normal.saves).toBeLessThan(COMMITS / 2)
      expect(off.saves).toBeLessThan(COMMITS / 2)
    },
  )
})

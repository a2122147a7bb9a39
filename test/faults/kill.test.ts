import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { startHost } from '../support/host.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { faultsOfFile } from './support/check-file.ts'
import { report } from './support/figures.ts'
import { createLane, KINDS, type Verdict } from './support/lane.ts'
import { type Bug, plantInServices } from './support/plant.ts'
import { createRandom } from './support/random.ts'
import { sized } from './support/size.ts'
import { UNLIMITED } from './support/unlimited.ts'

/**
 * A process that is killed has lost nothing that it acknowledged, and has left nothing half done. A kill leaves what
 * the operating system holds for the disk: that it reaches the disk before it is acknowledged is shown in sync.test.ts.
 */

const ROUNDS = sized({ small: 4, full: 100 })
const LANES = 5
const SEED = 20_261

/** An answer that was cut is made anew once its lease is over; a round shall not wait half a minute for it. */
const SHORT_LEASES: Bug = {
  file: 'lib/chat/lease.ts',
  find: 'LEASE_MS = 30_000',
  replace: 'LEASE_MS = 300',
}

/** Acknowledges what is committed a little later only. */
const LATE_COMMIT: Bug = {
  file: 'lib/memory/sqlite/connection.ts',
  find: 'write: (work) => attempt(() => transaction(work)),',
  replace: `write: (work) => attempt(() => {
    if (!database.isTransaction) {
      begin.run()
      setTimeout(() => commit.run(), 300)
    }
    return work()
  }),`,
}

const NO_TRANSACTION: Bug = {
  file: 'lib/memory/sqlite/connection.ts',
  find: 'write: (work) => attempt(() => transaction(work)),',
  replace: 'write: (work) => attempt(work),',
}

interface KillOutcome {
  readonly acknowledged: ReadonlyMap<string, number>
  readonly cut: ReadonlyMap<string, { happened: number; not: number }>
  readonly lost: readonly string[]
  readonly wrong: readonly string[]
}

/** Kills a host under load again and again, on one file, and looks after each kill; stops at the first finding. */
async function killRounds(rounds: number, bugs: readonly Bug[] = []): Promise<KillOutcome> {
  const preload = await plantInServices([SHORT_LEASES, ...bugs], `kill-${randomUUID()}`)
  await using data = await temporaryFolder()
  const random = createRandom(SEED)
  const lanes = Array.from({ length: LANES }, (_, at) => createLane(`lane-${at}`, random))
  const cut = new Map(KINDS.map((kind) => [kind as string, { happened: 0, not: 0 }]))
  const lost: string[] = []
  const wrong: string[] = []
  const look = (verdict: Verdict) => {
    lost.push(...verdict.lost)
    wrong.push(...verdict.wrong)
    if (verdict.cut) cut.get(verdict.cut.kind)![verdict.cut.happened ? 'happened' : 'not'] += 1
  }
  for (let round = 0; round <= rounds && lost.length + wrong.length === 0; round++) {
    await using host = await startHost({
      dataDir: data.path,
      env: UNLIMITED,
      preload,
    })
    for (const outcome of await Promise.allSettled(lanes.map((lane) => lane.verify(host.api)))) {
      if (outcome.status === 'fulfilled') look(outcome.value)
      else wrong.push(String(outcome.reason))
    }
    wrong.push(...faultsOfFile(join(data.path, 'memory.db')))
    if (round === rounds) break
    let isOver = false
    const working = Promise.allSettled(lanes.map((lane) => lane.work(host.api, () => isOver)))
    await sleep(random.between(60, 400))
    isOver = true
    await host.stop('SIGKILL')
    for (const outcome of await working)
      if (outcome.status === 'rejected') wrong.push(String(outcome.reason))
  }
  const acknowledged = new Map(
    KINDS.map((kind) => [
      kind as string,
      lanes.reduce((sum, lane) => sum + lane.acknowledged.get(kind)!, 0),
    ]),
  )
  return { acknowledged, cut, lost, wrong }
}

describe('kill -9 under load', () => {
  it(`loses nothing that was acknowledged and leaves nothing half done, ${ROUNDS} times`, async () => {
    const { acknowledged, cut, lost, wrong } = await killRounds(ROUNDS)
    const total = [...acknowledged.values()].reduce((sum, count) => sum + count, 0)
    report({
      suite: 'kill -9',
      axes: `what is under way (${KINDS.join(', ')}) × the moment of the kill (60 to 400 ms into the load, seed ${SEED})`,
      rows: {
        kills: ROUNDS,
        'acknowledged operations': total,
        ...Object.fromEntries(
          KINDS.map((kind) => {
            const { happened, not } = cut.get(kind)!
            const count = acknowledged.get(kind)!
            return [
              kind,
              `${count} acknowledged; ${happened + not} cut, of which ${happened} had happened`,
            ]
          }),
        ),
        'acknowledged and lost': lost.length,
        'half done, come back, doubled or damaged inside': wrong.length,
      },
    })
    expect({ lost, wrong }).toEqual({ lost: [], wrong: [] })
    expect(total).toBeGreaterThan(ROUNDS * LANES)
    expect([...cut.values()].some(({ happened, not }) => happened + not > 0)).toBe(true)
  })

  it('is seen to lose where a write is acknowledged before it is committed', async () => {
    const { lost, wrong } = await killRounds(10, [LATE_COMMIT])
    // Added things are lost, deleted ones come back.
    expect([...lost, ...wrong]).not.toEqual([])
  })

  it('is seen to leave halves where a write is no transaction', async () => {
    expect((await killRounds(30, [NO_TRANSACTION])).wrong).not.toEqual([])
  })
})

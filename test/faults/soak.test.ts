import { afterAll, describe, expect, it } from 'vitest'
import { startHost, type TestHost } from '../support/host.ts'
import { type Caller, createCaller } from './support/caller.ts'
import { report } from './support/figures.ts'
import { type Bug, plantInServices } from './support/plant.ts'
import { type Held, probe, PROBED } from './support/probe.ts'
import { sized } from './support/size.ts'
import { UNLIMITED } from './support/unlimited.ts'

/** After any number of chats and of callers who hang up, a process holds what it held before. */

const CYCLES = sized({ small: 2, full: 20 })
const CHATS = sized({ small: 152, full: 1_000 })
const STREAMS = sized({ small: 16, full: 104 })
/** Caches and compiled code are filled by then. */
const WARM_CYCLES = sized({ small: 1, full: 4 })
const LANES = 8
/** The heap breathes by this much; a leak of 100 bytes a chat would show at full size. */
const HEAP_MB = sized({ small: 6, full: 2 })

const rows: Record<string, string | number> = {}
afterAll(() => {
  const axes = 'whole answers, streams whose reader hangs up; users come and are erased'
  report({ suite: 'soak', axes, rows })
})

/** One cycle leaves no user behind, so that what is held afterwards is held for nothing. */
async function cycle(caller: Caller, name: string): Promise<void> {
  const users = Array.from({ length: LANES }, (_, lane) => `${name}-${lane}`)
  await Promise.all(
    users.map(async (user_id) => {
      for (let chat = 0; chat < CHATS / LANES; chat++) {
        const message = chat % 2 ? `What did I say about ${chat}?` : `Fact ${chat} is about tea.`
        const { status, body } = await caller.call('POST', '/api/chat', { user_id, message })
        if (status !== 200) throw new Error(`Status ${status}: ${body}`)
      }
      for (let stream = 0; stream < STREAMS / LANES; stream++) {
        const message = 'say 400 words, 5 ms apart'
        await caller.hangUp('/api/chat', { user_id, message, stream: true })
      }
      const { status } = await caller.call('DELETE', `/api/users/${user_id}`)
      if (status !== 200) throw new Error(`Erasing: status ${status}`)
    }),
  )
  caller.close()
}

async function soak(host: TestHost): Promise<Held[]> {
  const held: Held[] = []
  for (let at = 0; at < CYCLES; at++) {
    const caller = createCaller(host.port, LANES)
    await cycle(caller, `cycle-${at}`)
    // A stream that was hung up on ends a moment later, and its connection with it.
    let now = await probe(host)
    const before = held.at(WARM_CYCLES - 1)
    const isUnsettled = () => before && (now.timers > before.timers || now.handles > before.handles)
    for (let look = 0; look < 20 && isUnsettled(); look++) now = await probe(host)
    held.push(now)
  }
  return held
}

const rounded = (held: readonly Held[], part: keyof Held) =>
  held.map((one) => Math.round(one[part] * 10) / 10).join(', ')

describe('soak', () => {
  it(`holds after ${CYCLES * CHATS} chats and ${CYCLES * STREAMS} hang-ups what it held before`, async () => {
    await using host = await startHost({ staged: true, ...PROBED, env: UNLIMITED })
    const held = await soak(host)
    const warm = held[WARM_CYCLES - 1]!
    const last = held.at(-1)!
    const quarters = [warm, held[Math.floor((WARM_CYCLES + CYCLES) / 2)]!, last]
    rows['chats'] = CYCLES * CHATS
    rows['streams hung up on'] = CYCLES * STREAMS
    rows['heap after warming, midway, at the end, MB'] = rounded(quarters, 'heapMb')
    rows['resident, MB'] = rounded(quarters, 'residentMb')
    rows['timers, handles, file descriptors after warming'] =
      `${warm.timers}, ${warm.handles}, ${warm.files}`
    rows['timers, handles, file descriptors at the end'] =
      `${last.timers}, ${last.handles}, ${last.files}`
    expect(last.heapMb - warm.heapMb).toBeLessThan(HEAP_MB)
    expect(last.timers).toBeLessThanOrEqual(warm.timers)
    expect(last.handles).toBeLessThanOrEqual(warm.handles)
    expect(last.files).toBeLessThanOrEqual(warm.files)
  })

  it('is seen to grow where an answer leaves its timer behind', async () => {
    const bug: Bug = {
      file: 'lib/chat/run.ts',
      find: 'clearTimeout(deadline)',
      replace: 'void deadline',
    }
    const preload = await plantInServices([bug], 'timer-left-behind')
    await using host = await startHost({ preload, ...PROBED, env: UNLIMITED })
    const caller = createCaller(host.port, LANES)
    const before = await probe(host)
    await cycle(caller, 'leaking')
    expect((await probe(host)).timers).toBeGreaterThan(before.timers + CHATS / 2)
  })
})

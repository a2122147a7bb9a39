import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, describe, expect, it } from 'vitest'
import { startHost, type TestHost } from '../support/host.ts'
import { createCaller, type Reply } from './support/caller.ts'
import { report } from './support/figures.ts'
import { type Held, probe, PROBED } from './support/probe.ts'
import { sized } from './support/size.ts'
import { UNLIMITED } from './support/unlimited.ts'

/**
 * Four times what the service can do: what it takes on keeps its latency, the rest is told at once to come back, and
 * afterwards all is as before. The model is what limits here, as it is with a real one: an answer takes 4 × 100 ms,
 * and 8 are made at once.
 */

const ANSWER = 'say 4 words, 100 ms apart'
const AT_ONCE = 8
const CAPACITY_A_SECOND = AT_ONCE / 0.4
const OVERLOAD_S = sized({ small: 3, full: 30 })
const CALM_S = sized({ small: 1, full: 10 })
const rows: Record<string, string | number> = {}
afterAll(() => {
  const axes =
    'half of the capacity, four times the capacity, half of it again; with and without a limit of answers at once'
  report({ suite: 'overload', axes, rows })
})

interface Load {
  readonly accepted: number[]
  readonly refused: Reply[]
  /** Answers that were neither. */
  readonly wrong: string[]
  /** How many were under way at once at most. */
  readonly mostAtOnce: number
}

/** Sends so many a second, each by a user of its own, whether or not the ones before were answered. */
async function load(host: TestHost, perSecond: number, seconds: number): Promise<Load> {
  const caller = createCaller(host.port, Infinity)
  const accepted: number[] = []
  const refused: Reply[] = []
  const wrong: string[] = []
  const calls: Promise<void>[] = []
  let underWay = 0
  let mostAtOnce = 0
  const call = async (user_id: string) => {
    mostAtOnce = Math.max(mostAtOnce, ++underWay)
    const reply = await caller.call('POST', '/api/chat', { user_id, message: ANSWER })
    underWay -= 1
    if (reply.status === 200) accepted.push(reply.tookMs)
    else if (reply.status === 503 || reply.status === 429) refused.push(reply)
    else wrong.push(`${reply.status}: ${reply.body}`)
  }
  const startedAtMs = performance.now()
  for (let sent = 0; sent < perSecond * seconds;) {
    const due = ((performance.now() - startedAtMs) / 1_000) * perSecond
    for (; sent < due; sent++) calls.push(call(`user-${sent % 500}`))
    await sleep(5)
  }
  await Promise.all(calls)
  caller.close()
  return { accepted, refused, wrong, mostAtOnce }
}

const quantile = (values: readonly number[], share: number) =>
  values.toSorted((a, b) => a - b)[
    Math.min(values.length - 1, Math.floor(values.length * share))
  ] ?? 0
const ms = (values: readonly number[]) =>
  `${quantile(values, 0.5).toFixed(0)} / ${quantile(values, 0.95).toFixed(0)} ms`

interface Measured {
  readonly before: Load
  readonly during: Load
  readonly after: Load
  /** While it lasts, five times a second. */
  readonly residentMb: readonly number[]
  readonly held: readonly [before: Held, after: Held]
}

async function overload(limits: Record<string, string>): Promise<Measured> {
  await using host = await startHost({ staged: true, ...PROBED, env: { ...UNLIMITED, ...limits } })
  await load(host, CAPACITY_A_SECOND / 2, 0.5) // The first answers wait for code to be compiled.
  const before = await load(host, CAPACITY_A_SECOND / 2, CALM_S)
  const heldBefore = await probe(host)
  const residentMb: number[] = []
  const watching = setInterval(() => residentMb.push(residentMbOf(host.pid)), 200)
  const during = await load(host, CAPACITY_A_SECOND * 4, OVERLOAD_S)
  clearInterval(watching)
  const after = await load(host, CAPACITY_A_SECOND / 2, CALM_S)
  return { before, during, after, residentMb, held: [heldBefore, await probe(host)] }
}

function residentMbOf(pid: number): number {
  const kib = /^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
  return Number(kib) / 1_024
}

/** The most in each third. */
function thirdsOf(values: readonly number[]): [number, number, number] {
  const size = Math.ceil(values.length / 3)
  const most = (third: number) => Math.max(...values.slice(third * size, (third + 1) * size))
  return [most(0), most(1), most(2)]
}

const tookMs = (replies: readonly Reply[]) => replies.map((reply) => reply.tookMs)

describe(`four times the capacity for ${OVERLOAD_S} s`, () => {
  it('keeps the latency of what is taken on, refuses the rest at once, and is over afterwards', async () => {
    const { before, during, after, residentMb, held } = await overload({
      GENERATIONS_TOTAL: String(AT_ONCE),
    })
    const [heldBefore, heldAfter] = held
    rows['offered, capacity, requests a second'] = `${CAPACITY_A_SECOND * 4}, ${CAPACITY_A_SECOND}`
    rows['accepted before: p50 / p95'] = ms(before.accepted)
    rows['accepted during: number, p50 / p95'] = `${during.accepted.length}, ${ms(during.accepted)}`
    rows['accepted after: p50 / p95'] = ms(after.accepted)
    rows['refused during: number, p50 / p95 until told'] =
      `${during.refused.length}, ${ms(tookMs(during.refused))}`
    rows['neither accepted nor refused'] = during.wrong.length
    rows['heap before and after, MB'] =
      `${heldBefore.heapMb.toFixed(1)}, ${heldAfter.heapMb.toFixed(1)}`
    const [first, second, third] = thirdsOf(residentMb)
    const resident = [heldBefore.residentMb, first, second, third, heldAfter.residentMb]
    rows['resident before; most in each third of it; after, MB'] = resident
      .map(Math.round)
      .join(', ')

    expect([...before.refused, ...before.wrong, ...during.wrong, ...after.wrong]).toEqual([])
    // The place of an answer, and that of one before it in the queue.
    const ratio = quantile(during.accepted, 0.95) / quantile(before.accepted, 0.5)
    rows['latency of the accepted, p95 during to p50 before'] = ratio.toFixed(2)
    expect(ratio).toBeLessThan(4)
    expect(during.accepted.length).toBeGreaterThan((CAPACITY_A_SECOND * OVERLOAD_S) / 3)
    expect(during.refused.length).toBeGreaterThan(during.accepted.length)
    expect(quantile(tookMs(during.refused), 0.95)).toBeLessThan(quantile(before.accepted, 0.5))
    expect(during.refused.filter(({ retryAfter }) => !(Number(retryAfter) > 0))).toEqual([])
    expect(after.refused).toEqual([])
    expect(quantile(after.accepted, 0.5) / quantile(before.accepted, 0.5)).toBeLessThan(1.5)
    expect(heldAfter.timers).toBeLessThanOrEqual(heldBefore.timers)
    expect(third / second).toBeLessThan(1.2)
    expect(heldAfter.heapMb - heldBefore.heapMb).toBeLessThan(16)
  })

  it('is seen to take on everything where there is no limit', async () => {
    await using host = await startHost({ staged: true, env: UNLIMITED })
    const { refused, mostAtOnce } = await load(host, CAPACITY_A_SECOND * 4, 1)
    expect(refused).toEqual([])
    expect(mostAtOnce).toBeGreaterThan(AT_ONCE * 3)
  })
})

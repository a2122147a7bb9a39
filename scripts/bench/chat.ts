import { join } from 'node:path'
import { createChatText } from './chat-text.ts'
import { type Measured, startMeasuredHost } from './measured-host.ts'
import { median, quantile, table } from './statistics.ts'

const ROUNDS = 5
const CHATS_A_ROUND = 100
/** Until Node has compiled what is run often. */
const WARM_UP_ROUNDS = 8
const BATCH = 500

interface Case {
  readonly name: string
  readonly own: number
  readonly others: number
  readonly goal: string
}

const CASES: readonly Case[] = [
  { name: 'no memories', own: 0, others: 0, goal: '' },
  { name: '1,000 memories', own: 1000, others: 0, goal: '2 ms' },
  { name: '10,000 memories', own: 10_000, others: 0, goal: '6 ms' },
  { name: '1,000 beside 100,000 of others', own: 1000, others: 100_000, goal: 'within 20 %' },
  { name: '10,000 beside 100,000 of others', own: 10_000, others: 100_000, goal: 'within 20 %' },
]

/** Processor time of one /api/chat with the built-in generator, on chat text, questions and statements in turn. */
export async function benchChat({
  dist,
  folder,
}: {
  dist: string
  folder: string
}): Promise<string> {
  const rows: string[][] = []
  for (const [index, { name, own, others, goal }] of CASES.entries()) {
    const host = await startMeasuredHost(dist, join(folder, `chat-${index}`), {
      RATE_LIMIT_USER: '0',
      RATE_LIMIT_ADDRESS: '0',
    })
    await fill(host, 'me', own, 1)
    for (let user = 0; user * 1000 < others; user++)
      await fill(host, `other-${user}`, 1000, 100 + user)
    const text = createChatText(7)
    for (let round = 0; round < WARM_UP_ROUNDS; round++) await chatRound(host, text)
    const cpu: number[] = []
    const wall: number[] = []
    for (let round = 0; round < ROUNDS; round++) {
      const { cpuMs, wallMs } = await chatRound(host, text)
      cpu.push(cpuMs)
      wall.push(...wallMs)
    }
    await host.stop()
    rows.push([
      name,
      `${median(cpu).toFixed(2)} ms`,
      `${quantile(wall, 0.5).toFixed(1)} ms`,
      `${quantile(wall, 0.95).toFixed(1)} ms`,
      goal,
    ])
  }
  return table(['user has', 'CPU a chat, median of rounds', 'p50', 'p95', 'goal (CPU)'], rows)
}

async function chatRound(host: Measured, text: () => string) {
  const before = await host.cpuMs()
  const wallMs: number[] = []
  for (let chat = 0; chat < CHATS_A_ROUND; chat++) {
    const message = chat % 2 === 0 ? text() : `What did I say about it: ${text()} Right?`
    const startedAtMs = performance.now()
    const { status } = await host.post('/api/chat', { user_id: 'me', message })
    if (status !== 200) throw new Error(`A chat was answered ${status}.`)
    wallMs.push(performance.now() - startedAtMs)
  }
  return { cpuMs: ((await host.cpuMs()) - before) / CHATS_A_ROUND, wallMs }
}

/** Memories of one user in conversations of twenty, by the ingest route. */
async function fill(host: Measured, userId: string, count: number, seed: number): Promise<void> {
  const text = createChatText(seed)
  for (let at = 0; at < count; at += BATCH) {
    const items = Array.from({ length: Math.min(BATCH, count - at) }, (_, index) => ({
      text: text(),
      role: index % 2 === 0 ? 'user' : 'assistant',
      ts: new Date(Date.UTC(2025, 0, 1) + (at + index) * 60_000).toISOString(),
      conversation_id: `c${Math.floor((at + index) / 20)}`,
    }))
    const { status, body } = await host.post('/api/ingest', { user_id: userId, items })
    if (status !== 200) throw new Error(`An ingest was answered ${status}: ${body}`)
  }
}

import { join } from 'node:path'
import { readConfig } from '../../lib/config.ts'
import { embedMemories, embedQuestion } from '../../lib/memory/embed-memories.ts'
import { newMemoryId } from '../../lib/memory/ids.ts'
import type { Memory, UserId } from '../../lib/memory/memory.ts'
import { openMemory } from '../../lib/services.ts'
import { createChatText } from './chat-text.ts'
import { startMeasuredHost } from './measured-host.ts'
import { median, table } from './statistics.ts'

const ROUNDS = 7
const CALLS_A_ROUND = 100
const BATCH = 500

type Opened = Awaited<ReturnType<typeof openMemory>>

/** Processor time of what recall is made of, in this process, and the way from a start to the first found memory. */
export async function benchRecall({
  dist,
  folder,
}: {
  dist: string
  folder: string
}): Promise<string> {
  const rows: string[][] = []
  const row = (what: string, ms: number, goal: string) =>
    rows.push([what, `${ms.toFixed(3)} ms`, goal])
  for (const others of [0, 100_000]) {
    const beside = others > 0 ? `, beside ${others.toLocaleString('en')} of others` : ''
    for (const own of [1000, 10_000]) {
      const dataDir = join(folder, `recall-${own}-${others}`)
      const opened = await openMemory(readConfig({ DATA_DIR: dataDir }))
      await fill(opened, 'me', own, 1)
      for (let user = 0; user * 1000 < others; user++)
        await fill(opened, `u${user}`, 1000, 9 + user)
      const size = `${own.toLocaleString('en')} memories${beside}`
      if (own === 1000 && others === 0) row('embed a sentence', await embedMs(opened), '0.1 ms')
      row(`search, ${size}`, await searchMs(opened), own === 1000 ? '2 ms' : '10 ms')
      row(`add, ${size}`, await addMs(opened), '1 ms')
      await opened.store.close()
    }
  }
  rows.push(...(await firstSearch(dist, join(folder, 'recall-10000-0'))))
  return table(['CPU a call, median of rounds', 'figure', 'goal'], rows)
}

async function embedMs({ models }: Opened): Promise<number> {
  const text = createChatText(3)
  return cpuMs(() => models.embedder.embed([text()]))
}

async function searchMs({ store, models }: Opened): Promise<number> {
  const text = createChatText(5)
  const memories = store.forUser('me' as UserId)
  return cpuMs(async () => {
    const query = `What did I say about it: ${text()}?`
    const { embedding } = await embedQuestion(models.embedder, memories, query)
    await memories.recall({ text: query, embedding, at: new Date(), limit: 10 })
  })
}

/** One memory, durable and found by the next search. */
async function addMs({ store, models }: Opened): Promise<number> {
  const text = createChatText(11)
  const memories = store.forUser('me' as UserId)
  return cpuMs(async () => {
    const memory = memoryOf(text(), new Date(), 'added')
    const { vectors } = await embedMemories(models.embedder, [memory])
    await memories.save([{ memory, vectors: vectors?.[0] }])
  })
}

/** Median over rounds of the processor time of one call, the first round left out. */
async function cpuMs(call: () => Promise<unknown>): Promise<number> {
  const rounds: number[] = []
  for (let round = 0; round <= ROUNDS; round++) {
    const before = process.cpuUsage()
    for (let calls = 0; calls < CALLS_A_ROUND; calls++) await call()
    const { user, system } = process.cpuUsage(before)
    if (round > 0) rounds.push((user + system) / 1000 / CALLS_A_ROUND)
  }
  return median(rounds)
}

async function fill(
  { store, models }: Opened,
  userId: string,
  count: number,
  seed: number,
): Promise<void> {
  const text = createChatText(seed)
  const memories = store.forUser(userId as UserId)
  for (let at = 0; at < count; at += BATCH) {
    const batch = Array.from({ length: Math.min(BATCH, count - at) }, (_, index) =>
      memoryOf(
        text(),
        new Date(Date.UTC(2025, 0, 1) + (at + index) * 60_000),
        `c${Math.floor((at + index) / 20)}`,
      ),
    )
    const { vectors } = await embedMemories(models.embedder, batch)
    await memories.save(batch.map((memory, index) => ({ memory, vectors: vectors?.[index] })))
  }
}

const memoryOf = (text: string, ts: Date, conversationId: string): Memory => ({
  id: newMemoryId(ts),
  role: 'user',
  text,
  ts,
  tags: [],
  conversationId,
  source: 'ingest',
  reach: 'recall',
  pinned: false,
})

/** From `spawn` to the first answer of a search among 10,000 memories; wall time, the host's memory afterwards. */
async function firstSearch(dist: string, dataDir: string): Promise<string[][]> {
  const tookMs: number[] = []
  let residentMb = 0
  for (let round = 0; round <= ROUNDS; round++) {
    const startedAtMs = performance.now()
    const host = await startMeasuredHost(dist, dataDir)
    await host.post('/api/memories/search', { user_id: 'me', query: 'What did I say about tea?' })
    if (round > 0) tookMs.push(performance.now() - startedAtMs)
    residentMb = await host.residentMb()
    await host.stop()
  }
  return [
    ['start to first search, 10,000 memories (wall)', `${median(tookMs).toFixed(0)} ms`, '600 ms'],
    ['resident after it', `${residentMb.toFixed(0)} MB`, '160 MB'],
  ]
}

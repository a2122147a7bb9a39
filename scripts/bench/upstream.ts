import { join } from 'node:path'
import { startHuggingFaceEmulator } from '../../test/emulators/hugging-face.ts'
import { startPineconeEmulator } from '../../test/emulators/pinecone.ts'
import { createChatText } from './chat-text.ts'
import { type MeasuredHost, startMeasuredHost } from './measured-host.ts'
import { median, table } from './statistics.ts'

const ROUNDS = 5
const CHATS_A_ROUND = 160
const CHATS_BEFORE_MEMORY = 2000
const LATENCY_MS = 30
const ANSWER = 'You told me that, and I have not forgotten it.'

/** What a turn costs with Pinecone and Hugging Face, both played by emulators in this process. */
export async function benchUpstream({
  dist,
  folder,
}: {
  dist: string
  folder: string
}): Promise<string> {
  await using services = await startServices()
  const rows: string[][] = []
  for (const { storesReplies, goals } of [
    { storesReplies: false, goals: ['2.5 ms', '2.0 ms'] },
    { storesReplies: true, goals: ['3.5 ms', '3.0 ms'] },
  ]) {
    const dataDir = join(folder, `upstream-${storesReplies}`)
    const host = await services.start(dist, dataDir, { STORE_REPLIES: String(storesReplies) })
    const text = createChatText(7)
    await chats(host, text, CHATS_A_ROUND, 8) // Warm-up.
    for (const [index, concurrency] of [1, 8].entries()) {
      const cpu: number[] = []
      for (let round = 0; round < ROUNDS; round++) {
        const before = await host.cpuMs()
        await chats(host, text, CHATS_A_ROUND, concurrency)
        cpu.push(((await host.cpuMs()) - before) / CHATS_A_ROUND)
      }
      const replies = storesReplies ? 'replies stored' : 'replies not stored'
      const what = `CPU a turn, ${replies}, ${concurrency} at once`
      rows.push([what, `${median(cpu).toFixed(2)} ms`, goals[index]!])
    }
    if (!storesReplies) rows.push(...(await steadyState(services, host, text)))
    await host.stop()
  }
  rows.push(...(await startAndMemory(services, dist, folder)))
  return table(['with Pinecone and Hugging Face', 'median', 'goal'], rows)
}

type Services = Awaited<ReturnType<typeof startServices>>

async function startServices() {
  const asked = { atMs: 0 }
  const shared = { validate: false, keepRequests: 0 }
  const pinecone = await startPineconeEmulator(shared)
  const huggingFace = await startHuggingFaceEmulator({
    ...shared,
    reply: () => {
      asked.atMs = performance.now()
      return ANSWER
    },
  })
  const settings = {
    PINECONE_API_KEY: pinecone.apiKey,
    PINECONE_CONTROLLER_HOST: pinecone.url,
    HF_TOKEN: huggingFace.token,
    HF_ROUTER_URL: huggingFace.url,
    HF_HUB_URL: huggingFace.url,
    RATE_LIMIT_USER: '0',
    RATE_LIMIT_ADDRESS: '0',
    GENERATIONS_PER_USER: '64',
    GENERATIONS_TOTAL: '64',
  }
  return {
    asked,
    start: (dist: string, dataDir: string, more: Record<string, string> = {}) =>
      startMeasuredHost(dist, dataDir, { ...settings, ...more }),
    connections: () => pinecone.connections() + huggingFace.connections(),
    delay(latencyMs: number) {
      pinecone.settings.latencyMs = latencyMs
      huggingFace.settings.latencyMs = latencyMs
    },
    async [Symbol.asyncDispose]() {
      await Promise.all([pinecone.close(), huggingFace.close()])
    },
  }
}

/** Waits, first tokens and connections of a host that is warm. */
async function steadyState(
  services: Services,
  host: MeasuredHost,
  text: () => string,
): Promise<string[][]> {
  await chats(host, text, 64, 32)
  const connectionsBefore = services.connections()
  const passedMs: number[] = []
  for (let chat = 0; chat < 50; chat++) {
    const firstAtMs = await firstTokenAt(host, text())
    passedMs.push(firstAtMs - services.asked.atMs)
  }
  await chats(host, text, 160, 8)
  const opened = services.connections() - connectionsBefore
  services.delay(LATENCY_MS)
  await chats(host, text, 64, 32)
  const tookMs = await chats(host, text, 320, 32)
  services.delay(0)
  return [
    [
      'from the upstream asked to the first token here',
      `${median(passedMs).toFixed(1)} ms`,
      '5 ms',
    ],
    ['connections opened in steady state', String(opened), '0'],
    [
      `a turn at ${LATENCY_MS} ms upstream, 32 at once`,
      `${(median(tookMs) / LATENCY_MS).toFixed(2)} waits`,
      '3.6 waits',
    ],
  ]
}

async function startAndMemory(
  services: Services,
  dist: string,
  folder: string,
): Promise<string[][]> {
  const readyMs: number[] = []
  const firstShare: number[] = []
  const idleMb: number[] = []
  for (let round = 0; round <= ROUNDS; round++) {
    const host = await services.start(dist, join(folder, `upstream-start-${round}`))
    const idle = await host.residentMb()
    const text = createChatText(round)
    const [firstMs] = await chats(host, text, 1, 1)
    const laterMs = await chats(host, text, 20, 1)
    await host.stop()
    if (round === 0) continue // It warms the compile cache.
    readyMs.push(host.readyMs)
    idleMb.push(idle)
    firstShare.push(firstMs! / median(laterMs))
  }
  const host = await services.start(dist, join(folder, 'upstream-memory'))
  await chats(host, createChatText(5), CHATS_BEFORE_MEMORY, 4)
  const afterMb = await host.residentMb()
  await host.stop()
  return [
    ['the first chat, as a multiple of the median', median(firstShare).toFixed(1), '3'],
    ['node to ready', `${median(readyMs).toFixed(0)} ms`, '400 ms'],
    ['resident, idle', `${median(idleMb).toFixed(0)} MB`, '130 MB'],
    [`resident after ${CHATS_BEFORE_MEMORY} chats`, `${afterMb.toFixed(0)} MB`, '150 MB'],
  ]
}

/** Sends so many chats, so many at once; how long each took. */
async function chats(
  host: MeasuredHost,
  text: () => string,
  count: number,
  concurrency: number,
): Promise<number[]> {
  const tookMs: number[] = []
  let left = count
  const work = async (user: number) => {
    while (left-- > 0) {
      const startedAtMs = performance.now()
      const { status, body } = await host.post('/api/chat', {
        user_id: `user-${user}`,
        message: text(),
      })
      if (status !== 200) throw new Error(`A chat was answered ${status}: ${body}`)
      tookMs.push(performance.now() - startedAtMs)
    }
  }
  await Promise.all(Array.from({ length: concurrency }, (_, user) => work(user)))
  return tookMs
}

async function firstTokenAt(host: MeasuredHost, message: string): Promise<number> {
  const response = await fetch(`${host.url}/api/chat`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'text/event-stream' },
    body: JSON.stringify({ user_id: 'streamer', message }),
  })
  let atMs: number | undefined
  for await (const chunk of response.body!) {
    if (new TextDecoder().decode(chunk).includes('event: token')) atMs ??= performance.now()
  }
  if (atMs === undefined) throw new Error('A stream said nothing.')
  return atMs
}

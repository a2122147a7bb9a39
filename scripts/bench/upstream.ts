import { join } from 'node:path'
import { startHuggingFaceEmulator } from '../../test/emulators/hugging-face.ts'
import { startPineconeEmulator } from '../../test/emulators/pinecone.ts'
import { huggingFaceSettings, pineconeSettings } from '../../test/emulators/settings.ts'
import { createChatText } from './chat-text.ts'
import { type Measured, startMeasured, startMeasuredHost } from './measured-host.ts'
import { median, table } from './statistics.ts'

const ROUNDS = 5
const CHATS_A_ROUND = 160
/** Until Node has compiled what is run often. */
const WARM_UP_CHATS = 800
const USERS = 40
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
  const plain = await services.startPlain()
  rows.push(...(await cpuRows(plain, 'a plain server with both SDKs', ['', ''])))
  await plain.stop()
  for (const { storesReplies, goals } of [
    { storesReplies: false, goals: ['2.5 ms', '2.0 ms'] },
    { storesReplies: true, goals: ['3.5 ms', '3.0 ms'] },
  ]) {
    const dataDir = join(folder, `upstream-${storesReplies}`)
    const host = await services.start(dist, dataDir, { STORE_REPLIES: String(storesReplies) })
    rows.push(
      ...(await cpuRows(host, storesReplies ? 'replies stored' : 'replies not stored', goals)),
    )
    if (!storesReplies) rows.push(...(await steadyState(services, host, createChatText(9))))
    await host.stop()
  }
  rows.push(...(await startAndMemory(services, dist, folder)))
  return table(['with Pinecone and Hugging Face', 'median', 'goal'], rows)
}

/** Processor time a turn, one at a time and eight at once, and of one user who has said much. */
async function cpuRows(server: Measured, what: string, goals: readonly string[]) {
  const text = createChatText(7)
  const cpuOf = async (concurrency: number, users: number) => {
    const cpu: number[] = []
    for (let round = 0; round < ROUNDS; round++) {
      const before = await server.cpuMs()
      await chats(server, text, CHATS_A_ROUND, { concurrency, users })
      cpu.push(((await server.cpuMs()) - before) / CHATS_A_ROUND)
    }
    return `${median(cpu).toFixed(2)} ms`
  }
  await chats(server, text, WARM_UP_CHATS, { concurrency: 8, users: USERS })
  const rows: string[][] = []
  for (const [index, concurrency] of [1, 8].entries()) {
    const name = `CPU a turn, ${what}, ${concurrency} at once`
    rows.push([name, await cpuOf(concurrency, USERS), goals[index]!])
  }
  rows.push([`CPU a turn, ${what}, all of one user`, await cpuOf(1, 1), ''])
  return rows
}

type Services = Awaited<ReturnType<typeof startServices>>

async function startServices() {
  const asked = { atMs: 0 }
  let hungUp: (() => void) | undefined
  const shared = { validate: false, keepRequests: 0 }
  const pinecone = await startPineconeEmulator(shared)
  const huggingFace = await startHuggingFaceEmulator({
    ...shared,
    reply: () => {
      asked.atMs = performance.now()
      return ANSWER
    },
    onExchange({ clientClosedAtMs }) {
      if (clientClosedAtMs !== undefined) hungUp?.()
    },
  })
  const settings = {
    ...pineconeSettings(pinecone),
    ...huggingFaceSettings(huggingFace),
    RATE_LIMIT_USER: '0',
    RATE_LIMIT_ADDRESS: '0',
    GENERATIONS_PER_USER: '64',
    GENERATIONS_TOTAL: '64',
  }
  return {
    asked,
    /** The same services in the hands of a server that does nothing but call them. */
    startPlain: () =>
      startMeasured([join(import.meta.dirname, 'plain-server.ts')], {
        ...pineconeSettings(pinecone),
        HF_TOKEN: huggingFace.token,
        HF_URL: huggingFace.url,
      }),
    start: (dist: string, dataDir: string, more: Record<string, string> = {}) =>
      startMeasuredHost(dist, dataDir, { ...settings, ...more }),
    connections: () => pinecone.connections() + huggingFace.connections(),
    slowTokens(msPerToken: number) {
      huggingFace.settings.msPerToken = msPerToken
    },
    /** Resolves when an upstream sees that its caller has gone. */
    seesHangUp: () => new Promise<void>((resolve) => (hungUp = resolve)),
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
  host: Measured,
  text: () => string,
): Promise<string[][]> {
  await chats(host, text, 64, { concurrency: 32 })
  const connectionsBefore = services.connections()
  const passedMs: number[] = []
  for (let chat = 0; chat < 50; chat++) {
    const firstAtMs = await firstTokenAt(host, text())
    passedMs.push(firstAtMs - services.asked.atMs)
  }
  await chats(host, text, 160, { concurrency: 8 })
  const opened = services.connections() - connectionsBefore
  const hungUpMs: number[] = []
  services.slowTokens(LATENCY_MS)
  for (let chat = 0; chat < 20; chat++) hungUpMs.push(await hungUpAfter(services, host, text()))
  services.slowTokens(0)
  services.delay(LATENCY_MS)
  await chats(host, text, 64, { concurrency: 32 })
  const tookMs = await chats(host, text, 320, { concurrency: 32 })
  services.delay(0)
  return [
    [
      'from the upstream asked to the first token here',
      `${median(passedMs).toFixed(1)} ms`,
      '5 ms',
    ],
    ['connections opened in steady state', String(opened), '0'],
    ['from a caller’s hang-up until the upstream sees it', `${median(hungUpMs).toFixed(1)} ms`, ''],
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
    const [firstMs] = await chats(host, text, 1, { concurrency: 1 })
    const laterMs = await chats(host, text, 20, { concurrency: 1 })
    await host.stop()
    if (round === 0) continue // It warms the compile cache.
    readyMs.push(host.readyMs)
    idleMb.push(idle)
    firstShare.push(firstMs! / median(laterMs))
  }
  const host = await services.start(dist, join(folder, 'upstream-memory'))
  await chats(host, createChatText(5), CHATS_BEFORE_MEMORY, { concurrency: 4, users: USERS })
  const afterMb = await host.residentMb()
  await host.stop()
  return [
    ['the first chat, as a multiple of the median', median(firstShare).toFixed(1), '3'],
    ['node to ready', `${median(readyMs).toFixed(0)} ms`, '400 ms'],
    ['resident, idle', `${median(idleMb).toFixed(0)} MB`, '130 MB'],
    [`resident after ${CHATS_BEFORE_MEMORY} chats`, `${afterMb.toFixed(0)} MB`, '150 MB'],
  ]
}

/** Sends so many chats, so many at once, by so many users in turn; how long each took. */
async function chats(
  server: Measured,
  text: () => string,
  count: number,
  { concurrency, users = concurrency }: { concurrency: number; users?: number },
): Promise<number[]> {
  const tookMs: number[] = []
  let sent = 0
  const work = async () => {
    while (sent < count) {
      const user = sent++ % users
      const startedAtMs = performance.now()
      const { status, body } = await server.post('/api/chat', {
        user_id: `user-${user}`,
        message: text(),
      })
      if (status !== 200) throw new Error(`A chat was answered ${status}: ${body}`)
      tookMs.push(performance.now() - startedAtMs)
    }
  }
  await Promise.all(Array.from({ length: concurrency }, work))
  return tookMs
}

const stream = (host: Measured, message: string, signal?: AbortSignal) =>
  fetch(`${host.url}/api/chat`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'text/event-stream' },
    body: JSON.stringify({ user_id: 'streamer', message }),
    ...(signal && { signal }),
  })

/** Goes away after the first token of an answer. */
async function hungUpAfter(services: Services, host: Measured, message: string): Promise<number> {
  const caller = new AbortController()
  const seen = services.seesHangUp()
  const response = await stream(host, message, caller.signal)
  const reader = response.body!.getReader()
  for (let said = ''; !said.includes('event: token');) {
    said += new TextDecoder().decode((await reader.read()).value)
  }
  const atMs = performance.now()
  caller.abort()
  await seen
  return performance.now() - atMs
}

async function firstTokenAt(host: Measured, message: string): Promise<number> {
  const response = await stream(host, message)
  let atMs: number | undefined
  for await (const chunk of response.body!) {
    if (new TextDecoder().decode(chunk).includes('event: token')) atMs ??= performance.now()
  }
  if (atMs === undefined) throw new Error('A stream said nothing.')
  return atMs
}

import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { pineconeProbe } from '../free-probes.ts'
import { upstreamError } from '../upstream/fault.ts'
import { createUpstreamFetch, type UpstreamFetchOptions } from '../upstream/upstream-fetch.ts'
import type { IndexOptions, MemoryIndex } from './memory-index.ts'
import type { UserId } from './memory.ts'
import { passages } from './passages.ts'
import { createPruner, type Limits } from './prune.ts'
import type { Rank } from './rank.ts'
import type { MemoryStore, StoreStatus } from './store.ts'
import { createConnection } from './sqlite/connection.ts'
import { createEraser } from './sqlite/eraser.ts'
import { keepInFile } from './sqlite/keeping.ts'
import { createCaches } from './pinecone/caches.ts'
import { createCalls } from './pinecone/calls.ts'
import { openConversations } from './pinecone/conversations.ts'
import { openDelivery } from './pinecone/delivery.ts'
import { createHost } from './pinecone/host.ts'
import { openHostFile } from './pinecone/host-file.ts'
import { createIndexGate, type IndexWanted, WrongIndexError } from './pinecone/index-gate.ts'
import { keepThere } from './pinecone/keeping.ts'
import { openLinker } from './pinecone/linker.ts'
import { createPruneSource } from './pinecone/prune-source.ts'
import { openReader } from './pinecone/reader.ts'
import { createSender } from './pinecone/sender.ts'
import { prepareStatements } from './pinecone/statements.ts'
import { pineconeRemedy } from './pinecone/unavailable.ts'
import { openUserMemories } from './pinecone/user-memories.ts'
import { type Isolation, openUserRecords, SHARED_NAMESPACE } from './pinecone/user-records.ts'
import { createVisibility } from './pinecone/visibility.ts'
import { RECENT_MS } from './pinecone/writes.ts'

export interface PineconeMemoryStoreOptions extends IndexWanted {
  /** Where writes are durable until Pinecone has them; undefined where there is no disk: then they wait for Pinecone. */
  readonly file: string | undefined
  readonly isolation: Isolation
  readonly ranking: {
    readonly createIndex: (options?: IndexOptions) => MemoryIndex
    readonly rank: Rank
  }
  /** The embedder's, for turns whose neighbours change; costs a call now and then. */
  readonly embed: (texts: readonly string[]) => Promise<readonly Float32Array[]>
  /** How much is kept of each user; undefined: all. */
  readonly limits?: Limits | undefined
  readonly now: () => Date
  /** Of a call to Pinecone. Default 10,000. */
  readonly timeoutMs?: number | undefined
  /** What is written within this time is sent together. */
  readonly lingerMs?: number | undefined
  /** After this time another process sends in the place of one that died. */
  readonly turnMs?: number | undefined
  readonly upstream?: Partial<UpstreamFetchOptions> | undefined
  /** The index turned out not to fit the settings, which no waiting mends. */
  readonly onWrongIndex?: ((error: WrongIndexError) => void) | undefined
}

/** What this driver can do beyond the contract. */
export interface PineconeMemoryStore extends MemoryStore {
  readonly driver: 'pinecone'
  /**
   * Looks once whether the index is there and fits, and makes it where it is missing. Rejects with a `WrongIndexError`, or with
   * what refuses the key; resolves while Pinecone is away or the index is being made: it is looked for in the background.
   */
  start(): Promise<void>
  status(): Promise<PineconeStatus>
  /** Whether Pinecone has all that was written. */
  isSent(): Promise<boolean>
}

export interface PineconeStatus extends StoreStatus {
  /** Of the service itself: with a disk, chats go on without it. */
  readonly pinecone: 'ok' | 'error'
}

const LINGER_MS = 50
const TURN_MS = 5_000
const SWEEP_MS = 60_000
/** What was said just now may be with the embedder still. */
const SETTLING_MS = 30_000
const EMBEDDED_AT_ONCE = 50
/** Shown or not, by then it is. */
const SURELY_SHOWN_MS = 60 * 60 * 1_000
/** What a stop waits for a request on its way; the rest is sent after the next start. */
const CLOSE_MS = 1_000
const ERASE_AFTER_MS = 5_000
const READ_TIMEOUT_MS = 5_000
/** The first message of a user asks for its conversation, what is pinned and who speaks, and is written. */
const WARM_CONNECTIONS = 4
const START_TIMEOUT_MS = 4_000
const CONTROL_URL = 'https://api.pinecone.io'

/** Memories in a Pinecone index, and what is on its way there in a file beside. Connects to nothing until it is asked. */
export function createPineconeMemoryStore(
  options: PineconeMemoryStoreOptions,
): PineconeMemoryStore {
  const { file, isolation, dimension, ranking, embed, now, apiKey } = options
  const hasDisk = file !== undefined
  const upstream = createUpstreamFetch({
    name: 'Pinecone',
    // By id and by filter: done twice it is done once. An index is made once.
    isRepeatable: (method, path) => method !== 'POST' || !path.startsWith('/indexes'),
    probe: pineconeProbe(options.controllerUrl ?? CONTROL_URL, options.name, apiKey),
    now,
    ...(options.timeoutMs !== undefined && { timeoutMs: options.timeoutMs }),
    ...options.upstream,
  })
  const calls = createCalls(upstream)
  let isStarting = false
  const gate = createIndexGate(options, calls, upstream.name, (error) => {
    if (!isStarting) options.onWrongIndex?.(error) // Else `start` rejects with it.
  })
  const database = openHostFile(file)
  const statements = prepareStatements(database)
  const connection = createConnection(database, { kept: statements.rowCache })
  const host = createHost({ statements, now })
  const visibility = createVisibility((userId) =>
    isolation === 'namespace' ? userId : SHARED_NAMESPACE,
  )
  const caches = createCaches({ visibility, connection, statements, hasDisk, keepMs: RECENT_MS })
  const eraser = hasDisk
    ? createEraser({ file, connection, statements, delayMs: ERASE_AFTER_MS })
    : undefined

  const partsOf = (userId: UserId) => {
    const records = openUserRecords(userId, { calls, gate, isolation, dimension })
    const shared = { records, connection, statements, visibility, dimension, now }
    const reader = openReader(userId, shared)
    return { ...shared, reader, conversations: openConversations(userId, { ...shared, reader }) }
  }
  const sender = createSender({
    connection,
    statements,
    deliveryFor(userId) {
      const parts = partsOf(userId)
      return openDelivery(userId, {
        ...parts,
        linker: openLinker(userId, { ...parts, host, embed }),
      })
    },
    holder: randomUUID(),
    now,
    random: options.upstream?.random ?? Math.random,
    lingerMs: options.lingerMs ?? LINGER_MS,
    turnMs: options.turnMs ?? TURN_MS,
    onOutage: () => gate.forget(),
  })

  /** Recent writes that are no longer needed. */
  async function sweep(): Promise<void> {
    const nowMs = now().getTime()
    const keepMs = hasDisk ? RECENT_MS : 0
    await connection.write(() => {
      for (const row of statements.aged(nowMs - keepMs)) {
        const seen = visibility.seen(row.user_id as UserId)
        const isShown = row.lsn !== null && seen !== undefined && row.lsn <= seen
        if (isShown || row.touched_ms < nowMs - SURELY_SHOWN_MS)
          statements.drop(row.user_id, row.id)
      }
      statements.dropAgedConversations(nowMs - keepMs)
      statements.dropAgedClears(nowMs - RECENT_MS)
    })
  }

  const pruner = createPruner({
    limits: options.limits ?? {},
    source: createPruneSource({
      calls,
      gate,
      isolation,
      dimension,
      readerOf: (userId) => partsOf(userId).reader,
    }),
    memoriesOf: (userId) => store.forUser(userId),
    now,
    spare: (maxPerUser) => Math.floor(maxPerUser / 50),
  })

  /** Memories that no embedder would make vectors for when they were said. */
  async function embedLate(): Promise<void> {
    const before = now().getTime() - SETTLING_MS
    const rows = await connection.read(() => statements.unembedded(before, EMBEDDED_AT_ONCE))
    const texts = rows.map((row) => passages(row.memory!.text))
    const vectors = rows.length > 0 ? await embed(texts.flat()) : []
    let at = 0
    for (const [place, row] of rows.entries()) {
      const own = vectors.slice(at, (at += texts[place]!.length))
      await connection.write(() => host.embed(row, own))
    }
    if (rows.length > 0) sender.wake()
  }

  let isClosed = false
  const sweeping = setInterval(() => {
    sweep()
      .then(embedLate)
      .catch(() => {}) // The embedder and the file tell of their own faults; the next round tries again.
  }, SWEEP_MS).unref()
  if (hasDisk) {
    // A process may have died with something on its way.
    void connection
      .write(() => statements.retryRefused())
      .then(
        () => sender.wake(),
        () => {},
      )
    eraser!.wake()
  }

  async function status(): Promise<PineconeStatus> {
    const wrong = gate.wrong()
    if (wrong) return { status: 'error', pinecone: 'error', detail: wrong.message }
    const writing = connection.failure()
    const ofService = await upstream.check()
    const isAway = ofService.status !== 'ok'
    const { waiting, refused } = await connection
      .read(() => statements.counts()!)
      .catch(() => ({ waiting: 0, refused: 0 }))
    const details = [
      writing && `Not saved: ${writing}`,
      isAway && ofService.detail,
      !isAway && sender.failure(),
      refused > 0 && `Pinecone refuses ${refused} memories; they are kept on this host.`,
      hasDisk && isAway && waiting > 0 && `${waiting} memories are on their way.`,
    ].filter((detail) => typeof detail === 'string')
    const pinecone = ofService.status === 'error' ? 'error' : 'ok'
    // With a disk a chat goes on without Pinecone.
    const isError = pinecone === 'error' && !hasDisk
    return {
      status: isError ? 'error' : details.length > 0 ? 'degraded' : 'ok',
      pinecone,
      detail: details.length > 0 ? details.join(' ') : undefined,
    }
  }

  /** Connections to the index itself, which is at another address than the control of it. */
  async function warm(): Promise<void> {
    const index = await gate.index()
    const asking = Array.from({ length: WARM_CONNECTIONS }, () =>
      calls.run(() => index.describeIndexStats()),
    )
    await Promise.all(asking)
  }

  const isSent = () => connection.read(() => statements.usersOnTheirWay().length === 0)

  const store: PineconeMemoryStore = {
    driver: 'pinecone',
    forUser(userId) {
      const parts = partsOf(userId)
      return openUserMemories(userId, {
        ...parts,
        host,
        keeping: hasDisk
          ? keepInFile(userId, parts)
          : keepThere(userId, parts, parts.records, dimension),
        sender,
        caches,
        createIndex: ranking.createIndex,
        rank: ranking.rank,
        hasDisk,
        timeoutMs: Math.min(options.timeoutMs ?? READ_TIMEOUT_MS, READ_TIMEOUT_MS),
        onDeleted() {
          caches.forgetSpeakers(userId)
          eraser?.wake()
        },
        onAdded: (_, count) => pruner.added(userId, count),
      })
    },
    async start() {
      isStarting = true
      const looking = gate
        .check()
        .then(warm)
        .catch((error: unknown) => {
          if (error instanceof WrongIndexError) throw error
          const fault = upstreamError(upstream.name, error, pineconeRemedy)
          if (fault.failure === 'refused') throw fault
        })
      await Promise.race([looking, sleep(START_TIMEOUT_MS, undefined, { ref: false })]).finally(
        () => (isStarting = false),
      )
      looking.catch(() => {}) // Told by `onWrongIndex` where it comes later.
    },
    status: async () => (isClosed ? CLOSED : status()),
    isSent,
    async isErased(mark) {
      return (await isSent()) && (eraser ? eraser.isDone(mark) : true)
    },
    ...(eraser && { erasureMark: () => eraser.mark() }),
    async close() {
      if (isClosed) return
      isClosed = true
      clearInterval(sweeping)
      gate.close()
      await Promise.race([pruner.close(), sleep(CLOSE_MS)])
      await Promise.race([sender.close(), sleep(CLOSE_MS)])
      await eraser?.close()
      database.close()
      upstream.connections.close()
    },
  }
  return store
}

const CLOSED: PineconeStatus = {
  status: 'error',
  pinecone: 'error',
  detail: 'The memory store is closed.',
}

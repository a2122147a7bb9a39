import { type ServerSentEvent, readEvents } from './events.ts'
import { apiDocument, createApiContract } from './openapi.ts'

/** The API as a client sees it. Every call resolves with whatever was answered; nothing throws for a 4xx. */
export interface Api {
  request<T>(method: string, path: string, options?: RequestOptions): Promise<Answer<T>>
  chat(body: ChatBody, headers?: Headings): Promise<Answer<ChatAnswer>>
  /** The same with `stream: true`: its events, in order, once all are there. */
  chatEvents(body: ChatBody, headers?: Headings): Promise<ServerSentEvent[]>
  /** The open response, for whoever reads it piece by piece or hangs up. */
  openStream(body: ChatBody, signal?: AbortSignal): Promise<Response>
  ingest(body: { user_id?: string; items: readonly IngestItem[] }): Promise<Answer<IngestAnswer>>
  list(userId: string, query?: Record<string, string>): Promise<Answer<ListAnswer>>
  search(body: SearchBody): Promise<Answer<{ results: RecalledMemory[] }>>
  get(userId: string, id: string): Promise<Answer<WireMemory>>
  forget(userId: string, id: string): Promise<Answer<undefined>>
  change(userId: string, id: string, change: MemoryPatch): Promise<Answer<WireMemory>>
  forgetConversation(userId: string, id: string): Promise<Answer<{ deleted: number }>>
  /** One JSON object a line. */
  exportLines(userId: string): Promise<string>
  importLines(userId: string, lines: string): Promise<Answer<ImportAnswer>>
  erase(userId: string, query?: string): Promise<Answer<WireReceipt>>
}

export type Headings = Readonly<Record<string, string>>

export interface RequestOptions {
  /** Sent as JSON; a string is sent as it is. */
  readonly body?: unknown
  readonly headers?: Headings
}

export interface Answer<T> {
  readonly status: number
  readonly headers: Headers
  readonly body: T
}

export interface ProblemBody {
  readonly type: string
  readonly title: string
  readonly status: number
  readonly detail: string
  readonly request_id: string
  readonly errors?: readonly { path: string; message: string }[]
}

export interface ChatBody {
  readonly user_id?: string
  readonly message: string
  readonly message_id?: string
  readonly top_k?: number
  readonly score_threshold?: number
  readonly metadata?: Record<string, unknown>
}

export interface WireMemory {
  readonly id: string
  readonly text: string
  readonly ts: string
  readonly role: string
  readonly tags: string[]
  readonly conversation_id: string | null
  readonly source: string
}

export interface RecalledMemory extends WireMemory {
  readonly score: number
  readonly why: Record<string, number>
}

export interface ChatAnswer {
  readonly response: string
  readonly context: RecalledMemory[]
  readonly usage: { prompt_tokens: number; completion_tokens: number; model: string }
  readonly latency_ms: number
  readonly timings: { embed_ms: number; recall_ms: number; first_token_ms: number }
  readonly user_id: string
  readonly conversation_id: string
  readonly message_id: string
  readonly memory: { message: string; reply: string }
}

export interface IngestItem {
  readonly text: string
  readonly role: string
  readonly ts?: string
  readonly speaker?: string
  readonly tags?: readonly string[]
  readonly conversation_id?: string
}

export interface IngestAnswer {
  readonly upserted: number
  readonly ids: string[]
}

export interface ListAnswer {
  readonly results: WireMemory[]
  readonly next_cursor: string | null
}

export interface MemoryPatch {
  readonly text?: string
  readonly tags?: readonly string[]
  readonly pinned?: boolean
}

export interface ImportAnswer {
  readonly added: number
  readonly skipped: number
  readonly refused: readonly { line: number; message: string }[]
  readonly refused_count: number
}

export interface WireReceipt {
  readonly user_id: string
  readonly removed: Readonly<
    Record<'memories' | 'vectors' | 'lexical' | 'cache' | 'outbox' | 'replies', number>
  >
  readonly scrubbed: 'pending' | 'done'
  readonly verified: boolean
  readonly at: string
}

export interface SearchBody {
  readonly user_id?: string
  readonly query: string
  readonly top_k?: number
  readonly score_threshold?: number
  readonly tags?: readonly string[]
}

const JSON_TYPE = { 'content-type': 'application/json' }
const LINES_TYPE = { 'content-type': 'application/x-ndjson' }

const contract = createApiContract(apiDocument)

/** Every answer is held against the document that callers are given. */
function conform(complaints: readonly string[]): void {
  if (complaints.length > 0) throw new Error(`Not as documented: ${complaints.join('; ')}`)
}

export function createApi(url: string): Api {
  const request: Api['request'] = async (method, path, { body, headers } = {}) => {
    const response = await fetch(url + path, {
      method,
      headers: { ...(body === undefined ? {} : JSON_TYPE), ...headers },
      ...(body === undefined ? {} : { body: toText(body) }),
    })
    const text = await response.text()
    const isJson = /[/+]json\b/.test(response.headers.get('content-type') ?? '')
    const parsed: unknown = isJson && text !== '' ? JSON.parse(text) : text || undefined
    const { status, headers: answered } = response
    conform(contract.complaintsAbout({ method, path, status, headers: answered, body: parsed }))
    return { status, headers: answered, body: parsed as never }
  }
  const openStream = (body: ChatBody, signal?: AbortSignal, headers?: Headings) =>
    fetch(`${url}/api/chat`, {
      method: 'POST',
      headers: { ...JSON_TYPE, ...headers },
      body: JSON.stringify({ ...body, stream: true }),
      signal: signal ?? null,
    })
  const parameters = (userId: string, more: Record<string, string> = {}) =>
    new URLSearchParams({ user_id: userId, ...more }).toString()
  return {
    request,
    chat: (body, headers = {}) => request('POST', '/api/chat', { body, headers }),
    async chatEvents(body, headers) {
      const events = await readEvents(await openStream(body, undefined, headers))
      conform(contract.complaintsAboutEvents('/api/chat', events))
      return events
    },
    openStream,
    ingest: (body) => request('POST', '/api/ingest', { body }),
    list: (userId, query) => request('GET', `/api/memories?${parameters(userId, query)}`),
    search: (body) => request('POST', '/api/memories/search', { body }),
    get: (userId, id) => request('GET', `/api/memories/${id}?${parameters(userId)}`),
    forget: (userId, id) => request('DELETE', `/api/memories/${id}?${parameters(userId)}`),
    change: (userId, id, body) =>
      request('PATCH', `/api/memories/${id}?${parameters(userId)}`, { body }),
    forgetConversation: (userId, id) =>
      request('DELETE', `/api/conversations/${id}?${parameters(userId)}`),
    exportLines: async (userId) =>
      (await request<string | undefined>('GET', `/api/users/${userId}/export`)).body ?? '',
    importLines: (userId, lines) =>
      request('POST', `/api/users/${userId}/import`, { body: lines, headers: LINES_TYPE }),
    erase: (userId, query = '') => request('DELETE', `/api/users/${userId}${query}`),
  }
}

const toText = (body: unknown) => (typeof body === 'string' ? body : JSON.stringify(body))

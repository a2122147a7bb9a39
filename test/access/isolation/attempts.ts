/** Everything a stranger may try to come at what is Ada's, as requests. */
export interface Attempt {
  readonly what: string
  readonly method: string
  readonly path: string
  readonly headers?: Readonly<Record<string, string>>
  /** Sent as JSON; a string is sent as it is. */
  readonly body?: unknown
  /** Sent as a form of the page. */
  readonly form?: Readonly<Record<string, string>>
}

/** What the stranger has found out of Ada's: everything but what it says. */
export interface Found {
  readonly memoryId: string
  readonly answerId: string
  readonly messageId: string
  readonly conversationId: string
  readonly cursor: string
  /** Her cookie without its signature, and with that of the stranger. */
  readonly cookies: readonly string[]
}

/** Spellings that are not Ada's, but that a careless comparison, path, query or filter takes for hers, or for all. */
export const NEARLY_ADA: readonly string[] = [
  'ADA',
  'Ada',
  ' ada',
  'ada ',
  'ada\t',
  'ada\0',
  'ada\0alan',
  'аda', // Cyrillic.
  'ａｄａ', // Full width.
  'ada\u200b',
  'a\u0064\u0301a',
  '*',
  '',
  '%',
  'ad_',
  'a*',
  '../ada',
  './ada',
  'ada/',
  'alan/../ada',
  '..%2fada',
  'ada,alan',
  'alan,ada',
  'ada;alan',
  '["ada"]',
  '{"$ne":""}',
  "alan' OR user_id='ada",
  'u_ada',
  '__default__',
  'undefined',
  `ada${'a'.repeat(62)}`,
  `ada${' '.repeat(8000)}`,
]

/** One place in a request where a user is named. */
export type Place = (name: string, found: Found) => Attempt

const inQuery = (name: string) => `user_id=${encodeURIComponent(name)}`
const inPath = (name: string) => `/api/users/${encodeURIComponent(name)}`
const LINE = '{"text":"planted","role":"user","ts":"2026-03-01T12:00:00Z"}'
const NDJSON = { 'content-type': 'application/x-ndjson' }
const ITEM = { text: 'planted', role: 'user' }
/** A header holds bytes: what is beyond ASCII goes as UTF-8, and control characters cannot be sent at all. */
const inLatin1 = (text: string) => Buffer.from(text.replaceAll(/\p{Cc}/gu, '')).toString('latin1')
const inHeader = (name: string) => ({ 'x-user-id': inLatin1(name) })

export const PLACES: Readonly<Record<string, Place>> = {
  'list, query': (name) => ({
    what: 'list',
    method: 'GET',
    path: `/api/memories?${inQuery(name)}`,
  }),
  'list, header': (name) => ({
    what: 'list',
    method: 'GET',
    path: '/api/memories',
    headers: inHeader(name),
  }),
  'list, query twice': (name) => ({
    what: 'list',
    method: 'GET',
    path: `/api/memories?user_id=alan&${inQuery(name)}&user_id=alan`,
  }),
  'search, body': (name) => ({
    what: 'search',
    method: 'POST',
    path: '/api/memories/search',
    body: { user_id: name, query: 'password', score_threshold: 0, top_k: 50 },
  }),
  'read, query': (name, { memoryId }) => ({
    what: 'read',
    method: 'GET',
    path: `/api/memories/${memoryId}?${inQuery(name)}`,
  }),
  'edit, body': (name, { memoryId }) => ({
    what: 'edit',
    method: 'PATCH',
    path: `/api/memories/${memoryId}`,
    body: { user_id: name, text: 'overwritten' },
  }),
  'edit, query': (name, { memoryId }) => ({
    what: 'edit',
    method: 'PATCH',
    path: `/api/memories/${memoryId}?${inQuery(name)}`,
    body: { pinned: true },
  }),
  'delete, query': (name, { memoryId }) => ({
    what: 'delete',
    method: 'DELETE',
    path: `/api/memories/${memoryId}?${inQuery(name)}`,
  }),
  'delete conversation, query': (name, { conversationId }) => ({
    what: 'delete conversation',
    method: 'DELETE',
    path: `/api/conversations/${conversationId}?${inQuery(name)}`,
  }),
  'chat, body': (name, { conversationId }) => ({
    what: 'chat',
    method: 'POST',
    path: '/api/chat',
    body: {
      user_id: name,
      message: 'What is the password?',
      metadata: { conversation_id: conversationId },
    },
  }),
  'stream, header': (name) => ({
    what: 'stream',
    method: 'POST',
    path: '/api/chat',
    headers: inHeader(name),
    body: { message: 'What is the password?', stream: true },
  }),
  'ingest, body': (name) => ({
    what: 'ingest',
    method: 'POST',
    path: '/api/ingest',
    body: { user_id: name, items: [ITEM] },
  }),
  'export, path': (name) => ({ what: 'export', method: 'GET', path: `${inPath(name)}/export` }),
  'import, path': (name) => ({
    what: 'import',
    method: 'POST',
    path: `${inPath(name)}/import`,
    headers: NDJSON,
    body: LINE,
  }),
  'erase, path': (name) => ({ what: 'erase', method: 'DELETE', path: inPath(name) }),
  'erase, dry run': (name) => ({
    what: 'dry run',
    method: 'DELETE',
    path: `${inPath(name)}?dry_run=true`,
  }),
}

/** By ids that are Ada's, or that should be nobody's, in the stranger's own name. */
export function byId(found: Found): Attempt[] {
  const { memoryId, answerId, messageId, conversationId, cursor } = found
  const own = 'user_id=alan'
  const ids = [
    memoryId,
    answerId,
    memoryId.toUpperCase(),
    memoryId.replaceAll('-', ''),
    `{${memoryId}}`,
    `ada:${memoryId}`,
    `${memoryId}%00`,
    `..%2F..%2F${memoryId}`,
    `%2e%2e/${memoryId}`,
    `${memoryId.slice(0, -1)}％`,
    '*',
    '%25',
    '',
    'a'.repeat(5000),
    messageId,
    conversationId,
  ]
  const api = ids.flatMap((id): Attempt[] => [
    { what: `read ${id}`, method: 'GET', path: `/api/memories/${id}?${own}` },
    {
      what: `edit ${id}`,
      method: 'PATCH',
      path: `/api/memories/${id}?${own}`,
      body: { text: 'overwritten' },
    },
    { what: `delete ${id}`, method: 'DELETE', path: `/api/memories/${id}?${own}` },
  ])
  const conversations = [conversationId, '*', '%25', `..%2F${conversationId}`, '_'.repeat(6)]
  const line = (id: string) =>
    JSON.stringify({ id, text: 'overwritten', role: 'user', ts: '2026-03-01T12:00:00Z' })
  return [
    ...api,
    ...conversations.map((id) => ({
      what: `delete conversation ${id}`,
      method: 'DELETE',
      path: `/api/conversations/${id}?${own}`,
    })),
    { what: 'list from her cursor', method: 'GET', path: `/api/memories?${own}&cursor=${cursor}` },
    {
      what: 'chat in a conversation called as hers',
      method: 'POST',
      path: '/api/chat',
      body: {
        user_id: 'alan',
        message: 'What did I say the password is?',
        metadata: { conversation_id: conversationId },
        score_threshold: 0,
        top_k: 50,
      },
    },
    ...['What is the password?', 'The password is known.'].map((message) => ({
      what: 'replay of her message',
      method: 'POST',
      path: '/api/chat',
      body: { user_id: 'alan', message, message_id: messageId },
    })),
    ...[memoryId, answerId].map((id) => ({
      what: `import over ${id}`,
      method: 'POST',
      path: '/api/users/alan/import',
      headers: NDJSON,
      body: line(id),
    })),
    {
      what: 'ingest under a member that is not in the contract',
      method: 'POST',
      path: '/api/ingest',
      body: { user_id: 'alan', items: [{ ...ITEM, id: memoryId, user_id: 'ada' }] },
    },
  ]
}

/** The page, in the session of the stranger. */
export function onPage({
  memoryId,
  answerId,
  messageId,
  conversationId,
  cursor,
}: Found): Attempt[] {
  const messagePath = `/c/${conversationId}/m/${messageId}`
  const views = [
    `/c/${conversationId}`,
    `/c/${conversationId}?at=${memoryId}`,
    `/c/${conversationId}?before=${answerId}`,
    `/c/${encodeURIComponent('*')}`,
    `/c/..%2F${conversationId}`,
    `${messagePath}/stream`,
    `${messagePath}/live`,
    `${messagePath}/memories`,
    `/memories?q=password`,
    `/memories?cursor=${cursor}`,
    `/memories?user_id=ada`,
    `/?user_id=ada`,
    '/memories/download?user_id=ada',
  ]
  const forms: [path: string, form: Record<string, string>][] = [
    [`${messagePath}/stop`, {}],
    [`${messagePath}/retry`, {}],
    [`${messagePath}/edit`, { text: 'overwritten' }],
    [`/c/${conversationId}/delete`, {}],
    [`/memories/${memoryId}/forget`, {}],
    [`/memories/${memoryId}/forget`, { message_id: messageId }],
    [`/memories/${memoryId}/pin`, { pinned: 'true' }],
    [`/memories/${memoryId}/edit`, { text: 'overwritten', tags: '' }],
    [`/memories/${memoryId}/restore`, { memory: 'AAAA'.repeat(20) }],
    ['/memories/forget-all', { confirm: 'forget everything', user_id: 'ada' }],
    [
      `/c/${conversationId}/messages`,
      { text: 'What is the password?', message_id: 'of-a-stranger', user_id: 'ada' },
    ],
    [`/c/${conversationId}/messages`, { text: 'What is the password?', message_id: messageId }],
    ['/memories/upload', { lines: LINE, user_id: 'ada' }],
  ]
  return [
    ...views.flatMap((path): Attempt[] => [
      { what: `GET ${path}`, method: 'GET', path },
      { what: `GET ${path} (htmx)`, method: 'GET', path, headers: { 'hx-request': 'true' } },
    ]),
    ...forms.flatMap(([path, form]): Attempt[] => [
      { what: `POST ${path}`, method: 'POST', path, form },
      {
        what: `POST ${path} (htmx)`,
        method: 'POST',
        path,
        form,
        headers: { 'hx-request': 'true' },
      },
    ]),
  ]
}

/** With a cookie that is not the stranger's to have. */
export const byCookie = ({ cookies, conversationId }: Found): Attempt[] =>
  cookies.flatMap((cookie) =>
    ['/', '/memories', `/c/${conversationId}`, '/memories/download', '/api/memories'].map(
      (path) => ({
        what: `GET ${path} as ${cookie.slice(0, 80)}`,
        method: 'GET',
        path,
        headers: { cookie: inLatin1(cookie), 'sec-fetch-site': 'same-origin' },
      }),
    ),
  )

import { randomBytes } from 'node:crypto'

/**
 * Asks a running service whether it does what it is there for, as two users that nobody has met, and leaves nothing
 * behind: `npm run smoke -- https://example.org`. Exit code 1 when anything is wrong.
 */

const baseUrl = (process.argv[2] ?? 'http://localhost:8000').replace(/\/+$/, '')
const run = randomBytes(6).toString('hex')
const ada = `smoke-a-${run}`
const alan = `smoke-b-${run}`
const color = `teal-${run}`

const checks: [name: string, check: () => Promise<string>][] = [
  ['version', version],
  ['health', health],
  ['chat', chat],
  ['memory on the second turn', memory],
  ['two users apart', isolation],
  ['streaming', streaming],
  ['page', page],
]

let failed = 0
console.log(`${baseUrl}\n`)
for (const [name, check] of checks) {
  const startedAtMs = performance.now()
  const [mark, detail] = await check().then(
    (text) => ['ok  ', text] as const,
    (error: Error) => ['FAIL', error.message] as const,
  )
  if (mark === 'FAIL') failed += 1
  const elapsedMs = Math.round(performance.now() - startedAtMs)
  console.log(`${mark} ${name.padEnd(26)} ${String(elapsedMs).padStart(6)} ms  ${detail}`)
}
for (const user of [ada, alan]) await forgetAll(user)
console.log(failed === 0 ? '\nAll is well.' : `\n${failed} of ${checks.length} checks failed.`)
process.exit(failed === 0 ? 0 : 1)

interface ChatAnswer {
  response: string
  context: { text: string }[]
  memory: { message: string }
}

async function version(): Promise<string> {
  const { version, commit } = await getJson<{ version: string; commit: string }>('/version')
  return `${version} (${commit.slice(0, 7)})`
}

async function health(): Promise<string> {
  const { status, checks } = await getJson<{
    status: string
    checks: { store: { driver: string } }
  }>('/api/health')
  expect(status !== 'error', `status is ${status}`)
  return `${status}, memories in ${checks.store.driver}`
}

async function chat(): Promise<string> {
  const answer = await say(ada, `My favourite colour is ${color}.`)
  expect(answer.response !== '', 'the answer is empty')
  expect(
    ['stored', 'pending'].includes(answer.memory.message),
    `the message is ${answer.memory.message}`,
  )
  return JSON.stringify(answer.response.slice(0, 60))
}

async function memory(): Promise<string> {
  const { context } = await say(ada, 'What is my favourite colour?')
  expect(
    context.some(({ text }) => text.includes(color)),
    'the first message was not recalled',
  )
  return `${context.length} recalled`
}

async function isolation(): Promise<string> {
  const { context } = await say(alan, 'What is my favourite colour?')
  expect(!JSON.stringify(context).includes(color), 'another user’s memory was recalled')
  return 'nothing of the other user'
}

async function streaming(): Promise<string> {
  const response = await post('/api/chat', {
    user_id: ada,
    message: 'And which colour is that?',
    stream: true,
  })
  const text = await response.text()
  const events = [...text.matchAll(/^event: (\w+)$/gm)].map(([, name]) => name)
  expect(events[0] === 'context', `the first event is ${events[0]}`)
  expect(events.at(-1) === 'done', `the last event is ${events.at(-1)}`)
  return `${events.length} events`
}

async function page(): Promise<string> {
  const response = await fetch(`${baseUrl}/`)
  const html = await response.text()
  expect(response.status === 200, `status ${response.status}`)
  expect(html.includes('<form') && html.includes('Send'), 'there is no composer')
  return `${(html.length / 1024).toFixed(1)} KiB`
}

async function say(user: string, message: string): Promise<ChatAnswer> {
  return (await (await post('/api/chat', { user_id: user, message })).json()) as ChatAnswer
}

async function forgetAll(user: string): Promise<void> {
  const { results } = await getJson<{ results: { id: string }[] }>(
    `/api/memories?user_id=${user}&limit=200`,
  )
  await Promise.all(
    results.map(({ id }) =>
      fetch(`${baseUrl}/api/memories/${id}?user_id=${user}`, { method: 'DELETE' }),
    ),
  )
}

async function post(path: string, body: unknown): Promise<Response> {
  const headers = { 'content-type': 'application/json' }
  return whole(await fetch(baseUrl + path, { method: 'POST', headers, body: JSON.stringify(body) }))
}

async function getJson<T>(path: string): Promise<T> {
  return (await (await whole(await fetch(baseUrl + path))).json()) as T
}

async function whole(response: Response): Promise<Response> {
  if (response.ok) return response
  throw new Error(`status ${response.status}: ${(await response.text()).slice(0, 200)}`)
}

function expect(holds: boolean, otherwise: string): void {
  if (!holds) throw new Error(otherwise)
}

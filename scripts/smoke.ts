import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'

const help = `npm run smoke -- [BASE_URL] [options]

Asks a running service whether it does what it is there for, as two users that nobody has met, and leaves
nothing behind. BASE_URL is http://localhost:8000 unless said otherwise. Exit code 1 when anything is wrong.

  --commit SHA   this commit must answer (7 digits are enough)
  --wait N       seconds that a service which has just been deployed may take to answer at all (default 30)
  --proxied      it is asked through its proxy, which must keep what is the host's own to itself
  --key KEY      one of its API_KEYS, where it has any; or the variable SMOKE_API_KEY`

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    commit: { type: 'string', default: '' },
    wait: { type: 'string', default: '30' },
    proxied: { type: 'boolean', default: false },
    key: { type: 'string', default: process.env['SMOKE_API_KEY'] ?? '' },
    help: { type: 'boolean', default: false },
  },
})
const baseUrl = (positionals[0] ?? 'http://localhost:8000').replace(/\/+$/, '')

/** A model that is loading may take its time; nothing here may hang a deploy. */
const REQUEST_TIMEOUT_MS = 90_000
/** A vector database shows a write a little later; the next turn of a person would come no sooner. */
const RECALL_WITHIN_MS = 15_000
const PAUSE_MS = 1000

const run = randomBytes(6).toString('hex')
const ada = `smoke-a-${run}`
const alan = `smoke-b-${run}`
const color = `teal-${run}`

const checks: readonly (readonly [name: string, check: () => Promise<string>])[] = [
  ['version', version],
  ['health', health],
  ['chat', chat],
  ['memory on the second turn', memory],
  ['two users apart', isolation],
  ['streaming', streaming],
  ['page', page],
  ...(options.proxied ? ([['proxy', proxy]] as const) : []),
  ['nothing left behind', erasure],
]

if (options.help) console.log(help)
else process.exitCode = await runChecks()

async function runChecks(): Promise<number> {
  let failed = 0
  console.log(`${baseUrl}\n`)
  for (const [name, check] of checks) {
    const startedAtMs = performance.now()
    const [mark, detail] = await check().then(
      (text) => ['ok  ', text] as const,
      (error: Error) => ['FAIL', explained(error)] as const,
    )
    if (mark === 'FAIL') failed += 1
    const elapsedMs = Math.round(performance.now() - startedAtMs)
    console.log(`${mark} ${name.padEnd(26)} ${String(elapsedMs).padStart(6)} ms  ${detail}`)
    if (failed > 0 && name === 'version') break // Nobody is there, or not who was expected.
  }
  console.log(failed === 0 ? '\nAll is well.' : '\nNot all is well.')
  return failed === 0 ? 0 : 1
}

interface ChatAnswer {
  readonly response: string
  readonly context: readonly { readonly text: string }[]
  readonly memory: { readonly message: string }
}

/** Whoever deploys asks for one release; a network between may need a moment to lead there. */
async function version(): Promise<string> {
  const giveUpAtMs = performance.now() + Number(options.wait) * 1000
  for (;;) {
    try {
      const { version, commit } = await getJson<Record<'version' | 'commit', string>>('/version')
      expect(commit.startsWith(options.commit), `it is ${commit}, not ${options.commit}`)
      return `${version} (${commit.slice(0, 7)})`
    } catch (error) {
      if (performance.now() > giveUpAtMs) throw error
      await sleep(PAUSE_MS)
    }
  }
}

async function health(): Promise<string> {
  const { status, checks } = await getJson<{
    status: string
    checks: Record<'store' | 'embedder' | 'generator', { driver?: string; name?: string }>
  }>('/api/health')
  expect(status !== 'error', `status is ${status}`)
  const { store, embedder, generator } = checks
  return `${status}: ${store.driver}, ${embedder.name}, ${generator.name}`
}

async function chat(): Promise<string> {
  const answer = await say(ada, `My favourite colour is ${color}.`)
  expect(answer.response.trim() !== '', 'the answer is empty')
  const { message } = answer.memory
  expect(['stored', 'pending'].includes(message), `the message is ${message}`)
  return JSON.stringify(answer.response.slice(0, 60))
}

async function memory(): Promise<string> {
  const giveUpAtMs = performance.now() + RECALL_WITHIN_MS
  for (;;) {
    const { context } = await say(ada, 'What is my favourite colour?')
    if (context.some(({ text }) => text.includes(color))) return `${context.length} recalled`
    expect(performance.now() < giveUpAtMs, 'the first message was not recalled')
    await sleep(PAUSE_MS)
  }
}

/** Told by what is recalled: what a model makes of it is its own affair. */
async function isolation(): Promise<string> {
  const { context } = await say(alan, 'What is my favourite colour?')
  expect(!JSON.stringify(context).includes(color), 'another user’s memory was recalled')
  const { results } = await memoriesOf(alan)
  expect(!JSON.stringify(results).includes(color), 'another user’s memory is in the list')
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
  expect(events.includes('token'), 'there is no token')
  return `${events.length} events`
}

async function page(): Promise<string> {
  const html = await (await ask('/')).text()
  expect(html.includes('<form') && html.includes('Send'), 'there is no composer')
  const files = [...html.matchAll(/(?:src|href)="(\/assets\/[^"]+)"/g)].map(([, path]) => path!)
  expect(files.length > 0, 'it names no script and no style')
  await Promise.all(files.map((path) => ask(path)))
  return `${(html.length / 1024).toFixed(1)} KiB and ${files.length} files`
}

async function proxy(): Promise<string> {
  const paths = ['/healthz', '/readyz', '/metrics']
  for (const path of paths) {
    const { status } = await fetch(baseUrl + path)
    expect(status === 404, `${path} answers ${status}`)
  }
  return `${paths.join(', ')} do not pass`
}

async function erasure(): Promise<string> {
  const receipts = await Promise.all(
    [ada, alan].map(async (user) => {
      const response = await ask(`/api/users/${user}`, { method: 'DELETE' })
      return (await response.json()) as { removed: { memories: number } }
    }),
  )
  for (const user of [ada, alan]) {
    const { results } = await memoriesOf(user)
    expect(results.length === 0, `${user} still has ${results.length} memories`)
  }
  const removed = receipts.reduce((sum, { removed }) => sum + removed.memories, 0)
  expect(removed > 0, 'the receipt names no memory')
  return `${removed} memories of two users erased`
}

async function say(user: string, message: string): Promise<ChatAnswer> {
  return (await (await post('/api/chat', { user_id: user, message })).json()) as ChatAnswer
}

function memoriesOf(user: string): Promise<{ results: readonly unknown[] }> {
  return getJson(`/api/memories?user_id=${user}&limit=200`)
}

function post(path: string, body: unknown): Promise<Response> {
  return ask(path, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
}

async function getJson<T>(path: string): Promise<T> {
  return (await (await ask(path)).json()) as T
}

async function ask(path: string, init: RequestInit = {}): Promise<Response> {
  const headers = new Headers(init.headers)
  if (options.key !== '') headers.set('authorization', `Bearer ${options.key}`)
  const signal = AbortSignal.timeout(REQUEST_TIMEOUT_MS)
  const response = await fetch(baseUrl + path, { ...init, headers, signal })
  if (response.ok) return response
  const text = (await response.text()).slice(0, 200)
  throw new Error(`${path} answered ${response.status}: ${text}`)
}

/** `fetch failed` alone tells nobody that the name was misspelt or the port shut. */
function explained(error: Error): string {
  const { cause } = error
  return cause instanceof Error && cause.message !== ''
    ? `${error.message}: ${cause.message}`
    : error.message
}

function expect(holds: boolean, otherwise: string): void {
  if (!holds) throw new Error(otherwise)
}

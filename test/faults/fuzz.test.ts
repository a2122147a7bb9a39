import { describe, expect, it } from 'vitest'
import { startHost, type TestHost } from '../support/host.ts'
import { apiDocument, createApiContract } from '../support/openapi.ts'
import { openConnection, requestText } from '../support/socket.ts'
import { type AnyRequest, createRequestMaker, IDS, NAMES } from './support/any-request.ts'
import { report } from './support/figures.ts'
import { type Bug, plantInHost } from './support/plant.ts'
import { createRandom, type Random } from './support/random.ts'
import { sized } from './support/size.ts'
import { UNLIMITED } from './support/unlimited.ts'

/** Whatever is sent, the host answers in good form and goes on: no 500, no crash, no hang, every 4xx a problem. */

const REQUESTS = sized({ small: 1300, full: 18_000 })
const CONNECTIONS = sized({ small: 200, full: 2000 })
const AT_ONCE = 8
const SEED = sized({ small: 4711, full: 4712 })

/** An answer takes milliseconds; a machine that is busy elsewhere may need longer. */
const HANG_MS = 15_000

interface Outcome {
  readonly statuses: Map<number, number>
  /** Each with the request that brought it about. */
  readonly findings: string[]
}

const contract = createApiContract(apiDocument)

async function fuzz(
  host: TestHost,
  amounts: { readonly requests: number; readonly connections: number; readonly hangMs: number },
): Promise<Outcome> {
  const random = createRandom(SEED)
  const make = createRequestMaker(random)
  const outcome: Outcome = { statuses: new Map(), findings: [] }
  const queue = [
    ...Array.from({ length: amounts.requests }, () => {
      const request = make()
      return () => send(host, request, amounts.hangMs, outcome)
    }),
    ...Array.from({ length: amounts.connections }, () => {
      const bytes = anyBytes(random, make())
      return () => sendBytes(host, bytes, amounts.hangMs, outcome)
    }),
  ]
  const worker = async () => {
    for (let next = queue.pop(); next && outcome.findings.length < 20; next = queue.pop())
      await next()
  }
  await Promise.all(Array.from({ length: AT_ONCE }, worker))
  const alive = await fetch(`${host.url}/healthz`).then(
    ({ status }) => status,
    () => 'gone',
  )
  if (alive !== 200) outcome.findings.push(`afterwards the host is ${alive}`)
  const errors = host.logs().filter(({ level }) => level === 'ERROR')
  outcome.findings.push(...errors.map((line) => `logged: ${JSON.stringify(line)}`))
  return outcome
}

async function send(host: TestHost, request: AnyRequest, hangMs: number, outcome: Outcome) {
  const { method, path, headers, body } = request
  const found = (what: string) =>
    outcome.findings.push(`${what}: ${JSON.stringify({ ...request, body: body?.toString() })}`)
  try {
    const signal = AbortSignal.timeout(hangMs)
    const init = { method, headers, signal, redirect: 'manual' as const }
    const response = await fetch(host.url + path, body === undefined ? init : { ...init, body })
    const text = await response.text()
    const { status } = response
    outcome.statuses.set(status, (outcome.statuses.get(status) ?? 0) + 1)
    if (status >= 500 && status !== 503) found(`${status}`)
    const isJson = /[/+]json\b/.test(response.headers.get('content-type') ?? '')
    const parsed: unknown = isJson && text !== '' ? JSON.parse(text) : text || undefined
    const normalPath = new URL(response.url).pathname
    for (const complaint of contract.complaintsAbout({
      method,
      path: normalPath,
      status,
      headers: response.headers,
      body: parsed,
    })) {
      found(complaint)
    }
  } catch (error) {
    // A header that HTTP itself does not allow never leaves.
    if (error instanceof TypeError && /header|ByteString/i.test(error.message)) return
    found(String(error))
  }
}

/** A request as it goes over the wire, with bytes changed, doubled, lost or added. */
function anyBytes({ between, pick, next }: Random, { method, path, body }: AnyRequest): Buffer {
  const text = requestText(method, path, typeof body === 'string' ? body : undefined)
  let bytes = next() < 0.1 ? Buffer.alloc(0) : Buffer.from(text)
  for (let changes = between(1, 4); changes > 0; changes--) {
    const at = between(0, bytes.length)
    const rest = bytes.subarray(at)
    const noise = Buffer.from(Array.from({ length: between(0, 12) }, () => between(0, 255)))
    const added = pick([noise, Buffer.from(pick(LINES)), rest.subarray(0, 40)])
    bytes = Buffer.concat([bytes.subarray(0, at), added, rest.subarray(between(0, 3))])
  }
  return bytes
}

const LINES = [
  '\r\n\r\n',
  '\r\ntransfer-encoding: chunked\r\n',
  '\r\ncontent-length: 5\r\n',
  '\r\ncontent-length: -1\r\n',
  'zz\r\n',
  ' HTTP/9.9\r\n',
  '\r\nhost:\r\nhost: a\r\n',
  '\r\nexpect: 100-continue\r\n',
  '\r\nupgrade: websocket\r\nconnection: upgrade\r\n',
  `\r\nx: ${'y'.repeat(20_000)}\r\n`,
  'OPTIONS * HTTP/1.1\r\n',
  'CONNECT evil.test:443 HTTP/1.1\r\n',
]

async function sendBytes(host: TestHost, bytes: Buffer, hangMs: number, outcome: Outcome) {
  const found = (what: string) =>
    outcome.findings.push(`${what}: ${JSON.stringify(bytes.toString('latin1').slice(0, 2000))}`)
  try {
    await using connection = await openConnection(host.port)
    connection.socket.end(bytes)
    const late = Symbol('late')
    const timer = new Promise((resolve) => setTimeout(resolve, hangMs, late).unref())
    if ((await Promise.race([connection.closed, timer])) === late) found('no end')
    for (const [, status = ''] of connection
      .received()
      .matchAll(/(?:^|\r\n)HTTP\/1\.1 (\d{3}) /g)) {
      outcome.statuses.set(Number(status), (outcome.statuses.get(Number(status)) ?? 0) + 1)
      if (status.startsWith('5') && status !== '503') found(status)
    }
    if (
      connection.received().startsWith('HTTP/1.1 4') &&
      !/problem\+json|text\/html/.test(connection.received())
    ) {
      found(`a 4xx that is no problem, ${connection.received().slice(0, 200)}`)
    }
  } catch (error) {
    found(String(error))
  }
}

describe('requests of any kind', () => {
  it('are answered in good form', async () => {
    await using host = await startHost({ env: UNLIMITED })
    const lines = IDS.map((id) => JSON.stringify({ id, text: 'I drink tea.', role: 'user' }))
    await host.api.importLines(NAMES[0]!, lines.slice(0, -1).join('\n'))
    const startedAtMs = performance.now()
    const amounts = { requests: REQUESTS, connections: CONNECTIONS, hangMs: HANG_MS }
    const { statuses, findings } = await fuzz(host, amounts)
    const told = [...statuses]
      .toSorted(([a], [b]) => a - b)
      .map(([status, n]) => `${status} × ${n}`)
    report({
      suite: 'Requests of any kind',
      axes: 'operations of the API, their bodies, queries, paths and headers, well or broken; bytes of a request changed, lost and added',
      rows: {
        'requests made from the document': REQUESTS,
        'connections of raw bytes': CONNECTIONS,
        answers: told.join(', '),
        seconds: Math.round((performance.now() - startedAtMs) / 1000),
        findings: findings.length,
      },
    })
    expect(findings).toEqual([])
    // Or nothing of it got through: what is well is taken, what is not is refused in each of the ways.
    const refusals = [200, 204, 400, 404, 405, 409, 415, 422]
    expect(refusals.filter((status) => !statuses.has(status))).toEqual([])
  })

  it.each<[string, Bug]>([
    [
      'a 500',
      {
        file: 'lib/function/routes.ts',
        find: '  } catch {\n    return value\n  }',
        replace: '  } catch (error) {\n    throw error\n  }',
      },
    ],
    [
      'a hang',
      {
        file: 'lib/host/event.ts',
        find: 'const bytes = Buffer.from(await request.arrayBuffer())',
        replace:
          'const bytes = Buffer.from(await request.arrayBuffer())\n  if (bytes.includes(0xff)) await new Promise(() => {})',
      },
    ],
  ])('would be found to bring about %s', async (name, bug) => {
    const program = await plantInHost([bug], `fuzz-${name.replace(' ', '-')}`)
    await using host = await startHost({ env: UNLIMITED, program })
    const { findings } = await fuzz(host, { requests: 600, connections: 0, hangMs: 2000 })
    expect(findings).not.toEqual([])
  })
})

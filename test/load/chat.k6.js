import { check, fail } from 'k6'
import http from 'k6/http'
import { Rate, Trend } from 'k6/metrics'

/**
 * Ten chats a second, as many users would have them: `k6 run test/load/chat.k6.js`. k6 is a program of its own
 * (grafana.com/docs/k6, or `go install go.k6.io/k6@v1.4.2`); the run ends with an error when a threshold is missed.
 *
 *   BASE_URL  http://localhost:8000
 *   MODEL     api, whose answers may take 4 s, or local, whose may take 8 s
 *   RATE      chats a second at most (10); half of it at the start
 *   SECONDS   how long (60), after a first quarter at half the rate
 *   API_KEY   an administrator's, where the service asks for keys
 *
 * All of it comes from one address, which may make 300 requests a minute unless RATE_LIMIT_ADDRESS=0 is set.
 */

const baseUrl = __ENV.BASE_URL || 'http://localhost:8000'
const rate = Number(__ENV.RATE || 10)
const seconds = Number(__ENV.SECONDS || 60)
const answerMs = { api: 4000, local: 8000 }[__ENV.MODEL || 'api']
if (answerMs === undefined) fail('MODEL is api or local.')

/** Each user may make 60 requests a minute, and has two answers made at once. */
const USERS = 100
/** One chat in four is streamed. */
const STREAMED = 4

const answer = new Trend('answer', true)
const retrieval = new Trend('retrieval', true)
const recalled = new Rate('recalled')

export const options = {
  scenarios: {
    chats: {
      executor: 'ramping-arrival-rate',
      startRate: Math.ceil(rate / 2),
      timeUnit: '1s',
      stages: [
        { target: Math.ceil(rate / 2), duration: `${Math.ceil(seconds / 4)}s` },
        { target: rate, duration: `${Math.floor(seconds / 4)}s` },
        { target: rate, duration: `${Math.floor(seconds / 2)}s` },
      ],
      preAllocatedVUs: 20,
      maxVUs: 200,
    },
  },
  thresholds: {
    http_req_failed: ['rate==0'],
    checks: ['rate==1'],
    dropped_iterations: ['count==0'],
    recalled: ['rate>0.99'],
    answer: [`p(95)<${answerMs}`],
    retrieval: ['p(95)<150'],
  },
}

const headers = { 'content-type': 'application/json' }
if (__ENV.API_KEY) headers.authorization = `Bearer ${__ENV.API_KEY}`
const post = (path, body) =>
  http.post(baseUrl + path, JSON.stringify(body), { headers, timeout: '60s' })

/** What each user has said before, so that there is something to recall. */
export function setup() {
  const run = Date.now().toString(36)
  for (let n = 0; n < USERS; n++) {
    const texts = [
      `My locker has the number ${n}.`,
      'I sail a small boat with a red sail.',
      'My sister lives in Lisbon.',
      'I drink tea in the morning and never coffee.',
      'On Thursdays I play chess in the old library.',
    ]
    const items = texts.map((text) => ({ text, role: 'user' }))
    const response = post('/api/ingest', { user_id: userOf(run, n), items })
    if (response.status !== 200) fail(`ingest answered ${response.status}: ${response.body}`)
  }
  return { run }
}

export default function chat({ run }) {
  const n = Math.floor(Math.random() * USERS)
  const stream = Math.random() < 1 / STREAMED
  // Words that nobody has said yet, or the vector would come from the cache.
  const message = `Ticket ${__VU}-${__ITER}: which number has my locker?`
  const body = { user_id: userOf(run, n), message, stream }
  const response = post('/api/chat', body)
  const made =
    response.status === 200 ? (stream ? lastEvent(response.body) : response.json()) : null
  const isWhole = check(made, { 'answers whole': (turn) => Boolean(turn && turn.response) })
  if (!isWhole) return
  answer.add(response.timings.duration)
  retrieval.add(made.timings.embed_ms + made.timings.recall_ms)
  recalled.add(made.context.some(({ text }) => text.includes(`number ${n}.`)))
}

/** They are erased: a load test leaves nothing behind. */
export function teardown({ run }) {
  for (let n = 0; n < USERS; n++) {
    const response = http.del(`${baseUrl}/api/users/${userOf(run, n)}`, null, { headers })
    if (response.status !== 200) fail(`erasing answered ${response.status}: ${response.body}`)
  }
}

const userOf = (run, n) => `load-${run}-${n}`

function lastEvent(text) {
  const at = text.lastIndexOf('event: done\ndata: ')
  return at < 0 ? null : JSON.parse(text.slice(text.indexOf('{', at)).split('\n')[0])
}

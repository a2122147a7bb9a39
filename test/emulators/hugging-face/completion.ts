import { randomUUID } from 'node:crypto'
import type { ReceivedRequest } from '../received.ts'
import { json, type Reply, type Wire } from '../reply.ts'
import type { Call } from '../server.ts'
import type { ChatRequest, ChatSettings } from './chat.ts'

/** What is to be said, and to whom. */
export interface Completion {
  readonly request: ReceivedRequest
  readonly call: Call
  readonly chat: ChatRequest
  readonly settings: ChatSettings
  readonly tokens: readonly string[]
  readonly finishReason: 'stop' | 'length'
  readonly promptTokens: number
}

/** Says it at once or token by token, as asked, and goes wrong where a fault tells it to. */
export async function complete(completion: Completion): Promise<Reply> {
  const { chat, call } = completion
  if (!chat.isStreamed || call.streamFault?.as === 'not-a-stream') return whole(completion)
  return {
    status: 200,
    headers: { 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-cache' },
    body: '',
    stream: (wire) => stream(completion, wire),
  }
}

async function whole(completion: Completion): Promise<Reply> {
  const { chat, call, tokens, finishReason, settings, request } = completion
  const { timeToFirstTokenMs, msPerToken } = settings
  if (timeToFirstTokenMs > 0) await call.wait(timeToFirstTokenMs)
  for (const _ of tokens) {
    if (call.isOver()) break // Nobody waits for the rest, so nobody makes it.
    request.tokensMade += 1
    if (msPerToken > 0) await call.wait(msPerToken)
  }
  const message = { role: 'assistant', content: tokens.join('') }
  return json(200, {
    id: `chatcmpl-${randomUUID()}`,
    object: 'chat.completion',
    created: createdAt(request),
    model: modelName(chat),
    system_fingerprint: '',
    choices: [{ index: 0, message, finish_reason: finishReason }],
    usage: usageOf(completion),
  })
}

async function stream(completion: Completion, wire: Wire): Promise<void> {
  const { call, tokens, finishReason, settings, chat, request } = completion
  const fault = call.streamFault
  const saysAll = fault === undefined || fault.as === 'finish-without-done'
  const faultAt = saysAll ? Infinity : (fault.afterTokens ?? 1)
  const events = createEvents(completion, wire)
  const isWhole = settings.deltas === 'whole'

  if (settings.timeToFirstTokenMs > 0) await wire.wait(settings.timeToFirstTokenMs)
  if (!isWhole) events.delta({ role: 'assistant', content: null })
  for (const [index, token] of tokens.entries()) {
    if (index === faultAt || wire.closed) break
    if (index > 0 && settings.msPerToken > 0) await wire.wait(settings.msPerToken)
    request.tokensMade += 1
    events.delta(isWhole ? { role: 'assistant', content: token } : { content: token })
    await events.flush(settings.msPerToken > 0)
  }
  if (wire.closed) return
  if (fault && (await misbehave(fault.as, events, wire, request))) return
  if (fault?.as !== 'done-without-finish') {
    events.delta(isWhole ? { role: 'assistant', content: '' } : {}, finishReason)
    if (chat.wantsUsage) events.usage(usageOf(completion))
  }
  if (fault?.as !== 'finish-without-done') events.data('[DONE]')
  await events.flush(true)
}

/** Goes wrong in the middle; true when there is nothing more to say. */
async function misbehave(
  as: NonNullable<Call['streamFault']>['as'],
  events: Events,
  wire: Wire,
  request: ReceivedRequest,
): Promise<boolean> {
  switch (as) {
    case 'unterminated':
      events.raw(
        'data: {"choices":[{"index":0,"delta":{"content":" lost"},"finish_reason":"stop"}]}\n',
      )
      break
    case 'bad-json':
      events.raw('data: {"choices":[{"delta":\n\n')
      break
    case 'error-data':
      events.data('{"error":{"message":"The model has crashed.","type":"server_error","code":500}}')
      break
    case 'error-event':
      events.raw('event: error\ndata: upstream connect error\n\n')
      break
    case 'truncate':
    case 'stall':
    case 'reset':
      break
    case 'finish-without-done':
    case 'done-without-finish':
    case 'not-a-stream':
      return false
    default:
      return as satisfies never
  }
  await events.flush(true)
  if (as === 'stall') await wire.wait(Infinity)
  if (as === 'reset') {
    request.cut = true
    await wire.wait(0) // What was said before leaves first.
    wire.reset()
  }
  return true
}

type Events = ReturnType<typeof createEvents>

/** Collects what is said, so that a model without delays says it in one write. */
function createEvents({ request, chat, settings }: Completion, wire: Wire) {
  const isAwkward = settings.events === 'awkward'
  let text = ''
  let count = 0
  const head = JSON.stringify({
    id: `chatcmpl-${randomUUID()}`,
    object: 'chat.completion.chunk',
    created: createdAt(request),
    model: modelName(chat),
    system_fingerprint: '',
  }).slice(0, -1)
  const events = {
    raw(lines: string) {
      text += lines
    },
    data(payload: string) {
      count += 1
      text += isAwkward
        ? `: still here\r\nid: ${count}\r\nretry: 3000\r\ndata:${payload}\r\n\r\n`
        : `data: ${payload}\n\n`
    },
    delta(delta: object, finishReason: string | null = null) {
      const choice = JSON.stringify({ index: 0, delta, finish_reason: finishReason })
      events.data(`${head},"choices":[${choice}]}`)
    },
    usage(usage: object) {
      events.data(`${head},"choices":[],"usage":${JSON.stringify(usage)}}`)
    },
    async flush(isDue: boolean) {
      if (!isDue || text === '') return
      const bytes = Buffer.from(text)
      text = ''
      if (!isAwkward) return wire.write(bytes)
      const tear = tearAt(bytes)
      wire.write(bytes.subarray(0, tear))
      await wire.wait(2)
      wire.write(bytes.subarray(tear))
    },
  }
  return events
}

/** In the middle of a character, where there is one of several bytes. */
function tearAt(bytes: Buffer): number {
  const within = bytes.findIndex((byte) => byte >= 0x80 && byte < 0xc0)
  return within === -1 ? bytes.length >> 1 : within
}

const usageOf = ({ promptTokens, tokens }: Completion) => ({
  prompt_tokens: promptTokens,
  completion_tokens: tokens.length,
  total_tokens: promptTokens + tokens.length,
})

const createdAt = ({ receivedAtMs }: ReceivedRequest) => Math.floor(receivedAtMs / 1_000)

/** The provider names its model, not the way it was chosen. */
const modelName = ({ model }: ChatRequest) => model.replace(/:[\w-]+$/, '')

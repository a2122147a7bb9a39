import type { ReceivedRequest } from '../received.ts'
import { Refusal, type Reply } from '../reply.ts'
import type { Call } from '../server.ts'
import { complete } from './completion.ts'
import { openAiError } from './errors.ts'
import type { ChatModel } from './models.ts'
import { answerFromMemory, type ChatMessage } from './remembering.ts'
import { countTokens } from './tokens.ts'

/** What the model is asked, as far as the emulator reads it. */
export interface ChatRequest {
  readonly model: string
  readonly messages: readonly ChatMessage[]
  /** Undefined where the caller leaves it to the model. */
  readonly maxTokens: number | undefined
  readonly isStreamed: boolean
  /** Usage comes with a stream only when it is asked for. */
  readonly wantsUsage: boolean
}

/** What the model says: a text, cut at spaces, or its tokens one by one. */
export type Answerer = (request: ChatRequest) => string | readonly string[]

/** How chats are answered; can be changed at any time. */
export interface ChatSettings {
  /** Undefined: the first quoted line of the prompt, or that it does not know. */
  reply: Answerer | undefined
  timeToFirstTokenMs: number
  msPerToken: number
  /** `whole`: role and content in each, as published; `sparse`: `{}`, `content: null`, as providers do. */
  deltas: 'whole' | 'sparse'
  /** `awkward`: comments, ids, CRLF, no space after the colon, characters torn apart. All of it is allowed. */
  events: 'plain' | 'awkward'
}

const USUAL_MAX_TOKENS = 1_024

export function parseChat({ json }: ReceivedRequest): ChatRequest {
  const body = (json ?? {}) as Record<string, unknown>
  const { model, messages, max_tokens: maxTokens, stream, stream_options: options } = body
  if (!Array.isArray(messages) || messages.length === 0) {
    throw new Refusal(openAiError(400, 'messages must be a list of at least one message'))
  }
  return {
    model: typeof model === 'string' ? model : '',
    messages: messages.map(toMessage),
    maxTokens: typeof maxTokens === 'number' ? maxTokens : undefined,
    isStreamed: stream === true,
    wantsUsage: (options as { include_usage?: unknown } | undefined)?.include_usage === true,
  }
}

/** Answers as `model` would, within its limits. */
export async function answerChat(
  request: ReceivedRequest,
  call: Call,
  chat: ChatRequest,
  model: ChatModel,
  settings: ChatSettings,
): Promise<Reply> {
  if (model.isStrictAboutRoles) checkRoles(chat.messages)
  const promptTokens = chat.messages.reduce((sum, { content }) => sum + countTokens(content) + 4, 3)
  const wantedTokens = promptTokens + (chat.maxTokens ?? 1)
  if (wantedTokens > model.contextTokens) {
    const message = `This model's maximum context length is ${model.contextTokens} tokens. However, you requested ${wantedTokens} tokens.`
    return openAiError(400, message, { type: 'BadRequestError', code: 400 })
  }
  const said = (settings.reply ?? usualReply)(chat)
  const all = typeof said === 'string' ? (said.match(/\s*\S+|\s+$/g) ?? []) : said
  const tokens = all.slice(0, chat.maxTokens ?? USUAL_MAX_TOKENS)
  const finishReason = tokens.length < all.length ? 'length' : 'stop'
  return complete({ request, call, chat, settings, tokens, finishReason, promptTokens })
}

const usualReply: Answerer = ({ messages }) => answerFromMemory(messages)

/** The chat template of Mistral's early models: user first, then in turns, and no system role. */
function checkRoles(messages: readonly ChatMessage[]) {
  const alternates = messages.every(({ role }, i) => role === (i % 2 === 0 ? 'user' : 'assistant'))
  if (alternates) return
  const message = 'Conversation roles must alternate user/assistant/user/assistant/...'
  throw new Refusal(openAiError(400, message, { type: 'BadRequestError', code: 400 }))
}

function toMessage(given: unknown): ChatMessage {
  const { role, content } = (given ?? {}) as { role?: unknown; content?: unknown }
  const parts = Array.isArray(content) ? (content as { text?: string }[]) : []
  return {
    role: typeof role === 'string' ? role : '',
    content: typeof content === 'string' ? content : parts.map(({ text = '' }) => text).join(''),
  }
}

import { type ChatMessage } from '../chat/messages.ts'
import { countTokens } from '../chat/prompt.ts'
import { UpstreamFault } from '../upstream/fault.ts'
import type { GeneratorPiece } from './generator.ts'

/** A chat completion that is streamed, in the shape that OpenAI made common. */
export interface ChatStream {
  readonly upstream: string
  /** The model that was asked; the answer may name another. */
  readonly model: string
  readonly messages: readonly ChatMessage[]
  /** Asks. Each value is the JSON of one event; `signal` must end the call at any point. */
  readonly open: (signal: AbortSignal) => AsyncIterable<unknown>
  readonly signal: AbortSignal
  readonly firstTokenTimeoutMs: number
  /** How long it may be silent once it has begun. */
  readonly stallTimeoutMs: number
}

export const FIRST_TOKEN_TIMEOUT_MS = 20_000
export const STALL_TIMEOUT_MS = 10_000

/** Once the answer has its finish reason, only the usage is missing: nobody waits longer for that. */
const AFTERWORD_MS = 2000

/**
 * The pieces of a streamed chat completion. Throws an `UpstreamFault` when no token comes in time, when it falls silent, and when
 * it ends without a finish reason; the caller's reason when the caller goes. However it is left, the call is ended: a
 * stream that nobody reads would be generated, and billed, to its end.
 */
export async function* readChatStream(chat: ChatStream): AsyncGenerator<GeneratorPiece> {
  const { upstream, signal, open } = chat
  signal.throwIfAborted()
  const call = new AbortController()
  const onAbort = () => call.abort(signal.reason)
  signal.addEventListener('abort', onAbort)
  const watch = createWatch(() => call.abort(new UpstreamFault(upstream, 'timeout')))
  watch.wait(chat.firstTokenTimeoutMs)
  const progress: Progress = { model: chat.model, text: '' }
  let isOver = false
  try {
    for await (const event of open(call.signal)) {
      const { text, isSign } = read(event, progress, upstream)
      if (progress.finishReason) watch.wait(AFTERWORD_MS)
      else if (isSign) watch.wait(chat.stallTimeoutMs)
      if (text !== '') yield { type: 'text', text }
    }
    isOver = true
  } catch (error) {
    if (signal.aborted) throw signal.reason
    const isComplete = progress.finishReason !== undefined && call.signal.aborted
    if (!isComplete) throw call.signal.aborted ? call.signal.reason : error
  } finally {
    watch.stop()
    signal.removeEventListener('abort', onAbort)
    if (!isOver) call.abort()
  }
  if (!progress.finishReason) throw new UpstreamFault(upstream, 'nonsense', { code: 'truncated' })
  yield { type: 'end', finishReason: progress.finishReason, usage: usageOf(chat, progress) }
}

/** What the events have told so far. */
interface Progress {
  model: string
  text: string
  finishReason?: 'stop' | 'length'
  usage?: { promptTokens: number; completionTokens: number }
}

/** The parts of an event that are read; providers send more, and less. */
interface ChatEvent {
  readonly model?: unknown
  readonly error?: { readonly code?: unknown } | string
  readonly choices?: readonly {
    readonly delta?: Record<string, unknown> | null
    readonly finish_reason?: unknown
  }[]
  readonly usage?: Record<string, unknown> | null
}

/** The text of an event, and whether it shows that tokens are being made (some models think aloud first). */
function read(
  event: unknown,
  progress: Progress,
  upstream: string,
): { text: string; isSign: boolean } {
  if (typeof event !== 'object' || event === null) throw new UpstreamFault(upstream, 'nonsense')
  const { model, error, choices, usage } = event as ChatEvent
  if (error) throw new UpstreamFault(upstream, 'nonsense', { code: 'error_in_stream' })
  if (typeof model === 'string' && model !== '') progress.model = model
  if (usage) progress.usage = toUsage(usage)
  const choice = Array.isArray(choices) ? choices[0] : undefined
  const { delta, finish_reason: reason } = choice ?? {}
  // All but `length` (tool calls, filters, a provider's own words) means that it said what it would say.
  if (typeof reason === 'string') progress.finishReason = reason === 'length' ? 'length' : 'stop'
  const { content, role: _, ...others } = delta ?? {}
  const text = typeof content === 'string' ? content : ''
  progress.text += text
  const isSign = text !== '' || Object.values(others).some((value) => value !== '' && value != null)
  return { text, isSign }
}

function toUsage(usage: Record<string, unknown>): Progress['usage'] & object {
  const count = (value: unknown) => (typeof value === 'number' ? value : 0)
  return {
    promptTokens: count(usage['prompt_tokens']),
    completionTokens: count(usage['completion_tokens']),
  }
}

/** As the model counted; guessed where it does not say. */
function usageOf({ messages }: ChatStream, { usage, text, model }: Progress) {
  const guessed = () => ({
    promptTokens: messages.reduce((sum, { content }) => sum + countTokens(content), 0),
    completionTokens: countTokens(text),
  })
  return { ...(usage ?? guessed()), model }
}

function createWatch(onSilence: () => void) {
  let timer: NodeJS.Timeout | undefined
  let waitingMs = 0
  return {
    wait(ms: number) {
      if (timer && ms === waitingMs) return timer.refresh()
      clearTimeout(timer)
      waitingMs = ms
      return (timer = setTimeout(onSilence, ms))
    },
    stop: () => clearTimeout(timer),
  }
}

import { toMessages } from '../chat/messages.ts'
import type { Prompt } from '../chat/prompt.ts'
import type { UpstreamError } from '../errors.ts'
import { faultOf, upstreamError, type UpstreamFault } from '../upstream/fault.ts'
import type { UpstreamFetch } from '../upstream/upstream-fetch.ts'
import { FIRST_TOKEN_TIMEOUT_MS, readChatStream, STALL_TIMEOUT_MS } from './chat-stream.ts'
import type { Generator, GeneratorPiece } from './generator.ts'
import {
  checkHuggingFaceToken,
  huggingFaceRemedy,
  loadHuggingFaceSdk,
  MODEL_NOT_SUPPORTED,
} from './huggingface.ts'
import { ANSWER_TOKENS, familyOf } from './model-family.ts'

export interface HuggingFaceGeneratorOptions {
  readonly token: string
  /** May end in `:provider`, `:cheapest` or `:fastest`. */
  readonly model: string
  /** Asked in order where the models before them are not served, not allowed, out of credit or overloaded. */
  readonly fallbacks?: readonly string[]
  /** `chat` of `createHuggingFaceFetches`. */
  readonly fetch: UpstreamFetch
  readonly firstTokenTimeoutMs?: number
  /** How long an answer may be silent once it has begun. */
  readonly stallTimeoutMs?: number
  readonly now?: () => Date
}

export interface HuggingFaceGenerator extends Generator {
  /** Loads the SDK and opens connections, so that the first message waits for neither. Never rejects. */
  warm(connections?: number): Promise<void>
}

/** A model that nobody serves, or not to us, is not asked again for so long. */
const UNSERVED_MS = 10 * 60_000

/** Answers by Hugging Face's router. Connects to nothing until it is asked. */
export function createHuggingFaceGenerator(
  options: HuggingFaceGeneratorOptions,
): HuggingFaceGenerator {
  const { token, model, fallbacks = [], fetch, now = () => new Date() } = options
  checkHuggingFaceToken(token)
  const models = [model, ...fallbacks]
  const unservedUntilMs = new Map<string, number>()

  /** Those that may be served; all, when none is. */
  function candidates(): readonly string[] {
    const nowMs = now().getTime()
    const served = models.filter((each) => (unservedUntilMs.get(each) ?? 0) <= nowMs)
    return served.length > 0 ? served : models
  }

  async function* generate(prompt: Prompt, signal: AbortSignal): AsyncGenerator<GeneratorPiece> {
    const asked = candidates()
    const failures: UpstreamError[] = []
    for (const [index, candidate] of asked.entries()) {
      const isLast = index === asked.length - 1
      let hasSpoken = false
      try {
        for await (const piece of ask(options, candidate, prompt, isLast, signal)) {
          hasSpoken = true
          yield piece
        }
        return
      } catch (error) {
        if (signal.aborted) throw signal.reason
        const remedy = huggingFaceRemedy(candidate, 'HF_LLM_MODEL or HF_LLM_FALLBACKS')
        const failure = upstreamError(fetch.name, error, remedy)
        const fault = faultOf(failure)
        if (fault?.kind === 'nonsense') fetch.failed(fault)
        if (fault && isUnserved(fault))
          unservedUntilMs.set(candidate, now().getTime() + UNSERVED_MS)
        failures.push(failure)
        if (hasSpoken || !fault || !mayAnotherAnswer(fault)) throw failure
      }
    }
    // What passes by itself is the better news.
    throw failures.find(({ failure }) => failure === 'unavailable') ?? failures[0]
  }

  return {
    name: model,
    promptTokens: Math.min(...models.map((each) => familyOf(each).promptTokens)),
    async warm(connections) {
      await Promise.all([fetch.warm(connections), loadHuggingFaceSdk()])
    },
    generate,
  }
}

async function* ask(
  { token, fetch, ...options }: HuggingFaceGeneratorOptions,
  model: string,
  prompt: Prompt,
  isLast: boolean,
  signal: AbortSignal,
): AsyncGenerator<GeneratorPiece> {
  const { chatCompletionStream } = await loadHuggingFaceSdk()
  const { firstTokenTimeoutMs = FIRST_TOKEN_TIMEOUT_MS, stallTimeoutMs = STALL_TIMEOUT_MS } =
    options
  const messages = toMessages(prompt, familyOf(model))
  const request = {
    accessToken: token,
    model,
    messages: messages.map(({ role, content }) => ({ role, content })),
    max_tokens: ANSWER_TOKENS,
    stream_options: { include_usage: true },
  }
  // Where another model can be asked, that is quicker than asking this one again.
  const terms = { timeoutMs: firstTokenTimeoutMs, ...(isLast ? {} : { retries: 0 }) }
  yield* readChatStream({
    upstream: fetch.name,
    model,
    messages,
    open: (callSignal) =>
      chatCompletionStream(request, {
        fetch: fetch.under({ ...terms, signal: callSignal }),
        signal: callSignal,
        retry_on_error: false, // The SDK would repeat a 503 at once and for ever.
      }),
    signal,
    firstTokenTimeoutMs,
    stallTimeoutMs,
  })
}

/** What stays so until somebody changes a setting, a licence or a catalogue. */
const isUnserved = ({ statusCode = 0, code }: UpstreamFault) =>
  [403, 404, 410].includes(statusCode) || code === MODEL_NOT_SUPPORTED

/** A fault of this model or its provider, not of the token, the way or the question. */
const mayAnotherAnswer = (fault: UpstreamFault) => {
  const { kind, statusCode = 0 } = fault
  if (kind === 'nonsense') return true
  return (
    kind === 'status' &&
    (isUnserved(fault) || [402, 408, 429].includes(statusCode) || statusCode >= 500)
  )
}

import { type Endpoint, endpointHeaders, endpointRoute } from '../endpoint-address.ts'
import { type ChatMessage, toMessages } from '../chat/messages.ts'
import { faultOf, UpstreamFault, upstreamError } from '../upstream/fault.ts'
import type { UpstreamFetch } from '../upstream/upstream-fetch.ts'
import { FIRST_TOKEN_TIMEOUT_MS, readChatStream, STALL_TIMEOUT_MS } from './chat-stream.ts'
import { endpointRemedy } from './endpoint.ts'
import type { Generator } from './generator.ts'
import { ANSWER_TOKENS, familyOf } from './model-family.ts'
import { readServerSentEvents } from './server-sent-events.ts'

export interface EndpointGeneratorOptions extends Endpoint {
  /** As the server knows it; asked of the server when undefined. */
  readonly model?: string | undefined
  /** From `createChatEndpointFetch`. */
  readonly fetch: UpstreamFetch
  readonly firstTokenTimeoutMs?: number
  /** How long an answer may be silent once it has begun. */
  readonly stallTimeoutMs?: number
}

/** Any server that speaks OpenAI's chat completions: llama.cpp, Ollama, vLLM, TGI. Connects to nothing until it is asked. */
export function createEndpointGenerator(options: EndpointGeneratorOptions): EndpointGenerator {
  const { fetch, firstTokenTimeoutMs = FIRST_TOKEN_TIMEOUT_MS } = options
  const headers = { ...endpointHeaders(options), 'content-type': 'application/json' }
  const url = endpointRoute(options, '/v1/chat/completions')
  const known = { model: options.model }
  const chatFetch = fetch.under({ timeoutMs: firstTokenTimeoutMs })

  /** A server that does not list its models has one, and takes any name for it. */
  async function modelName(signal?: AbortSignal): Promise<string> {
    known.model ??= await firstModel(options, signal)
    return known.model ?? UNNAMED_MODEL
  }

  async function* ask(model: string, messages: readonly ChatMessage[], signal: AbortSignal) {
    const request = {
      model,
      messages,
      stream: true,
      stream_options: { include_usage: true },
      max_tokens: ANSWER_TOKENS,
    }
    const answer = await chatFetch(url, {
      method: 'POST',
      headers,
      body: JSON.stringify(request),
      signal,
    })
    if (!answer.body || !answer.headers.get('content-type')?.startsWith('text/event-stream')) {
      throw new UpstreamFault(fetch.name, 'nonsense', { code: 'not_an_event_stream' })
    }
    for await (const { event, data } of readServerSentEvents(answer.body)) {
      if (event === 'error')
        throw new UpstreamFault(fetch.name, 'nonsense', { code: 'error_in_stream' })
      if (data === '[DONE]') return
      yield JSON.parse(data) as unknown
    }
  }

  return {
    get name() {
      return known.model ?? UNNAMED_MODEL
    },
    get promptTokens() {
      return familyOf(known.model ?? '').promptTokens
    },
    async warm(connections) {
      await fetch.warm(connections)
      await modelName().catch(() => {}) // It is asked again with the first message.
    },
    async *generate(prompt, signal) {
      signal.throwIfAborted()
      try {
        const model = await modelName(signal)
        const messages = toMessages(prompt, familyOf(model))
        yield* readChatStream({
          upstream: fetch.name,
          model,
          messages,
          open: (callSignal) => ask(model, messages, callSignal),
          signal,
          firstTokenTimeoutMs,
          stallTimeoutMs: options.stallTimeoutMs ?? STALL_TIMEOUT_MS,
        })
      } catch (error) {
        if (signal.aborted) throw signal.reason
        const failure = upstreamError(fetch.name, error, endpointRemedy('HF_ENDPOINT_TOKEN'))
        const fault = faultOf(failure)
        if (fault?.kind === 'nonsense') fetch.failed(fault)
        throw failure
      }
    },
  }
}

export interface EndpointGenerator extends Generator {
  /** Opens connections and learns the model's name, so that the first message waits for neither. Never rejects. */
  warm(connections?: number): Promise<void>
}

/** What a server that does not name its models is called, and asked for. */
const UNNAMED_MODEL = 'default'

/** The first model that the server lists; undefined where it lists none. */
async function firstModel(
  endpoint: EndpointGeneratorOptions,
  signal?: AbortSignal,
): Promise<string | undefined> {
  const { fetch } = endpoint
  try {
    const init = { headers: endpointHeaders(endpoint), ...(signal ? { signal } : {}) }
    const answer = await fetch(endpointRoute(endpoint, '/v1/models'), init)
    const { data } = (await answer.json()) as { data?: readonly { id?: unknown }[] }
    const id = Array.isArray(data) ? (data as { id?: unknown }[])[0]?.id : undefined
    return typeof id === 'string' ? id : undefined
  } catch (error) {
    if (faultOf(error)?.statusCode === 404) return undefined
    throw error
  }
}

import type { ReceivedRequest } from '../received.ts'
import { empty, json, type Reply } from '../reply.ts'
import { embedText } from './embedding.ts'
import { teiError } from './errors.ts'
import { countTokens } from './tokens.ts'

/** What a text-embeddings-inference server needs of its surroundings. */
export interface TeiServer {
  /** Undefined lets everybody in. */
  readonly token: string | undefined
  readonly dimension: number
}

const MAX_INPUT_TOKENS = 512
const MAX_INPUT_CHARACTERS = 32_000
const MAX_BATCH = 32

export function handleTei({ token, dimension }: TeiServer, request: ReceivedRequest): Reply {
  const route = `${request.method} ${request.path}`
  if (route === 'GET /health') return empty(200)
  if (token !== undefined && request.headers.authorization !== `Bearer ${token}`) return empty(401)
  if (route === 'GET /info') return json(200, info)
  if (route === 'POST /embed') return embed(dimension, request.json)
  return empty(404)
}

const info = {
  model_id: 'sentence-transformers/all-MiniLM-L6-v2',
  model_sha: null,
  model_dtype: 'float32',
  served_model_name: 'sentence-transformers/all-MiniLM-L6-v2',
  model_type: { embedding: { pooling: 'mean' } },
  max_concurrent_requests: 512,
  max_input_length: MAX_INPUT_TOKENS,
  max_batch_tokens: 16_384,
  max_client_batch_size: MAX_BATCH,
  auto_truncate: false,
  tokenization_workers: 2,
  version: '1.9.3',
}

function embed(dimension: number, body: unknown): Reply {
  const { inputs, truncate } = (body ?? {}) as { inputs?: unknown; truncate?: unknown }
  const texts = Array.isArray(inputs) ? (inputs as unknown[]) : [inputs]
  const refusal = check(texts, truncate === true)
  if (refusal) return refusal
  return json(
    200,
    (texts as string[]).map((text) => embedText(text, dimension, MAX_INPUT_TOKENS)),
  )
}

/** Refuses as the server does; a text over 32,000 characters even where it may be cut. */
function check(texts: readonly unknown[], mayCut: boolean): Reply | undefined {
  if (texts.length === 0) return teiError('Empty', 'batch is empty')
  if (texts.length > MAX_BATCH) {
    const most = `maximum allowed batch size ${MAX_BATCH}`
    return teiError('Validation', `batch size ${texts.length} > ${most}`)
  }
  for (const text of texts) {
    if (typeof text !== 'string') return teiError('Tokenizer', 'inputs must be texts')
    if (text === '') return teiError('Validation', '`inputs` cannot be empty')
    if (text.length > MAX_INPUT_CHARACTERS) {
      return teiError(
        'Validation',
        `\`inputs\` must have less than ${MAX_INPUT_CHARACTERS} characters`,
      )
    }
    const tokens = countTokens(text)
    if (!mayCut && tokens > MAX_INPUT_TOKENS) {
      const message = `\`inputs\` must have less than ${MAX_INPUT_TOKENS} tokens. Given: ${tokens}`
      return teiError('Validation', message)
    }
  }
  return undefined
}

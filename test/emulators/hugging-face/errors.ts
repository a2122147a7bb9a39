import { json, text, type Reply } from '../reply.ts'

/** As the router and its providers say no with a sentence. */
export const sentence = (status: number, error: string, more: object = {}): Reply =>
  json(status, { error, ...more })

/** As OpenAI-shaped servers say no. */
export const openAiError = (
  status: number,
  message: string,
  more: { type?: string; param?: string; code?: string | number } = {},
): Reply => json(status, { error: { message, type: 'invalid_request_error', ...more } })

export const modelNotSupported = (model: string): Reply =>
  openAiError(
    400,
    `The requested model '${model}' is not supported by any provider you have enabled.`,
    { param: 'model', code: 'model_not_supported' },
  )

export const gated = (model: string): Reply =>
  sentence(
    403,
    `You cannot access this model unless your account has accepted the licence of ${model}.`,
  )

/** text-embeddings-inference says which part of it said no. */
export type TeiErrorType =
  'Unhealthy' | 'Backend' | 'Overloaded' | 'Validation' | 'Tokenizer' | 'Empty'

const teiStatuses: Readonly<Record<TeiErrorType, number>> = {
  Unhealthy: 503,
  Backend: 424,
  Overloaded: 429,
  Validation: 413,
  Tokenizer: 422,
  Empty: 400,
}

export const teiError = (type: TeiErrorType, error: string): Reply =>
  json(teiStatuses[type], { error, error_type: type })

/** What scripted faults answer on the hub and the router. */
export function routerFailure(status: number): Reply {
  switch (status) {
    case 401:
      return sentence(401, 'Invalid username or password.')
    case 402:
      return sentence(
        402,
        'You have exceeded your monthly included credits for Inference Providers. Subscribe to PRO to get 20x more monthly included credits.',
      )
    case 403:
      return gated('this model')
    case 429:
      return text(429, 'Too Many Requests', 'text/plain; charset=utf-8')
    case 503:
      return sentence(503, 'Model is currently loading', { estimated_time: 20 })
    default:
      return sentence(status, `scripted ${status}`)
  }
}

/** What scripted faults answer on an OpenAI-shaped server. */
export const endpointFailure = (status: number): Reply =>
  openAiError(status, `scripted ${status}`, { type: 'server_error', code: status })

/** What scripted faults answer on a text-embeddings-inference server. */
export function teiFailure(status: number): Reply {
  const type = (Object.keys(teiStatuses) as TeiErrorType[]).find(
    (each) => teiStatuses[each] === status,
  )
  return json(status, { error: `scripted ${status}`, error_type: type ?? 'Backend' })
}

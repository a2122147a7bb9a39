import type { ReceivedRequest } from '../received.ts'
import { json, type Reply } from '../reply.ts'
import type { Call } from '../server.ts'
import { answerChat, parseChat, type ChatSettings } from './chat.ts'
import { openAiError } from './errors.ts'

/** What an OpenAI-shaped server such as llama.cpp, Ollama, vLLM or TGI needs of its surroundings. */
export interface Endpoint {
  /** Undefined lets everybody in. */
  readonly token: string | undefined
  readonly settings: ChatSettings
}

/** The one model that is loaded; a local server takes any name for it. */
const LOADED_MODEL = 'local-model'
const CONTEXT_TOKENS = 8_192

export function handleEndpoint(
  { token, settings }: Endpoint,
  request: ReceivedRequest,
  call: Call,
): Reply | Promise<Reply> {
  const route = `${request.method} ${request.path}`
  if (route === 'GET /health') return json(200, { status: 'ok' })
  if (token !== undefined && request.headers.authorization !== `Bearer ${token}`) {
    return openAiError(401, 'Invalid API Key', { type: 'authentication_error', code: 401 })
  }
  if (route === 'GET /v1/models') {
    const loaded = { id: LOADED_MODEL, object: 'model', created: 1_706_745_600, owned_by: 'local' }
    return json(200, { object: 'list', data: [loaded] })
  }
  if (route !== 'POST /v1/chat/completions') return openAiError(404, 'File Not Found')
  const model = { contextTokens: CONTEXT_TOKENS, isStrictAboutRoles: false }
  return answerChat(request, call, parseChat(request), model, settings)
}

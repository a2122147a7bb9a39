import type { ReceivedRequest } from '../received.ts'
import { json, Refusal, type Reply } from '../reply.ts'
import type { Call } from '../server.ts'
import { answerChat, parseChat, type ChatRequest, type ChatSettings } from './chat.ts'
import { embedText } from './embedding.ts'
import { gated, modelNotSupported, routerFailure, sentence } from './errors.ts'
import type { ChatModel, Model, Models } from './models.ts'

/** What the hub and the router need of their surroundings. */
export interface Router {
  readonly token: string
  readonly models: Models
  readonly settings: ChatSettings & RouterSettings
}

export interface RouterSettings {
  /** What one text (not a list) is answered with: `flat` a vector, `nested` a list of one, `tokens` a vector a token. */
  embeddings: 'flat' | 'nested' | 'tokens'
  /** How one model is described: by itself, or under `data`. Programs have seen both. */
  modelAnswer: 'bare' | 'wrapped'
}

/** Everything that huggingface.co and router.huggingface.co answer here; their paths do not meet. */
export function handleRouter(
  router: Router,
  request: ReceivedRequest,
  call: Call,
): Reply | Promise<Reply> {
  const { method, path } = request
  const hubModel = after(path, '/api/models/')
  if (method === 'GET' && hubModel) return mapping(router, hubModel)
  if (request.headers.authorization !== `Bearer ${router.token}`) return routerFailure(401)
  if (method === 'GET' && path === '/v1/models') return listModels(router)
  const routedModel = after(path, '/v1/models/')
  if (method === 'GET' && routedModel) return describeModel(router, routedModel)
  if (method === 'POST') {
    const provider = /^\/(?:([\w-]+)\/)?v1\/chat\/completions$/.exec(path)
    if (provider) return chat(router, request, call, provider[1])
    const extraction = /^\/hf-inference\/models\/(.+)\/pipeline\/feature-extraction$/.exec(path)
    if (extraction?.[1]) return extract(router, decodeURIComponent(extraction[1]), request.json)
  }
  return sentence(404, 'Not Found')
}

function mapping({ models }: Router, id: string): Reply {
  const model = models[id]
  if (!model) return sentence(404, 'Repository not found')
  return json(200, { _id: 'f00d', id, inferenceProviderMapping: model.providers })
}

function listModels({ models }: Router): Reply {
  const chats = Object.entries(models).filter(([, { chat }]) => chat)
  return json(200, { object: 'list', data: chats.map(([id, model]) => description(id, model)) })
}

function describeModel({ models, settings }: Router, id: string): Reply {
  const model = models[id]
  if (!model?.chat) return sentence(404, `The model '${id}' does not exist`)
  const found = description(id, model)
  return json(200, settings.modelAnswer === 'wrapped' ? { data: found } : found)
}

const description = (id: string, { providers, chat }: Model) => ({
  id,
  object: 'model',
  created: 1_706_745_600,
  owned_by: id.split('/')[0],
  providers: Object.entries(providers).map(([provider, { status }]) => {
    return { provider, status, context_length: chat?.contextTokens }
  }),
})

function chat(
  { models, settings }: Router,
  request: ReceivedRequest,
  call: Call,
  provider: string | undefined,
): Promise<Reply> {
  const asked = parseChat(request)
  return answerChat(request, call, asked, findChat(models, asked, provider), settings)
}

const policies = new Set(['cheapest', 'fastest', 'preferred'])

/** The model behind `org/name`, `org/name:provider`, `org/name:cheapest` or a provider's own route. */
function findChat(
  models: Models,
  { model: asked }: ChatRequest,
  provider: string | undefined,
): ChatModel {
  const [id = '', suffix] = asked.split(':')
  const wanted = provider ?? (suffix !== undefined && policies.has(suffix) ? undefined : suffix)
  const model = models[id]
  const isServed = wanted === undefined || model?.providers[wanted] !== undefined
  if (!model?.chat || !isServed) throw new Refusal(modelNotSupported(asked))
  if (model.isLocked) throw new Refusal(gated(id))
  return model.chat
}

function extract({ models, settings }: Router, id: string, body: unknown): Reply {
  const { embedding } = models[id] ?? {}
  if (!embedding) return sentence(404, `Model ${id} not found`)
  const { dimension, maxTokens } = embedding
  const { inputs } = (body ?? {}) as { inputs?: unknown }
  const vectorOf = (text: string) => {
    const vector = embedText(text, dimension, maxTokens)
    return settings.embeddings === 'tokens' ? [vector, vector] : vector
  }
  if (typeof inputs === 'string') {
    const vector = vectorOf(inputs)
    return json(200, settings.embeddings === 'flat' ? vector : [vector])
  }
  if (!Array.isArray(inputs) || !inputs.every((each) => typeof each === 'string')) {
    return sentence(400, 'inputs must be a text or a list of texts')
  }
  return json(200, inputs.map(vectorOf))
}

function after(path: string, prefix: string): string | undefined {
  return path.startsWith(prefix) ? decodeURIComponent(path.slice(prefix.length)) : undefined
}

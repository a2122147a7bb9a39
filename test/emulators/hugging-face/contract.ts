import { readFileSync } from 'node:fs'
import type { ValidateFunction } from 'ajv'
import { lazily, type Answer, type Contract } from '../contract.ts'
import {
  contentType,
  createAjv,
  openApiContract,
  problems,
  strict,
  type OpenApiDocument,
} from '../openapi.ts'
import { parseJson, type ReceivedRequest } from '../received.ts'
import { checkStream } from './stream-contract.ts'

/**
 * The hub and the router. Requests are held to the published schemas to the letter, and to the members
 * that they name. Answers are let through where providers are known to differ from the schemas, which
 * were generated from one server: no `system_fingerprint`, deltas without role or content or with
 * `content: null`, and one flat vector for one text.
 */
export const routerContract = lazily(() => {
  const chat = chatRoute()
  return routes([
    { ...chat, path: /^\/(?:[\w-]+\/)?v1\/chat\/completions$/ },
    {
      method: 'POST',
      path: /^\/hf-inference\/models\/.+\/pipeline\/feature-extraction$/,
      ...extraction(),
    },
    // Not published as schemas: what the SDK's own types and public programs read.
    {
      method: 'GET',
      path: /^\/api\/models\/[^/]+\/[^/]+$/,
      query: 'expand[]=inferenceProviderMapping',
      answer: mapping,
    },
    { method: 'GET', path: /^\/v1\/models$/, answer: modelList },
    { method: 'GET', path: /^\/v1\/models\/[^/]+\/[^/]+$/, answer: routedModel },
  ])
})

/** An OpenAI-shaped server; its chats follow the same schemas. */
export const endpointContract = lazily(() =>
  routes([
    { ...chatRoute(), path: /^\/v1\/chat\/completions$/ },
    { method: 'GET', path: /^\/v1\/models$/, answer: modelList },
    { method: 'GET', path: /^\/health$/, answer: { type: 'object' } },
  ]),
)

/** text-embeddings-inference publishes an OpenAPI document; that it answers 401 is not in it. */
export const teiContract = lazily(() =>
  openApiContract(read('text-embeddings-inference.openapi.json') as OpenApiDocument, {
    bareStatuses: [401],
  }),
)

interface Route {
  readonly method: string
  readonly path: RegExp
  /** The only query that is known; none when undefined. */
  readonly query?: string
  /** Schema of the request, for routes that take one. */
  readonly body?: object
  readonly answer: object
  /** Further rules of a good answer. */
  readonly alsoCheck?: (request: ReceivedRequest, answer: Answer) => string[]
}

type Schema = Record<string, unknown>

const text = { type: 'string' }
const object = (properties: Schema, required = Object.keys(properties)) => ({
  type: 'object',
  required,
  properties,
})
const provider = object({ status: { enum: ['live', 'staging'] }, providerId: text, task: text })
const mapping = object({
  id: text,
  inferenceProviderMapping: { type: 'object', additionalProperties: provider },
})
const model = object({ id: text, object: { const: 'model' }, created: { type: 'integer' } })
const modelList = object({ object: { const: 'list' }, data: { type: 'array', items: model } })
const routedModel = { anyOf: [model, object({ data: model })] }

/** Errors have no schema; these are the shapes in which they were seen. */
const failure = object({
  error: { anyOf: [text, object({ message: text, type: text }, ['message'])] },
})

function chatRoute() {
  const input = readSchema('chat-completion/input.json')
  const output = readSchema('chat-completion/output.json')
  return {
    method: 'POST',
    body: closed(input),
    answer: without(output, 'system_fingerprint'),
    alsoCheck: checkStream(
      without(readSchema('chat-completion/stream_output.json'), 'system_fingerprint'),
    ),
  }
}

function extraction() {
  const nested = readSchema('feature-extraction/output.json')
  const vector = { type: 'array', items: { type: 'number' } }
  return {
    body: closed(readSchema('feature-extraction/input.json')),
    answer: { anyOf: [nested, vector, { type: 'array', items: nested }] },
    alsoCheck({ json }: ReceivedRequest, { body }: Answer) {
      const inputs = (json as { inputs?: unknown } | undefined)?.inputs
      const rows = parseJson(body)
      if (!Array.isArray(rows) || !Array.isArray(inputs) || rows.length === inputs.length) return []
      return [`${inputs.length} texts were answered with ${rows.length} vectors`]
    },
  }
}

function routes(all: readonly Route[]): Contract {
  const ajv = createAjv()
  const compiled = new Map<object, ValidateFunction>()
  const validate = (schema: object, value: unknown) => {
    const known = compiled.get(schema) ?? ajv.compile(strict(schema, { closed: false }) as object)
    compiled.set(schema, known)
    return problems(known, value, 'body')
  }
  const find = ({ method, path }: ReceivedRequest) =>
    all.find((route) => route.method === method && route.path.test(path))

  return {
    request(request) {
      const route = find(request)
      if (!route) return ['no such operation']
      const query = decodeURIComponent(request.url.slice(request.path.length + 1))
      const found = query === (route.query ?? '') ? [] : [`query '${query}' is not known`]
      if (!route.body) return request.body === '' ? found : [...found, 'a body where none is known']
      if (contentType(request.headers['content-type']) !== 'application/json') {
        return [...found, `content type ${request.headers['content-type'] ?? 'missing'}`]
      }
      return [...found, ...validate(route.body, request.json)]
    },

    response(request, answer) {
      const route = find(request)
      if (!route) return []
      const { status, contentType: type, body } = answer
      if (status >= 400) {
        if (status === 429 && type === 'text/plain') return []
        return type === 'application/json'
          ? validate(failure, parseJson(body))
          : [`content type ${type ?? 'missing'} at ${status}`]
      }
      if (status !== 200) return [`status ${status} is not known`]
      const isStream = (request.json as { stream?: unknown } | undefined)?.stream === true
      const expected = isStream ? 'text/event-stream' : 'application/json'
      if (type !== expected) return [`content type ${type ?? 'missing'} instead of ${expected}`]
      const found = isStream ? [] : validate(route.answer, parseJson(body))
      return [...found, ...(route.alsoCheck?.(request, answer) ?? [])]
    },
  }
}

/** The schema with a member that providers leave out. */
function without(schema: Schema, member: string): Schema {
  return { ...schema, required: (schema['required'] as string[]).filter((each) => each !== member) }
}

/** The schema without members that it does not name; its parts stay as they are. */
const closed = (schema: Schema): Schema => ({ ...schema, additionalProperties: false })

const readSchema = (name: string) => read(name) as Schema

function read(name: string): unknown {
  const file = new URL(`../specs/huggingface/${name}`, import.meta.url)
  return JSON.parse(readFileSync(file, 'utf8'))
}

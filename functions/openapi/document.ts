import { STATUS_CODES } from 'node:http'
import * as z from 'zod'
import { version } from '../../lib/build-info.ts'
import { named, type Operation, operations, type SchemaName } from './operations.ts'

type Json = Record<string, unknown>

/** The API as OpenAPI 3.1: what the functions check requests by, and what they answer. */
export function openApiDocument(): Json {
  return {
    openapi: '3.1.1',
    info: {
      title: 'AI Memory Layer',
      version,
      description:
        'A chatbot that remembers each of its users, and a memory that any program can call.',
      license: { name: 'MIT', identifier: 'MIT' },
    },
    // Without a key configured whoever names a user speaks for that user.
    security: [{}, { bearer: [] }, { key: [] }],
    paths: pathsOf(operations),
    components: {
      schemas: componentSchemas(),
      headers,
      securitySchemes: {
        bearer: { type: 'http', scheme: 'bearer' },
        key: { type: 'apiKey', in: 'header', name: 'X-API-Key' },
      },
    },
  }
}

const text = (description: string) => ({ description, schema: { type: 'string' } })

const headers = {
  'X-Request-Id': {
    ...text('Taken from the request, or made; stands in the log.'),
    required: true,
  },
  'Retry-After': {
    description: 'Seconds after which the same call may succeed.',
    schema: { type: 'integer', minimum: 0 },
    required: true,
  },
  RateLimit: text('What is left of the caller’s limit.'),
  'RateLimit-Policy': text('The limits that hold.'),
  'WWW-Authenticate': { ...text('How to send a key.'), required: true },
  'Content-Disposition': { ...text('A name for the file.'), required: true },
}

const headerRef = (...names: (keyof typeof headers)[]) =>
  Object.fromEntries(names.map((name) => [name, { $ref: `#/components/headers/${name}` }]))

const SCHEMAS = '#/components/schemas/'
const ref = (name: SchemaName) => ({ $ref: SCHEMAS + name })

function componentSchemas(): Json {
  const registry = z.registry<{ id: string }>()
  for (const [id, schema] of Object.entries(named)) registry.add(schema, { id })
  const { schemas } = z.toJSONSchema(registry, { io: 'input', uri: (id) => SCHEMAS + id })
  return Object.fromEntries(Object.entries(schemas).map(([id, schema]) => [id, bare(schema)]))
}

/** As part of a document a schema says neither its dialect nor where it stands. */
function bare({ $schema: _schema, $id: _id, ...schema }: Json): Json {
  return schema
}

const inline = (schema: z.ZodType) => bare(z.toJSONSchema(schema, { io: 'input' }))

function pathsOf(table: typeof operations): Json {
  const paths: Record<string, Json> = {}
  for (const [route, operation] of Object.entries(table)) {
    const [method, path] = route.split(' ') as [string, string]
    paths[path] = { ...paths[path], [method.toLowerCase()]: operationOf(route, path, operation) }
  }
  return paths
}

function operationOf(route: string, path: string, operation: Operation): Json {
  const { summary, description, body } = operation
  return {
    operationId: nameOf(route),
    summary,
    ...(description === undefined ? {} : { description }),
    ...(path === '/api/health' || path === '/api/openapi.json' ? { security: [{}] } : {}),
    parameters: parametersOf(path, operation),
    ...(body === undefined
      ? {}
      : {
          requestBody: {
            required: true,
            content: body === 'lines' ? jsonLines : { 'application/json': { schema: ref(body) } },
          },
        }),
    responses: Object.fromEntries([
      ...Object.entries(operation.answers).map(([status, answer]) => [
        status,
        answerOf(Number(status), answer),
      ]),
      ...operation.problems.map((status) => [String(status), problemOf(status)]),
    ]),
  }
}

/** `POST /api/memories/search` is `postMemoriesSearch`. */
const nameOf = (route: string) =>
  route
    .toLowerCase()
    .replace(' /api', '')
    .replaceAll(/[/{.]+(\w)|\}/g, (_, letter: string = '') => letter.toUpperCase())

/** One JSON object a line. */
const jsonLines = {
  'application/x-ndjson': { schema: { type: 'string' }, 'x-line': ref('Line') },
}

function parametersOf(path: string, { id, query, isIdempotent }: Operation): Json[] {
  const inHeader = (name: string, pattern: string, description: string) => ({
    name,
    in: 'header',
    required: false,
    description,
    schema: { type: 'string', pattern },
  })
  const ofQuery = query === undefined ? [] : Object.entries(query.shape)
  return [
    ...(path.includes('{id}')
      ? [{ name: 'id', in: 'path', required: true, schema: inline(id ?? z.uuidv7()) }]
      : []),
    ...ofQuery.map(([name, schema]) => ({
      name,
      in: 'query',
      required: false,
      schema: inline(schema),
    })),
    ...(path.startsWith('/api/health') || path.startsWith('/api/openapi')
      ? []
      : [inHeader('X-User-Id', USER_ID, 'Whose memories, where no user_id says it.')]),
    inHeader('X-Request-Id', '^[A-Za-z0-9_-]{8,64}$', 'Any other is replaced.'),
    ...(isIdempotent
      ? [inHeader('Idempotency-Key', '^[A-Za-z0-9_-]{8,64}$', 'A repeat with it changes nothing.')]
      : []),
  ]
}

const USER_ID = '^[A-Za-z0-9][A-Za-z0-9._@-]{0,63}$'

const limited = ['X-Request-Id', 'RateLimit', 'RateLimit-Policy'] as const

function answerOf(status: number, answer: Operation['answers'][number]): Json {
  const description = STATUS_CODES[status]
  const common = { description, headers: headerRef(...limited) }
  if (answer === 'nothing') return common
  if (answer === 'document') {
    return { ...common, content: { 'application/json': { schema: { type: 'object' } } } }
  }
  if (answer === 'lines') {
    return {
      description,
      headers: headerRef(...limited, 'Content-Disposition'),
      content: jsonLines,
    }
  }
  if (answer !== 'chat') {
    return { ...common, content: { 'application/json': { schema: ref(answer) } } }
  }
  return {
    ...common,
    content: {
      'application/json': { schema: ref('ChatAnswer') },
      'text/event-stream': {
        schema: { type: 'string' },
        'x-events': {
          context: ref('ContextEvent'),
          token: ref('TokenEvent'),
          done: ref('ChatAnswer'),
          error: ref('Problem'),
        },
      },
    },
  }
}

function problemOf(status: number): Json {
  const more = status === 429 || status === 503 ? (['Retry-After'] as const) : []
  const challenge = status === 401 ? (['WWW-Authenticate'] as const) : []
  return {
    description: STATUS_CODES[status],
    headers: headerRef(...limited, ...more, ...challenge),
    content: { 'application/problem+json': { schema: ref('Problem') } },
  }
}

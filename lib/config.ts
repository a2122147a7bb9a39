import { existsSync, readFileSync } from 'node:fs'
import * as z from 'zod'
import { parseKeyList, readKeyFile } from './api-keys.ts'
import { knownDimension } from './embedding-models.ts'
import { oncePerProcess } from './process.ts'

/** The only reader of the environment. Names, defaults and meaning stand in .env.example; a test keeps the two equal. */

const flag = z.enum(['true', 'false'], 'Say true or false.').transform((value) => value === 'true')

const whole = (min: number, max: number) =>
  z.coerce
    .number(`Give a whole number from ${min} to ${max}.`)
    .int(`Give a whole number from ${min} to ${max}.`)
    .min(min, `Give at least ${min}.`)
    .max(max, `Give at most ${max}.`)

const share = z.coerce
  .number('Give a number from 0 to 1.')
  .min(0, 'Give at least 0.')
  .max(1, 'Give at most 1.')

const origins = z.string().transform((value, context) => {
  const list = value.split(',').map((origin) => origin.trim())
  for (const origin of list) {
    if (origin === '' || (URL.canParse(origin) && new URL(origin).origin === origin)) continue
    context.addIssue({
      code: 'custom',
      message: `“${origin}” is not an origin. Give scheme, host and port without a path, such as http://localhost:7860.`,
    })
  }
  return list.filter((origin) => origin !== '')
})

const address = z.string().refine((value) => {
  return URL.canParse(value) && /^https?:$/.test(new URL(value).protocol)
}, 'Give an address that begins with http:// or https://.')

const names = z.string().transform((value) =>
  value
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== ''),
)

const apiKeys = z.string().transform((value, context) => {
  const { keys, faults } = parseKeyList(value)
  const isEmpty = keys.length + faults.length === 0
  for (const message of isEmpty ? ['There is no entry in it.'] : faults) {
    context.addIssue({ code: 'custom', message })
  }
  return keys
})

/** One entry a variable, in the order of .env.example. */
export const variables = {
  HOST: z.string().default('127.0.0.1'),
  PORT: whole(0, 65_535).default(8000),
  DATA_DIR: z.string().default('./data'),
  LOG_LEVEL: z
    .enum(['debug', 'info', 'warn', 'error'], 'Say debug, info, warn or error.')
    .default('info'),
  CORS_ORIGINS: origins.default([]),
  COOKIE_SECRET: z
    .string()
    .min(32, 'Give at least 32 characters, such as from: openssl rand -base64 32')
    .optional(),
  COOKIE_SECRET_FILE: z.string().optional(),
  API_KEYS: apiKeys.default([]),
  API_KEYS_FILE: z.string().optional(),
  TRUSTED_PROXIES: whole(0, 10).default(0),
  RATE_LIMIT_USER: whole(0, 1_000_000).default(60),
  RATE_LIMIT_ADDRESS: whole(0, 1_000_000).default(300),
  GENERATIONS_PER_USER: whole(0, 10_000).default(2),
  GENERATIONS_TOTAL: whole(0, 10_000).default(32),
  TOP_K: whole(0, 50).default(5),
  SCORE_THRESHOLD: share.optional(),
  STORE_REPLIES: flag.default(true),
  MEMORY_MAX_PER_USER: whole(10, 10_000_000).optional(),
  MEMORY_TTL_DAYS: whole(1, 36_500).optional(),
  STORE: z.enum(['auto', 'sqlite', 'pinecone'], 'Say auto, sqlite or pinecone.').default('auto'),
  EMBEDDER: z
    .enum(
      ['auto', 'builtin', 'minilm', 'huggingface', 'endpoint'],
      'Say auto, builtin, minilm, huggingface or endpoint.',
    )
    .default('auto'),
  GENERATOR: z
    .enum(
      ['auto', 'builtin', 'huggingface', 'endpoint'],
      'Say auto, builtin, huggingface or endpoint.',
    )
    .default('auto'),
  TURN_TIMEOUT_MS: whole(1000, 900_000).default(60_000),
  UPSTREAM_TIMEOUT_MS: whole(100, 900_000).default(10_000),
  FIRST_TOKEN_TIMEOUT_MS: whole(100, 900_000).default(20_000),
  DRAIN_TIMEOUT_MS: whole(0, 900_000).default(25_000),
  BUILTIN_WORD_MS: whole(0, 10_000).default(0),
  BREAK: z.enum(['crash', 'health', 'smoke'], 'Say crash, health or smoke, or nothing.').optional(),
  RECENCY_HALF_LIFE_DAYS: z.coerce
    .number('Give a number of days.')
    .positive('Give more than 0 days.')
    .default(30),
  RECENCY_WEIGHT: share.default(0),
  MODEL_DIR: z.string().optional(),
  HF_TOKEN: z.string().startsWith('hf_', 'A token of Hugging Face begins with hf_.').optional(),
  HF_TOKEN_FILE: z.string().optional(),
  HF_LLM_MODEL: z.string().default('mistralai/Mistral-7B-Instruct-v0.2'),
  HF_LLM_FALLBACKS: names.default([]),
  HF_EMBEDDING_MODEL: z.string().default('sentence-transformers/all-MiniLM-L6-v2'),
  HF_EMBEDDING_DIMENSION: whole(1, 20_000).optional(),
  HF_ENDPOINT_URL: address.optional(),
  HF_ENDPOINT_MODEL: z.string().optional(),
  HF_ENDPOINT_TOKEN: z.string().optional(),
  HF_ENDPOINT_TOKEN_FILE: z.string().optional(),
  HF_EMBEDDING_ENDPOINT_URL: address.optional(),
  HF_EMBEDDING_ENDPOINT_TOKEN: z.string().optional(),
  HF_EMBEDDING_ENDPOINT_TOKEN_FILE: z.string().optional(),
  HF_ROUTER_URL: address.default('https://router.huggingface.co'),
  HF_HUB_URL: address.default('https://huggingface.co'),
  PINECONE_API_KEY: z.string().optional(),
  PINECONE_API_KEY_FILE: z.string().optional(),
  PINECONE_INDEX: z
    .string()
    .regex(
      /^[a-z0-9]([a-z0-9-]{0,43}[a-z0-9])?$/,
      'Give at most 45 lower case letters, digits and hyphens, no hyphen first or last.',
    )
    .default('ai-memory-mvp'),
  PINECONE_REGION: z.string().default('us-east-1'),
  PINECONE_ISOLATION: z
    .enum(['namespace', 'metadata'], 'Say namespace or metadata.')
    .default('namespace'),
  PINECONE_OUTBOX: flag.optional(),
  PINECONE_CONTROLLER_HOST: address.default('https://api.pinecone.io'),
} as const satisfies Record<string, z.ZodType>

type Environment = { [Name in keyof typeof variables]: z.infer<(typeof variables)[Name]> }

export type Config = Readonly<ReturnType<typeof toConfig>>

/** Every fault of the settings, each with its remedy. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'
  readonly faults: readonly string[]
  constructor(faults: readonly string[]) {
    super(`The settings are not right:\n${faults.map((fault) => `- ${fault}`).join('\n')}`)
    this.faults = faults
  }
}

/** The settings of this process, read once for all bundles: files of secrets may change later. Throws ConfigError. */
export const config = (): Config => oncePerProcess('config', () => readConfig(process.env))

/** Reads `.env` beside the place the process was started from; what the environment has already wins. */
export function loadDotEnv(file = '.env'): void {
  if (existsSync(file)) process.loadEnvFile(file)
}

export function readConfig(environment: Readonly<Record<string, string | undefined>>): Config {
  // An empty variable is an unset one: `PORT=` in a compose file means the default.
  const given = Object.fromEntries(
    Object.keys(variables)
      .map((name) => [name, environment[name]] as const)
      .filter(([, value]) => value !== undefined && value !== ''),
  )
  const faults: string[] = readSecretFiles(given)
  const values: Record<string, unknown> = {}
  for (const [name, schema] of Object.entries(variables)) {
    const parsed = schema.safeParse(given[name])
    if (parsed.success) values[name] = parsed.data
    else faults.push(...parsed.error.issues.map(({ message }) => `${name}: ${message}`))
  }
  faults.push(...faultsBetween(values))
  if (faults.length > 0) throw new ConfigError(faults)
  return toConfig(values as Environment, environment['LAMBDA_TASK_ROOT'] !== undefined)
}

/**
 * A secret may stand in a file of its own, as container platforms hand it over: NAME_FILE instead of NAME. Puts what
 * is in the file where the secret would stand; the file of keys alone is read by whoever looks for a key, again and again.
 */
function readSecretFiles(given: Record<string, string | undefined>): string[] {
  const faults: string[] = []
  for (const fileName of Object.keys(variables).filter((name) => name.endsWith('_FILE'))) {
    const path = given[fileName]
    if (path === undefined) continue
    const name = fileName.replace(/_FILE$/, '')
    if (fileName === 'API_KEYS_FILE') {
      faults.push(...readKeyFile(path).faults.map((fault) => `${fileName}: ${fault}`))
    } else if (given[name] !== undefined) {
      faults.push(`${fileName}: ${name} is set as well. Unset one of them.`)
    } else {
      try {
        given[name] = readFileSync(path, 'utf8').trim() || undefined
        if (given[name] === undefined) faults.push(`${fileName}: ${path} is empty.`)
      } catch (error) {
        const { code = 'unreadable' } = error as NodeJS.ErrnoException
        faults.push(`${fileName}: ${path} cannot be read (${code}).`)
      }
    }
  }
  return faults
}

/** What only shows when several settings are looked at together; of a faulty one there is no value. */
function faultsBetween(env: Partial<Environment>): string[] {
  const faults: string[] = []
  const needs = (isChosen: boolean, setting: string, name: keyof Environment, what: string) => {
    if (isChosen && env[name] === undefined) faults.push(`${setting} needs ${name}: ${what}`)
  }
  needs(env.EMBEDDER === 'minilm', 'EMBEDDER=minilm', 'MODEL_DIR', 'see docs/embedders.md.')
  needs(env.EMBEDDER === 'huggingface', 'EMBEDDER=huggingface', 'HF_TOKEN', TOKEN_REMEDY)
  needs(env.GENERATOR === 'huggingface', 'GENERATOR=huggingface', 'HF_TOKEN', TOKEN_REMEDY)
  needs(
    env.EMBEDDER === 'endpoint',
    'EMBEDDER=endpoint',
    'HF_EMBEDDING_ENDPOINT_URL',
    'the address of a text-embeddings-inference server.',
  )
  needs(
    env.GENERATOR === 'endpoint',
    'GENERATOR=endpoint',
    'HF_ENDPOINT_URL',
    'the address of an OpenAI-shaped server.',
  )
  const model = env.HF_EMBEDDING_MODEL
  const embedder = preferredEmbedder(env)
  const isByModel = embedder === 'huggingface' || embedder === 'endpoint'
  if (isByModel && model !== undefined && dimensionOf(env) === undefined) {
    faults.push(
      `HF_EMBEDDING_DIMENSION: the length of the vectors of ${model} is not known here. Set it, as the model's page says.`,
    )
  }
  needs(
    env.STORE === 'pinecone',
    'STORE=pinecone',
    'PINECONE_API_KEY',
    'make one at https://app.pinecone.io.',
  )
  return faults
}

const TOKEN_REMEDY = 'make one at https://huggingface.co/settings/tokens.'

export type EmbedderDriver = 'builtin' | 'minilm' | 'huggingface' | 'endpoint'
export type GeneratorDriver = 'builtin' | 'huggingface' | 'endpoint'

/** The one that is named, else the first that has its settings; `auto` also minds which one made existing vectors. */
function preferredEmbedder(env: Partial<Environment>): EmbedderDriver {
  if (env.EMBEDDER !== undefined && env.EMBEDDER !== 'auto') return env.EMBEDDER
  if (env.HF_EMBEDDING_ENDPOINT_URL !== undefined) return 'endpoint'
  return env.HF_TOKEN === undefined ? 'builtin' : 'huggingface'
}

function generatorOf(env: Environment): GeneratorDriver {
  if (env.GENERATOR !== 'auto') return env.GENERATOR
  if (env.HF_ENDPOINT_URL !== undefined) return 'endpoint'
  return env.HF_TOKEN === undefined ? 'builtin' : 'huggingface'
}

const dimensionOf = (env: Partial<Environment>) =>
  env.HF_EMBEDDING_DIMENSION ?? knownDimension(env.HF_EMBEDDING_MODEL ?? '')

function toConfig(env: Environment, isOnLambda: boolean) {
  return {
    host: env.HOST,
    port: env.PORT,
    dataDir: env.DATA_DIR,
    logLevel: env.LOG_LEVEL,
    corsOrigins: env.CORS_ORIGINS,
    cookieSecret: env.COOKIE_SECRET,
    apiKeys: env.API_KEYS,
    apiKeysFile: env.API_KEYS_FILE,
    /** Whether a call needs a key. A file without an entry lets nobody in; it does not let everybody in. */
    asksForKey: env.API_KEYS.length > 0 || env.API_KEYS_FILE !== undefined,
    trustedProxies: env.TRUSTED_PROXIES,
    rateLimitUser: env.RATE_LIMIT_USER,
    rateLimitAddress: env.RATE_LIMIT_ADDRESS,
    generationsPerUser: env.GENERATIONS_PER_USER,
    generationsTotal: env.GENERATIONS_TOTAL,
    topK: env.TOP_K,
    scoreThreshold: env.SCORE_THRESHOLD,
    storeReplies: env.STORE_REPLIES,
    memoryLimits: { maxPerUser: env.MEMORY_MAX_PER_USER, ttlDays: env.MEMORY_TTL_DAYS },
    recency:
      env.RECENCY_WEIGHT > 0
        ? { halfLifeDays: env.RECENCY_HALF_LIFE_DAYS, weight: env.RECENCY_WEIGHT }
        : undefined,
    turnTimeoutMs: env.TURN_TIMEOUT_MS,
    drainTimeoutMs: env.DRAIN_TIMEOUT_MS,
    builtInWordMs: env.BUILTIN_WORD_MS,
    fault: env.BREAK,
    upstreamTimeoutMs: env.UPSTREAM_TIMEOUT_MS,
    firstTokenTimeoutMs: env.FIRST_TOKEN_TIMEOUT_MS,
    embedder: preferredEmbedder(env),
    /** Whether vectors that exist already may keep the embedder that made them. */
    keepsEmbedder: env.EMBEDDER === 'auto',
    generator: generatorOf(env),
    modelDir: env.MODEL_DIR,
    embeddingModel: { name: env.HF_EMBEDDING_MODEL, dimension: dimensionOf(env) ?? 0 },
    huggingFace:
      env.HF_TOKEN === undefined
        ? undefined
        : {
            token: env.HF_TOKEN,
            chatModel: env.HF_LLM_MODEL,
            fallbacks: env.HF_LLM_FALLBACKS,
            routerUrl: env.HF_ROUTER_URL,
            hubUrl: env.HF_HUB_URL,
          },
    pinecone:
      env.STORE === 'sqlite' || env.PINECONE_API_KEY === undefined
        ? undefined
        : {
            apiKey: env.PINECONE_API_KEY,
            name: env.PINECONE_INDEX,
            region: env.PINECONE_REGION,
            isolation: env.PINECONE_ISOLATION,
            controllerUrl: env.PINECONE_CONTROLLER_HOST,
            /** Whether what is on its way outlives this process in the data folder; on AWS Lambda no folder does. */
            hasOutbox: env.PINECONE_OUTBOX ?? !isOnLambda,
          },
    chatEndpoint:
      env.HF_ENDPOINT_URL === undefined
        ? undefined
        : { url: env.HF_ENDPOINT_URL, token: env.HF_ENDPOINT_TOKEN, model: env.HF_ENDPOINT_MODEL },
    embeddingEndpoint:
      env.HF_EMBEDDING_ENDPOINT_URL === undefined
        ? undefined
        : { url: env.HF_EMBEDDING_ENDPOINT_URL, token: env.HF_EMBEDDING_ENDPOINT_TOKEN },
  }
}

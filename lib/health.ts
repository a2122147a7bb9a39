import { version } from './build-info.ts'

/** What /api/health says. `status` is `error`, and the answer 503, when no chat can be answered. */
export interface Health {
  readonly status: 'ok' | 'degraded' | 'error'
  readonly pinecone: 'ok' | 'error' | 'off'
  readonly hf: 'ok' | 'error' | 'off'
  readonly version: string
  readonly checks: {
    /** `pinecone`: the service itself; a store with a disk goes on without it. */
    readonly store: Check & {
      readonly driver: string
      readonly pinecone?: 'ok' | 'error' | undefined
    }
    readonly embedder: Check & { readonly name: string }
    readonly generator: Check & { readonly name: string }
  }
  /** What whoever runs this should know, such as that anyone may speak for any user. */
  readonly notes: readonly string[]
}

export interface Check {
  readonly status: 'ok' | 'degraded' | 'error'
  readonly detail?: string | undefined
}

export interface HealthParts {
  readonly checks: Health['checks']
  readonly usesPinecone: boolean
  readonly usesHuggingFace: readonly ('embedder' | 'generator')[]
  readonly notes: readonly string[]
}

/** The whole from its parts. A chat needs its store and its generator; without an embedder words alone recall. */
export function healthOf({ checks, usesPinecone, usesHuggingFace, notes }: HealthParts): Health {
  const all = [checks.store, checks.embedder, checks.generator]
  const cannotChat = checks.store.status === 'error' || checks.generator.status === 'error'
  const isWhole = all.every(({ status }) => status === 'ok')
  const outward = (parts: readonly Check[]) => {
    if (parts.length === 0) return 'off'
    return parts.some(({ status }) => status === 'error') ? 'error' : 'ok'
  }
  return {
    status: cannotChat ? 'error' : isWhole ? 'ok' : 'degraded',
    pinecone: usesPinecone ? (checks.store.pinecone ?? outward([checks.store])) : 'off',
    hf: outward(usesHuggingFace.map((part) => checks[part])),
    version,
    checks,
    notes,
  }
}

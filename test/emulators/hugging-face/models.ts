/** What the hub and the router know of a model. */
export interface Model {
  /** Who serves it, in the order of the account's preferences. */
  readonly providers: Readonly<Record<string, ProviderMapping>>
  readonly chat?: ChatModel
  /** Dimension of its embeddings, and how many tokens it reads; the rest is cut without a word. */
  readonly embedding?: { readonly dimension: number; readonly maxTokens: number }
  /** True for a gated repository whose licence this account has not accepted. */
  readonly isLocked?: boolean
}

export interface ProviderMapping {
  readonly status: 'live' | 'staging'
  readonly providerId: string
  readonly task: string
}

export interface ChatModel {
  /** Prompt and answer together. */
  readonly contextTokens: number
  /** True where the chat template knows user and assistant in turns, user first, and no system role. */
  readonly isStrictAboutRoles: boolean
}

export type Models = Readonly<Record<string, Model>>

const chatWith = (providers: readonly string[], providerId: string): Model['providers'] =>
  Object.fromEntries(
    providers.map((name) => [name, { status: 'live', providerId, task: 'conversational' }]),
  )

const mistral = 'mistralai/Mistral-7B-Instruct-v0.2'
const llama = 'meta-llama/Llama-3.1-8B-Instruct'
const gptOss = 'openai/gpt-oss-20b'
const miniLm = 'sentence-transformers/all-MiniLM-L6-v2'

export const usualModels: Models = {
  [mistral]: {
    providers: chatWith(['featherless-ai'], mistral),
    chat: { contextTokens: 32_768, isStrictAboutRoles: true },
  },
  [llama]: {
    providers: chatWith(['nscale', 'featherless-ai', 'novita'], llama),
    chat: { contextTokens: 131_072, isStrictAboutRoles: false },
  },
  [gptOss]: {
    providers: chatWith(['groq', 'ovhcloud'], gptOss),
    chat: { contextTokens: 131_072, isStrictAboutRoles: false },
  },
  [miniLm]: {
    // The task is not the one that is asked for; the SDK takes the two for one.
    providers: {
      'hf-inference': { status: 'live', providerId: miniLm, task: 'sentence-similarity' },
    },
    embedding: { dimension: 384, maxTokens: 256 },
  },
}

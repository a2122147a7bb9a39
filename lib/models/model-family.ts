/** What must be known of a model before it is asked. */
export interface ModelFamily {
  readonly name: string
  /** False: its chat template knows only user and assistant, in turns, user first; anything else is refused. */
  readonly hasSystemRole: boolean
  /**
   * Tokens of prompt it is given, as this project counts them (high). Far below the largest windows on purpose: what is
   * recalled is chosen, and a long prompt costs time and money at every turn.
   */
  readonly promptTokens: number
}

/** The longest answer asked for. With the 3,000 of an unknown model it fits into 4,096, Ollama's window unless told. */
export const ANSWER_TOKENS = 1000

/**
 * The first that fits is taken. Roles: the chat templates in the models' repositories. Mistral 7B v0.1 and v0.2, Mixtral and
 * Gemma 1 and 2 raise an error at a system message; their successors take one, and a folded one as well.
 */
const families: readonly (ModelFamily & { readonly fits: RegExp })[] = [
  { name: 'mistral', fits: /mistral-7b|mixtral/i, hasSystemRole: false, promptTokens: 6000 },
  { name: 'gemma', fits: /gemma/i, hasSystemRole: false, promptTokens: 5000 },
  { name: 'llama-3', fits: /llama-?3\.[123]/i, hasSystemRole: true, promptTokens: 6000 },
  { name: 'llama-3', fits: /llama-?3/i, hasSystemRole: true, promptTokens: 5000 },
  { name: 'gpt-oss', fits: /gpt-oss/i, hasSystemRole: true, promptTokens: 6000 },
  { name: 'qwen', fits: /qwen/i, hasSystemRole: true, promptTokens: 6000 },
]

const unknownFamily: ModelFamily = { name: 'unknown', hasSystemRole: true, promptTokens: 3000 }

/** By the model's name, such as `mistralai/Mistral-7B-Instruct-v0.2` or `llama3.2:latest`. */
export const familyOf = (model: string): ModelFamily =>
  families.find(({ fits }) => fits.test(model)) ?? unknownFamily

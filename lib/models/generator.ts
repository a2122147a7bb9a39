import type { Prompt } from '../chat/prompt.ts'

/** Text from a prompt, as it is made. */
export interface Generator {
  /** The model as the reader knows it, such as `built-in` or `mistralai/Mistral-7B-Instruct-v0.2`. */
  readonly name: string
  /** How many tokens of prompt the model may be given, its answer left out. */
  readonly promptTokens: number
  /**
   * Yields the answer piece by piece, then exactly one `end`. A stream that stops without a finish
   * reason is a failure, never a short answer. Throws an `UpstreamError` when the model does not answer,
   * and `signal.reason` when the caller goes away; whatever was being generated is then stopped too.
   */
  generate(prompt: Prompt, signal: AbortSignal): AsyncIterable<GeneratorPiece>
}

export type GeneratorPiece =
  | { readonly type: 'text'; readonly text: string }
  | { readonly type: 'end'; readonly finishReason: 'stop' | 'length'; readonly usage: Usage }

/** Tokens as the model counted them, and the model that really answered. */
export interface Usage {
  readonly promptTokens: number
  readonly completionTokens: number
  readonly model: string
}

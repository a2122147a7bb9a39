/** Texts to vectors. One embedder serves a whole store: its `name` is written beside every vector. */
export interface Embedder {
  /**
   * Model, version and dimension, such as `static-minilm-128@1`. Vectors of different names are never
   * compared, so anything that changes a vector changes the name.
   */
  readonly name: string
  /** Length of every vector. Nothing else in the project may assume a dimension. */
  readonly dimension: number
  /** False for an embedder whose calls cost money: nobody re-embeds with it unless told to. */
  readonly free: boolean
  /**
   * One vector of length 1 for each text, in order. A text is a passage (lib/memory/passages.ts): at most
   * 600 characters and 250 word pieces; a longer one is cut, silently, by the model. A text without any
   * known word gets the zero vector, which is near nothing. Rejects with an `UpstreamError` when the
   * model does not answer, and with `signal.reason` when the caller goes away.
   */
  embed(texts: readonly string[], signal?: AbortSignal): Promise<Float32Array[]>
}

/**
 * Length of the vectors of models that embed a question as they embed any text. An embedder's dimension must be known before it
 * is asked, for the store is opened with it; that of any other model is a setting. Source: the models' own pages.
 */
const dimensions: Readonly<Record<string, number>> = {
  'sentence-transformers/all-MiniLM-L6-v2': 384,
  'sentence-transformers/all-MiniLM-L12-v2': 384,
  'sentence-transformers/all-mpnet-base-v2': 768,
  'sentence-transformers/paraphrase-multilingual-MiniLM-L12-v2': 384,
  'sentence-transformers/paraphrase-multilingual-mpnet-base-v2': 768,
  'BAAI/bge-small-en-v1.5': 384,
  'BAAI/bge-base-en-v1.5': 768,
  'BAAI/bge-large-en-v1.5': 1024,
  'BAAI/bge-m3': 1024,
  'mixedbread-ai/mxbai-embed-large-v1': 1024,
  'thenlper/gte-small': 384,
  'thenlper/gte-base': 768,
  'thenlper/gte-large': 1024,
}

/** Undefined for a model that must be told by HF_EMBEDDING_DIMENSION. */
export const knownDimension = (model: string): number | undefined => dimensions[model]

/** The same model makes the same vectors wherever it runs, so they can be kept when it moves. */
export const embedderName = (model: string) => `${model}@1`

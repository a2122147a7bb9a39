/**
 * The one place that imports Hugging Face's SDK, and itself only imported on first use. Naming what is used keeps
 * the catalogues and the snippets of all other tasks out of the bundle.
 */
export { chatCompletionStream, featureExtraction, setLogger } from '@huggingface/inference'

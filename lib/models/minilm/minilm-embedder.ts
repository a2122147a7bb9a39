import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { UpstreamError } from '../../errors.ts'
import { createWordPiece } from '../builtin/wordpiece.ts'
import type { Embedder } from '../embedder.ts'
import { MINILM_DIMENSION, openMiniLm } from './minilm-model.ts'
import { loadOnnxRuntime, type OnnxRuntime } from './onnx-runtime.ts'

export interface MiniLmOptions {
  /** Holds `vocab.txt` and `onnx/model_quantized.onnx` of all-MiniLM-L6-v2 (docs/embedders.md). */
  readonly modelDir: string
  /** Threads of one inference; 1 unless told, for requests run beside each other. */
  readonly threads?: number
  /** Gives onnxruntime-node; unless told it is imported, or found in `modelDir/node_modules`. */
  readonly loadRuntime?: () => Promise<OnnxRuntime>
}

export const MINILM_EMBEDDER = 'all-MiniLM-L6-v2-int8@1'

/**
 * The real all-MiniLM-L6-v2 in this process, int8: 2 to 3 ms a short text, some 26 ms a full passage. The first
 * `embed` opens it, in some 0.3 s and 115 MB. While model or runtime are missing, each `embed` rejects with an
 * `UpstreamError` that says what to install, and the next one tries again.
 */
export function createMiniLmEmbedder(options: MiniLmOptions): Embedder {
  let opening: Promise<EncodeText> | undefined
  return {
    name: MINILM_EMBEDDER,
    dimension: MINILM_DIMENSION,
    free: true,
    async embed(texts, signal) {
      signal?.throwIfAborted()
      opening ??= openEncoder(options).catch((cause: unknown) => {
        opening = undefined
        throw missing(cause)
      })
      const encode = await opening
      const vectors: Float32Array[] = []
      for (const text of texts) {
        signal?.throwIfAborted()
        vectors.push(await encode(text))
      }
      return vectors
    },
  }
}

type EncodeText = (text: string) => Promise<Float32Array>

/** The model was made for 256 pieces; what is beyond them is lost. */
const LIMIT_PIECES = 256

async function openEncoder(options: MiniLmOptions): Promise<EncodeText> {
  const { modelDir, threads = 1, loadRuntime = () => loadOnnxRuntime([modelDir]) } = options
  const wordPiece = createWordPiece(await readFile(join(modelDir, 'vocab.txt'), 'utf8'))
  const model = await openMiniLm(await loadRuntime(), modelDir, threads)
  const [first, last] = ['[CLS]', '[SEP]'].map((piece) => wordPiece.idOf(piece))
  if (first === undefined || last === undefined) throw new Error('vocab.txt has no [CLS] or [SEP]')
  return async (text) => {
    const ids = wordPiece.encode(text, LIMIT_PIECES - 2)
    if (ids.every((id) => id === wordPiece.unknown)) return new Float32Array(MINILM_DIMENSION)
    return model.encode([first, ...ids, last])
  }
}

function missing(cause: unknown): UpstreamError {
  const reason = cause instanceof Error ? cause.message : String(cause)
  return new UpstreamError(
    'minilm',
    'unavailable',
    `The minilm embedder could not be opened. ${reason}. ` +
      'MODEL_DIR must hold vocab.txt and onnx/model_quantized.onnx; docs/embedders.md says how to get both.',
    { cause },
  )
}

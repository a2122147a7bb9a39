import { appendFileSync, existsSync, mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createStaticEmbedder, loadStaticTable } from '../../lib/models/builtin/static-embedder.ts'
import { createWordNeighbours } from '../../lib/models/builtin/word-neighbours.ts'
import type { Embedder } from '../../lib/models/embedder.ts'
import { createMiniLmEmbedder } from '../../lib/models/minilm/minilm-embedder.ts'
import { loadOnnxRuntime } from '../../lib/models/minilm/onnx-runtime.ts'
import type { WordNeighbours } from '../../lib/memory/ranking/settings.ts'

export interface EvalModels {
  /** Undefined: recall by words alone. */
  readonly embedder: Embedder | undefined
  /** From the built-in table, whatever the embedder: it is always there. */
  readonly wordNeighbours: WordNeighbours
}

const TABLE = new URL('../../lib/models/builtin/static-minilm-128.bin', import.meta.url)

export interface EvalModelOptions {
  readonly embedder: string
  /** The folder of the model, for minilm. */
  readonly modelDir?: string | undefined
  /** A folder whose node_modules hold its runtime, where the project's do not. */
  readonly runtimeDir?: string | undefined
  /** Where its vectors are kept between runs. */
  readonly cacheDir?: string | undefined
}

export async function openModels(options: EvalModelOptions): Promise<EvalModels> {
  const table = await loadStaticTable(TABLE)
  const wordNeighbours = createWordNeighbours(table)
  switch (options.embedder) {
    case 'none':
      return { embedder: undefined, wordNeighbours }
    case 'builtin':
      return { embedder: createStaticEmbedder(table), wordNeighbours }
    case 'minilm': {
      if (options.modelDir === undefined) throw new Error('minilm needs --model-dir DIR.')
      const { runtimeDir } = options
      const minilm = createMiniLmEmbedder({
        modelDir: options.modelDir,
        ...(runtimeDir !== undefined && { loadRuntime: () => loadOnnxRuntime([runtimeDir]) }),
      })
      const embedder = options.cacheDir === undefined ? minilm : cached(minilm, options.cacheDir)
      return { embedder, wordNeighbours }
    }
    default:
      throw new Error(`--embedder is builtin, minilm or none, not ${options.embedder}.`)
  }
}

/** Keeps each vector in a file: a run over all the data embeds some 60,000 passages, and one run is never all. */
function cached(embedder: Embedder, directory: string): Embedder {
  mkdirSync(directory, { recursive: true })
  const textsFile = join(directory, `${embedder.name.replaceAll(/[^\w.-]/g, '_')}.jsonl`)
  const vectorsFile = `${textsFile.slice(0, -'.jsonl'.length)}.f32`
  const vectors = new Map<string, Float32Array>()
  if (existsSync(textsFile)) {
    const bytes = readFileSync(vectorsFile)
    const numbers = new Float32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4)
    const texts = readFileSync(textsFile, 'utf8').split('\n').slice(0, -1)
    for (const [at, text] of texts.entries()) {
      const start = at * embedder.dimension
      vectors.set(JSON.parse(text) as string, numbers.slice(start, start + embedder.dimension))
    }
  }
  return {
    ...embedder,
    async embed(texts, signal) {
      const missing = [...new Set(texts)].filter((text) => !vectors.has(text))
      const made = await embedder.embed(missing, signal)
      for (const [at, text] of missing.entries()) {
        const vector = made[at]!
        vectors.set(text, vector)
        appendFileSync(
          vectorsFile,
          new Uint8Array(vector.buffer, vector.byteOffset, vector.byteLength),
        )
        appendFileSync(textsFile, `${JSON.stringify(text)}\n`)
      }
      return texts.map((text) => vectors.get(text)!)
    },
  }
}

import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { UpstreamError } from '../../errors.ts'
import { createMiniLmEmbedder } from './minilm-embedder.ts'
import { loadOnnxRuntime, type OnnxRuntime } from './onnx-runtime.ts'

const pieces = ['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]', 'tea', 'coffee', '.']
const modelDir = mkdtempSync(join(tmpdir(), 'minilm-'))
writeFileSync(join(modelDir, 'vocab.txt'), `${pieces.join('\n')}\n`)
afterAll(() => rmSync(modelDir, { recursive: true }))

/** A model whose hidden state of piece i is 1 in place i and 0 elsewhere, so that a vector shows what it was made of. */
function openFake() {
  const asked: number[][] = []
  class Tensor {
    readonly data: BigInt64Array
    readonly shape: readonly number[]
    constructor(_type: 'int64', data: BigInt64Array, shape: readonly number[]) {
      this.data = data
      this.shape = shape
    }
  }
  const runtime: OnnxRuntime = {
    Tensor,
    InferenceSession: {
      create: async (path) => {
        expect(path).toBe(join(modelDir, 'onnx', 'model_quantized.onnx'))
        return {
          async run(inputs) {
            const { data, shape } = inputs['input_ids'] as Tensor
            expect(shape).toEqual([1, data.length])
            expect((inputs['attention_mask'] as Tensor).data.every((bit) => bit === 1n)).toBe(true)
            expect((inputs['token_type_ids'] as Tensor).data.every((bit) => bit === 0n)).toBe(true)
            asked.push(Array.from(data, Number))
            const hidden = new Float32Array(data.length * 384)
            for (const [i, id] of data.entries()) hidden[i * 384 + Number(id)] = 1
            return { last_hidden_state: { data: hidden } }
          },
        }
      },
    },
  }
  return { asked, embedder: createMiniLmEmbedder({ modelDir, loadRuntime: async () => runtime }) }
}

describe('the minilm embedder', () => {
  it('asks for one text at a time, between [CLS] and [SEP], and takes the mean at length 1', async () => {
    const { asked, embedder } = openFake()
    const vectors = await embedder.embed(['Tea. Tea.', 'coffee'])
    expect(asked).toEqual([
      [2, 5, 7, 5, 7, 3],
      [2, 6, 3],
    ])
    const length = Math.sqrt(1 + 1 + 4 + 4)
    const expected = [0, 0, 1, 1, 0, 2, 0, 2].map((x) => x / length)
    for (const [i, x] of expected.entries()) expect(vectors[0]![i]).toBeCloseTo(x, 6)
    expect(vectors[0]).toHaveLength(embedder.dimension)
    expect(vectors[1]![6]).toBeCloseTo(1 / Math.sqrt(3), 6)
  })

  it('reads 256 pieces and loses the rest', async () => {
    const { asked, embedder } = openFake()
    await embedder.embed([`${'tea '.repeat(254)}coffee`])
    expect(asked[0]).toHaveLength(256)
    expect(asked[0]!.slice(-2)).toEqual([5, 3])
  })

  it('gives the zero vector for a text without any known word', async () => {
    const { asked, embedder } = openFake()
    const vectors = await embedder.embed(['', 'xyz \u{1F375}'])
    expect(vectors.map((vector) => vector.some((x) => x !== 0))).toEqual([false, false])
    expect(asked).toEqual([])
  })

  it('stops when its caller goes away', async () => {
    const { asked, embedder } = openFake()
    const reason = new Error('gone')
    await expect(embedder.embed(['tea'], AbortSignal.abort(reason))).rejects.toBe(reason)
    expect(asked).toEqual([])
  })

  it('says what to install when the runtime is missing, and tries again the next time', async () => {
    let tries = 0
    const loadRuntime = () => {
      tries++
      return loadOnnxRuntime([], 'a-package-that-is-not-there')
    }
    const embedder = createMiniLmEmbedder({ modelDir, loadRuntime })
    const failure = await embedder.embed(['tea']).catch((error: unknown) => error)
    expect(failure).toBeInstanceOf(UpstreamError)
    expect(failure).toMatchObject({ status: 503, upstream: 'minilm', failure: 'unavailable' })
    expect(String(failure)).toContain('ONNXRUNTIME_NODE_INSTALL=skip npm install')
    await expect(embedder.embed(['tea'])).rejects.toThrow('MODEL_DIR')
    expect(tries).toBe(2)
  })

  it('says so when the model files are missing', async () => {
    const empty = createMiniLmEmbedder({ modelDir: join(modelDir, 'nowhere') })
    await expect(empty.embed(['tea'])).rejects.toThrow('MODEL_DIR must hold vocab.txt')
  })
})

const realDir = process.env['MODEL_DIR'] ?? 'models/all-MiniLM-L6-v2'
const reason = await whyNoModel()

describe(`the real model${reason === undefined ? '' : ` [skipped because ${reason}]`}`, () => {
  it.skipIf(reason !== undefined)('knows a happy person from a happy dog', async () => {
    const embedder = createMiniLmEmbedder({ modelDir: realDir })
    const [person, dog, very] = await embedder.embed([
      'That is a happy person',
      'That is a happy dog',
      'That is a very happy person',
    ])
    const cosine = (a: Float32Array, b: Float32Array) => a.reduce((sum, x, i) => sum + x * b[i]!, 0)
    // In full precision .695 and .941; int8 moves a vector by some 7 degrees.
    expect(cosine(person!, dog!)).toBeCloseTo(0.7, 1)
    expect(cosine(person!, very!)).toBeGreaterThan(0.9)
    expect(cosine(person!, person!)).toBeCloseTo(1, 5)
  })
})

async function whyNoModel(): Promise<string | undefined> {
  if (!existsSync(join(realDir, 'onnx', 'model_quantized.onnx'))) return 'MODEL_DIR names no model'
  return loadOnnxRuntime([realDir]).then(
    () => undefined,
    () => 'onnxruntime-node is not installed',
  )
}

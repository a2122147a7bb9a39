import { join } from 'node:path'
import type { OnnxRuntime } from './onnx-runtime.ts'

/** The sentence encoder itself: ids in, one vector out. */
export interface MiniLmModel {
  /**
   * The vector of one text, 384 numbers of length 1: the mean of the last layer over all of `ids`. `ids` begin with [CLS] and
   * end with [SEP], 256 at most.
   */
  encode(ids: readonly number[]): Promise<Float32Array>
}

export const MINILM_DIMENSION = 384
export const MINILM_FILE = join('onnx', 'model_quantized.onnx')

/** Opens `onnx/model_quantized.onnx` in `modelDir`; takes some 0.3 s and 115 MB. */
export async function openMiniLm(
  runtime: OnnxRuntime,
  modelDir: string,
  threads: number,
): Promise<MiniLmModel> {
  const session = await runtime.InferenceSession.create(join(modelDir, MINILM_FILE), {
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
  })
  return {
    // One text a call: int8 quantization scales by the whole input, so that neighbours in a batch would shift a vector.
    async encode(ids) {
      const shape = [1, ids.length]
      const output = await session.run({
        input_ids: new runtime.Tensor('int64', BigInt64Array.from(ids, BigInt), shape),
        attention_mask: new runtime.Tensor('int64', new BigInt64Array(ids.length).fill(1n), shape),
        token_type_ids: new runtime.Tensor('int64', new BigInt64Array(ids.length), shape),
      })
      const hidden = output['last_hidden_state']?.data
      if (!(hidden instanceof Float32Array) || hidden.length !== ids.length * MINILM_DIMENSION) {
        throw new TypeError('The model gave no last_hidden_state of 384 numbers a token.')
      }
      return unitSum(hidden)
    },
  }
}

/** The mean of the rows, made length 1; the sum has the same direction. */
function unitSum(rows: Float32Array): Float32Array {
  const sum = new Float64Array(MINILM_DIMENSION)
  for (const [i, x] of rows.entries()) sum[i % MINILM_DIMENSION]! += x
  let square = 0
  for (const x of sum) square += x * x
  const length = Math.sqrt(square) || 1
  return Float32Array.from(sum, (x) => x / length)
}

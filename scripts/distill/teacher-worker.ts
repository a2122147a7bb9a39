import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parentPort, workerData } from 'node:worker_threads'
import { createWordPiece } from '../../lib/models/builtin/wordpiece.ts'
import { MINILM_DIMENSION, openMiniLm } from '../../lib/models/minilm/minilm-model.ts'
import { loadOnnxRuntime } from '../../lib/models/minilm/onnx-runtime.ts'
import type { TeacherJob } from './teacher.ts'

/** Takes blocks of rows until none is left; each row's vector goes into the shared matrix at its own place. */
const BLOCK_ROWS = 64

const job = workerData as TeacherJob
const runtime = await loadOnnxRuntime(job.runtimeDirectories)
const model = await openMiniLm(runtime, job.modelDir, 1)
const wordPiece = createWordPiece(readFileSync(join(job.modelDir, 'vocab.txt'), 'utf8'))
const vectors = new Float32Array(job.vectors)
const next = new Int32Array(job.next)
const classify = wordPiece.idOf('[CLS]') ?? 0
const separate = wordPiece.idOf('[SEP]') ?? 0

for (;;) {
  const from = Atomics.add(next, 0, BLOCK_ROWS)
  if (from >= job.rows) break
  const to = Math.min(job.rows, from + BLOCK_ROWS)
  for (let row = from; row < to; row++) {
    const ids = job.texts === undefined ? [row] : wordPiece.encode(job.texts[row] ?? '', 254)
    vectors.set(await model.encode([classify, ...ids, separate]), row * MINILM_DIMENSION)
  }
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin, only a window has
  parentPort?.postMessage(to - from)
}

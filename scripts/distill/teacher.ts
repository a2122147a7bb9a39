import { Worker } from 'node:worker_threads'
import { MINILM_DIMENSION } from '../../lib/models/minilm/minilm-model.ts'

/** What a worker is handed: with `texts` it encodes those, without them the word pieces 0 to `rows` - 1, alone. */
export interface TeacherJob {
  readonly modelDir: string
  readonly runtimeDirectories: readonly string[]
  readonly rows: number
  readonly texts: readonly string[] | undefined
  /** rows × 384 floats, shared. */
  readonly vectors: SharedArrayBuffer
  /** The first row that nobody has taken, shared. */
  readonly next: SharedArrayBuffer
}

/**
 * Asks the teacher for a unit vector of every text (or of every word piece alone), as rows of one matrix. The order of work
 * does not change a vector.
 */
export async function askTeacher(
  what: Pick<TeacherJob, 'modelDir' | 'runtimeDirectories' | 'rows' | 'texts'>,
  workers: number,
  onProgress: (done: number) => void,
): Promise<Float32Array> {
  const vectors = new SharedArrayBuffer(what.rows * MINILM_DIMENSION * 4)
  const job: TeacherJob = { ...what, vectors, next: new SharedArrayBuffer(4) }
  let done = 0
  await Promise.all(
    Array.from({ length: workers }, async () => {
      const worker = new Worker(new URL('teacher-worker.ts', import.meta.url), { workerData: job })
      worker.on('message', (rows: number) => onProgress((done += rows)))
      await new Promise<void>((resolve, reject) => {
        worker.once('error', reject)
        worker.once('exit', (code) =>
          code === 0 ? resolve() : reject(new Error(`A worker of the teacher ended with ${code}.`)),
        )
      })
    }),
  )
  return new Float32Array(vectors)
}

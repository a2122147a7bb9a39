/**
 * Makes the built-in embedder's table anew: npm run distill -- --models DIR [--runtime DIR] [--cache DIR] [--out FILE]
 *
 * What must be in DIR, how long it takes and what came out last is in docs/embedders.md.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import {
  readStaticTable,
  type StaticTable,
  writeStaticTable,
} from '../lib/models/builtin/static-table.ts'
import { createWordPiece } from '../lib/models/builtin/wordpiece.ts'
import { MINILM_DIMENSION, MINILM_FILE } from '../lib/models/minilm/minilm-model.ts'
import { loadOnnxRuntime } from '../lib/models/minilm/onnx-runtime.ts'
import { type Nearness, nearness } from './distill/compare.ts'
import { readCorpus, sha256, tokenize } from './distill/corpus.ts'
import { fitRows, meanCosine } from './distill/fit.ts'
import { quantizeRows } from './distill/quantize.ts'
import { findBasis, project, startRows } from './distill/start.ts'
import { askTeacher } from './distill/teacher.ts'

const SHIPPED = join(import.meta.dirname, '../lib/models/builtin/static-minilm-128.bin')

/** Columns that are fitted, and those that are kept: the last ones help to find the first. */
const FITTED_DIMENSION = 256
const KEPT_DIMENSION = 128
const HELD_BACK_TEXTS = 2_000
const FIT = { epochs: 8, batchTexts: 1_024, seed: 1 }

/** What the shipped table was made from; another input is said aloud, for it makes another table. */
const INPUTS = {
  'all-MiniLM-L6-v2/vocab.txt': '07eced375cec144d27c900241f3e339478dec958f92fddbc551f295c992038a3',
  [join('all-MiniLM-L6-v2', MINILM_FILE)]:
    '5ce859439971d2235fb985dcd47e7dbb486295c40f307bba478d7607316b17cb',
  'corpus/corpus.jsonl.gz': '483ec769ae9bb533026bd7a3bb442c3c06c4d2a82f229a767ae9ba93564ab751',
}

const { values: options } = parseArgs({
  options: {
    models: { type: 'string' },
    runtime: { type: 'string' },
    cache: { type: 'string' },
    out: { type: 'string', default: SHIPPED },
    version: { type: 'string' },
    workers: { type: 'string', default: String(Math.min(8, availableParallelism())) },
  },
})
const models = options.models ?? stop('Say where the teacher and the corpus are: --models DIR.')

const startedAtMs = performance.now()
const say = (text: string) =>
  console.log(`${((performance.now() - startedAtMs) / 1000).toFixed(0).padStart(5)} s  ${text}`)

for (const [file, expected] of Object.entries(INPUTS)) {
  if (!existsSync(join(models, file))) stop(`${join(models, file)} is missing.`)
  const sum = sha256(readFileSync(join(models, file)))
  say(`${file} ${sum}${sum === expected ? '' : ' (not what the shipped table was made from)'}`)
}
const modelDir = join(models, 'all-MiniLM-L6-v2')
const vocabulary = readFileSync(join(modelDir, 'vocab.txt'), 'utf8')
const wordPiece = createWordPiece(vocabulary)
const corpus = readCorpus(readFileSync(join(models, 'corpus', 'corpus.jsonl.gz')))
const texts = tokenize(corpus, wordPiece)
const trainCount = texts.count - HELD_BACK_TEXTS
say(`${texts.count} texts of ${(texts.pieces.length / texts.count).toFixed(1)} word pieces`)

const teacher = await teach('texts', corpus.length, corpus)
const pieces = await teach('pieces', wordPiece.size, undefined)

const basis = findBasis(teacher, MINILM_DIMENSION, FITTED_DIMENSION)
const targets = project(teacher, basis)
const rows = startRows(project(pieces, basis), targets, FITTED_DIMENSION, texts)
const heldBackCosine = () =>
  meanCosine(rows, targets, FITTED_DIMENSION, texts, trainCount).toFixed(4)
say(`Start: held-back cosine ${heldBackCosine()}`)
const fitting = { ...FIT, dimension: FITTED_DIMENSION, trainCount }
fitRows(rows, targets, texts, {
  ...fitting,
  onEpoch: (epoch) => say(`Epoch ${epoch} of ${FIT.epochs}: held-back cosine ${heldBackCosine()}`),
})

const shippedBytes = existsSync(SHIPPED) ? readFileSync(SHIPPED) : undefined
const shipped = shippedBytes && readStaticTable(shippedBytes)
const bytes = writeStaticTable({
  name: `static-minilm-${KEPT_DIMENSION}`,
  version: Number(options.version ?? shipped?.name.split('@')[1] ?? 1),
  dimension: KEPT_DIMENSION,
  vocabulary,
  ...quantizeRows(rows, FITTED_DIMENSION, KEPT_DIMENSION),
})
writeFileSync(options.out, bytes)
const made = readStaticTable(bytes)
say(`Wrote ${options.out}: ${made.name}, dimension ${made.dimension}, ${bytes.length} bytes`)
say(`sha256 ${sha256(bytes)}`)

const heldBack = corpus.slice(trainCount)
const heldBackTeacher = teacher.subarray(trainCount * MINILM_DIMENSION)
report('made now', made)
if (shipped === undefined || shippedBytes === undefined) say('There was no shipped table.')
else {
  report('shipped', shipped)
  if (shippedBytes.equals(bytes)) say('The two are the same, byte for byte.')
  else say(`The two differ: ship it as --version ${Number(shipped.name.split('@')[1]) + 1}.`)
}

function stop(reason: string): never {
  console.error(`${reason} docs/embedders.md says what is needed.`)
  process.exit(2)
}

/** The teacher's unit vectors of `what`; taken from --cache when they are there, put there when not. */
async function teach(what: string, count: number, asked: readonly string[] | undefined) {
  const cached = options.cache && join(options.cache, `${what}.f32`)
  if (cached && existsSync(cached)) {
    const kept = readFileSync(cached)
    const vectors = new Float32Array(kept.buffer, kept.byteOffset, kept.length / 4)
    if (vectors.length !== count * MINILM_DIMENSION) throw new Error(`${cached} is of other texts.`)
    say(`Teacher's vectors of ${what} taken from ${cached}`)
    return vectors
  }
  const runtimeDirectories = options.runtime === undefined ? [] : [options.runtime]
  await loadOnnxRuntime(runtimeDirectories).catch((error: Error) => stop(`${error.message}.`))
  let said = 0
  const work = { modelDir, runtimeDirectories, rows: count, texts: asked }
  const vectors = await askTeacher(work, Number(options.workers), (done) => {
    if (done < count && done - said < 10_000) return
    said = done
    say(`Teacher: ${done} of ${count} ${what}`)
  })
  if (cached) {
    mkdirSync(join(cached, '..'), { recursive: true })
    writeFileSync(cached, vectors)
  }
  return vectors
}

function report(label: string, table: StaticTable) {
  const near: Nearness = nearness(table, heldBack, heldBackTeacher)
  say(
    `${label.padEnd(8)} against the teacher, over all pairs of ${heldBack.length} held-back texts: ` +
      `correlation of cosines ${near.correlation.toFixed(4)}, mean difference ${near.difference.toFixed(4)}`,
  )
}

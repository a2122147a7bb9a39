/**
 * Measures recall through the product's own store: npm run eval -- --data DIR [--embedder builtin|minilm|none]
 * [--store sqlite|pinecone|nearest] [--datasets a,b] [--without lever,…] [--levers] [--model-dir DIR] [--runtime-dir DIR] [--cache DIR] [--svg FILE]
 *
 * What DIR must hold and what came out last is in docs/recall.md.
 */
import { existsSync, writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { LEVERS, type Lever } from '../lib/memory/ranking/settings.ts'
import { type Answered, storeDataset, type Subject } from './eval/ask.ts'
import { type Dataset, datasetNames, readDataset } from './eval/data.ts'
import { type EvalModels, openModels } from './eval/embedders.ts'
import { nearestTurns } from './eval/nearest.ts'
import { calibrationCurve, f1Of, mean, recallAt } from './eval/measures.ts'
import {
  calibrationSvg,
  calibrationTable,
  cutTable,
  type Measured,
  rankingTable,
  share,
  SUCCESSOR_HEAD,
  successorTable,
  table,
} from './eval/report.ts'
import { STORES } from './eval/stores.ts'

const { values: options } = parseArgs({
  options: {
    data: { type: 'string' },
    embedder: { type: 'string', default: 'builtin' },
    store: { type: 'string', default: 'sqlite' },
    datasets: { type: 'string' },
    without: { type: 'string', default: '' },
    levers: { type: 'boolean', default: false },
    'model-dir': { type: 'string' },
    'runtime-dir': { type: 'string' },
    cache: { type: 'string' },
    svg: { type: 'string' },
  },
})

const DEPTH = 20
/** As TOP_K is by default. */
const CUT_LIMIT = 5

if (options.data === undefined) stop('Say where the data is: npm run eval -- --data DIR')
if (!existsSync(options.data)) stop(`${options.data} is not there.`)
const directory = options.data
const wanted = options.datasets?.split(',')
const names = datasetNames(directory).filter((name) => !wanted || wanted.includes(name))
const without = new Set(options.without.split(',').filter((name) => name !== '') as Lever[])
for (const name of without) {
  if (!LEVERS.includes(name)) stop(`There is no lever ${name}: ${LEVERS.join(', ')}.`)
}
const storeName = STORES.find((name) => name === options.store)
if (storeName === undefined && options.store !== 'nearest') {
  stop(`--store is ${STORES.join(', ')} or nearest, not ${options.store}.`)
}
const models = await openModels({
  embedder: options.embedder,
  modelDir: options['model-dir'],
  runtimeDir: options['runtime-dir'],
  cacheDir: options.cache,
})

console.log(
  `Store ${options.store}, embedder ${options.embedder}${without.size > 0 ? `, without ${[...without].join(', ')}` : ''}\n`,
)
const measured: Measured[] = []
const successorRows: string[][] = []
const leverRows = new Map<Lever, string[]>()
for (const name of names) {
  const dataset = readDataset(directory, name)
  const subject = storeName
    ? await storeDataset(dataset, models, storeName)
    : await nearestTurns(dataset, models)
  measured.push(await measure(dataset, subject))
  if (name.startsWith('beam-')) successorRows.push(...(await measureSuccessors(dataset, subject)))
  if (options.levers) await measureLevers(subject, measured.at(-1)!, models)
  await subject.close()
}
console.log(`${rankingTable(measured)}\n`)
console.log(`${cutTable(measured)}\n`)
console.log(`${calibrationTable(measured)}\n`)
if (successorRows.length > 0) console.log(`${table(SUCCESSOR_HEAD, successorRows)}\n`)
if (options.levers) {
  const rows = [...leverRows].map(([lever, cells]) => [lever, ...cells])
  console.log(table(['gain of a lever: recall@10, F1 at the cut', ...names], rows))
}
if (options.svg !== undefined) {
  const curve = calibrationCurve(measured.flatMap(({ bare }) => bare))
  writeFileSync(options.svg, calibrationSvg(curve))
}

async function measure(dataset: Dataset, subject: Subject): Promise<Measured> {
  const isShared = dataset.conversations.length > 2
  const bare = await subject.ask({ without, limit: DEPTH, scoreThreshold: 0 })
  const cut = await subject.ask({ without, limit: CUT_LIMIT })
  // Two conversations of one person, as in a set of translations, are no strangers to each other.
  const strangers = isShared
    ? await subject.ask({ without, limit: CUT_LIMIT, ofStranger: true })
    : []
  return { dataset: dataset.name, bare, cut, strangers }
}

async function measureSuccessors(dataset: Dataset, subject: Subject): Promise<string[][]> {
  const times = new Map(
    dataset.conversations.flatMap(({ conversation_id, turns }) =>
      turns.map(({ id, ts }) => [`${conversation_id} ${id}`, Date.parse(ts)] as const),
    ),
  )
  const round = { limit: CUT_LIMIT }
  const withRule = await subject.ask({ ...round, without })
  const withoutRule = await subject.ask({ ...round, without: new Set([...without, 'successors']) })
  return successorTable(
    dataset.name,
    withRule,
    withoutRule,
    ({ question }: Answered, turn: string) => times.get(`${question.conversation_id} ${turn}`) ?? 0,
  )
}

async function measureLevers(subject: Subject, { bare, cut }: Measured, { embedder }: EvalModels) {
  for (const lever of LEVERS) {
    // Recency is off by default, so there is nothing to switch off.
    if (without.has(lever) || lever === 'recency' || (lever === 'dense' && !embedder)) continue
    const less = new Set([...without, lever])
    const bareLess = await subject.ask({ without: less, limit: DEPTH, scoreThreshold: 0 })
    const cutLess = await subject.ask({ without: less, limit: CUT_LIMIT })
    const at10 = (answers: readonly Answered[]) =>
      mean(answers.map((answer) => recallAt(10, answer)))
    const recallGain = at10(bare) - at10(bareLess)
    const f1Gain = mean(cut.map(f1Of)) - mean(cutLess.map(f1Of))
    const cell = `${signed(recallGain)}, ${signed(f1Gain)}`
    leverRows.set(lever, [...(leverRows.get(lever) ?? []), cell])
  }
}

function signed(value: number): string {
  return `${value < 0 ? '' : '+'}${share(value)}`
}

function stop(reason: string): never {
  console.error(reason)
  process.exit(1)
}

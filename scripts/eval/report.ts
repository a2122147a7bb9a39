import type { Answered } from './ask.ts'
import {
  calibrationCurve,
  calibrationError,
  f1Of,
  halfWidth,
  mean,
  precisionOf,
  recallAt,
  type CalibrationBin,
} from './measures.ts'

/** Of one dataset: the bare ranking, what the default cut leaves, and what it leaves of strangers' questions. */
export interface Measured {
  readonly dataset: string
  readonly bare: readonly Answered[]
  readonly cut: readonly Answered[]
  readonly strangers: readonly Answered[]
}

const CHARACTERS_A_TOKEN = 4

export function rankingTable(all: readonly Measured[]): string {
  return table(
    ['recall, threshold 0', 'questions', '@5', '@10', '@20'],
    all.map(({ dataset, bare }) => [
      dataset,
      String(bare.length),
      ...[5, 10, 20].map((k) => withInterval(bare.map((answer) => recallAt(k, answer)))),
    ]),
  )
}

export function cutTable(all: readonly Measured[]): string {
  const head = [
    'default cut',
    'precision',
    'recall',
    'F1',
    'memories',
    'tokens',
    'empty',
    'strangers empty',
  ]
  return table(
    head,
    all.map(({ dataset, cut, strangers }) => [
      dataset,
      share(mean(cut.map(precisionOf))),
      share(mean(cut.map((answer) => recallAt(Infinity, answer)))),
      withInterval(cut.map(f1Of)),
      mean(cut.map(({ results }) => results.length)).toFixed(2),
      mean(cut.map(tokensOf)).toFixed(0),
      share(emptiness(cut)),
      strangers.length === 0 ? '' : withInterval(strangers.map(isEmpty)),
    ]),
  )
}

export function calibrationTable(all: readonly Measured[]): string {
  const row = (name: string, bare: readonly Answered[], cut: readonly Answered[]) => {
    const curve = calibrationCurve(bare)
    const errors = [curve, calibrationCurve(cut)].map(calibrationError).map(share)
    return [name, ...errors, ...curve.map(point)]
  }
  const head = [
    'score',
    'error, first 20',
    'error, cut',
    ...Array.from({ length: 10 }, (_, tenth) => `.${tenth}`),
  ]
  return table(head, [
    ...all.map(({ dataset, bare, cut }) => row(dataset, bare, cut)),
    row(
      '**all**',
      all.flatMap(({ bare }) => bare),
      all.flatMap(({ cut }) => cut),
    ),
  ])
}

/** The newest of the evidence is what holds now; the older rest is what it replaced. */
export function successorTable(
  name: string,
  withRule: readonly Answered[],
  withoutRule: readonly Answered[],
  timeOf: (answer: Answered, turn: string) => number,
): string[][] {
  const kinds = new Map<string, { before: Answered; after: Answered }[]>()
  for (const [at, after] of withRule.entries()) {
    const { category } = after.question
    const kind = /^(?:knowledge_update|contradiction_resolution)$/.test(category)
      ? category
      : 'others'
    kinds.set(kind, [...(kinds.get(kind) ?? []), { before: withoutRule[at]!, after }])
  }
  return [...kinds].map(([kind, pairs]) => {
    const changes = pairs.map(({ before, after }) => compare(before, after, timeOf))
    const count = (what: keyof Comparison) =>
      String(changes.filter((change) => change[what]).length)
    return [
      name,
      kind,
      String(pairs.length),
      count('fired'),
      `${count('ledBefore')} → ${count('leads')}`,
      count('helped'),
      count('hurt'),
      `${share(mean(pairs.map(({ before }) => f1Of(before))))} → ${share(mean(pairs.map(({ after }) => f1Of(after))))}`,
    ]
  })
}

export const SUCCESSOR_HEAD =
  'successors,questions of,count,fired,newest evidence leads,helped,hurt,F1'.split(',')

interface Comparison {
  readonly fired: boolean
  readonly ledBefore: boolean
  readonly leads: boolean
  readonly helped: boolean
  readonly hurt: boolean
}

function compare(
  before: Answered,
  after: Answered,
  timeOf: (answer: Answered, turn: string) => number,
): Comparison {
  const byTime = [...after.evidence].sort((a, b) => timeOf(after, b) - timeOf(after, a))
  const newest = byTime[0]!
  const place = ({ results }: Answered) => {
    const at = results.findIndex(({ turn }) => turn === newest)
    return at === -1 ? Infinity : at
  }
  /** It is there, and no older evidence before it. */
  const leads = (answer: Answered) =>
    place(answer) < Infinity &&
    answer.results.slice(0, place(answer)).every(({ turn }) => !answer.evidence.has(turn))
  const lost = recallAt(Infinity, after) < recallAt(Infinity, before)
  return {
    fired: after.results.some(({ supersededBy }) => supersededBy !== undefined),
    ledBefore: leads(before),
    leads: leads(after),
    helped: !lost && (place(after) < place(before) || (leads(after) && !leads(before))),
    hurt: lost || place(after) > place(before),
  }
}

/** A picture of the curve: what was said against what was right, a dot for each tenth, as large as it is full. */
export function calibrationSvg(curve: readonly CalibrationBin[]): string {
  const total = curve.reduce((sum, { count }) => sum + count, 0)
  const x = (value: number) => (40 + value * 320).toFixed(1)
  const y = (value: number) => (370 - value * 320).toFixed(1)
  const dots = curve
    .filter(({ count }) => count > 0)
    .map(({ meanScore, right, count }) => {
      const radius = (3 + 10 * Math.sqrt(count / total)).toFixed(1)
      return `<circle cx="${x(meanScore)}" cy="${y(right)}" r="${radius}" fill="#2563eb" fill-opacity=".7"/>`
    })
  const ticks = [0, 0.25, 0.5, 0.75, 1].map(
    (value) =>
      `<text x="${x(value)}" y="388" text-anchor="middle">${value}</text>` +
      `<text x="32" y="${y(value)}" text-anchor="end" dy=".35em">${value}</text>`,
  )
  return [
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 400 420" font-family="sans-serif" font-size="11">',
    '<title>Score of a memory against how often it was evidence</title>',
    '<rect width="400" height="420" fill="#fff"/>',
    `<path d="M${x(0)} ${y(1)}V${y(0)}H${x(1)}" fill="none" stroke="#6b7280"/>`,
    `<path d="M${x(0)} ${y(0)}L${x(1)} ${y(1)}" stroke="#9ca3af" stroke-dasharray="4 4"/>`,
    ...ticks,
    ...dots,
    '<text x="200" y="410" text-anchor="middle">score</text>',
    '<text x="12" y="24">share that was evidence</text>',
    '</svg>',
    '',
  ].join('\n')
}

export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n')
}

export function share(value: number): string {
  return value.toFixed(3).replace(/^(-?)0\./, '$1.')
}

function withInterval(values: readonly number[]): string {
  return `${share(mean(values))} ± ${share(halfWidth(values))}`
}

function point({ count, right }: CalibrationBin): string {
  return count === 0 ? '' : `${share(right)} (${count})`
}

function tokensOf({ results }: Answered): number {
  return results.reduce(
    (sum, { characters }) => sum + Math.ceil(characters / CHARACTERS_A_TOKEN),
    0,
  )
}

function isEmpty({ results }: Answered): number {
  return results.length === 0 ? 1 : 0
}

function emptiness(answers: readonly Answered[]): number {
  return mean(answers.map(isEmpty))
}

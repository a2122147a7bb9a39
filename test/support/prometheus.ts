/** Prometheus' text format, read strictly: what a scraper would refuse throws. */
export interface Scrape {
  readonly types: ReadonlyMap<string, string>
  readonly samples: readonly Sample[]
  /** The one sample of this name with these labels; undefined when there is none. */
  value(name: string, labels: Readonly<Record<string, string>>): number | undefined
}

export interface Sample {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

const TYPE = /^# TYPE ([a-zA-Z_:][a-zA-Z0-9_:]*) (counter|gauge|histogram|summary|untyped)$/
const SAMPLE =
  /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (NaN|[+-]?(?:Inf|\d+(?:\.\d+)?(?:e[+-]?\d+)?))$/
const LABEL = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"(?:,|$)/y

export function parsePrometheus(text: string): Scrape {
  if (!text.endsWith('\n')) throw new Error('The last line does not end.')
  const types = new Map<string, string>()
  const samples: Sample[] = []
  let family = ''
  for (const line of text.slice(0, -1).split('\n')) {
    const [, typed, type] = TYPE.exec(line) ?? []
    if (typed !== undefined && type !== undefined) {
      if (types.has(typed)) throw new Error(`${typed} stands twice.`)
      types.set(typed, type)
      family = typed
      continue
    }
    const [, name, labels, value] = SAMPLE.exec(line) ?? []
    if (name === undefined || value === undefined) throw new Error(`This is no sample: ${line}`)
    const suffix = types.get(family) === 'histogram' ? /_(bucket|sum|count)$/ : /$/
    if (name.replace(suffix, '') !== family) throw new Error(`${name} stands among ${family}.`)
    samples.push({ name, labels: parseLabels(labels ?? '', line), value: Number(value) })
  }
  return {
    types,
    samples,
    value: (name, labels) =>
      samples.find((sample) => sample.name === name && isSame(sample.labels, labels))?.value,
  }
}

function parseLabels(text: string, line: string): Record<string, string> {
  const labels: Record<string, string> = {}
  LABEL.lastIndex = 0
  while (LABEL.lastIndex < text.length) {
    const [, name, value] = LABEL.exec(text) ?? []
    if (name === undefined || value === undefined) throw new Error(`These are no labels: ${line}`)
    labels[name] = value
  }
  return labels
}

const isSame = (a: Readonly<Record<string, string>>, b: Readonly<Record<string, string>>) =>
  Object.keys(a).length === Object.keys(b).length &&
  Object.entries(a).every(([name, value]) => b[name] === value)

import type { EmfOutput } from '@aws-lambda-powertools/metrics/types'

/** Upper bounds in seconds: from a warm recall to a slow model. */
const BUCKETS_SECONDS = [
  0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60,
]

interface Series {
  sum: number
  count: number
  readonly buckets: number[]
}

interface Family {
  readonly type: 'counter' | 'histogram' | 'gauge'
  readonly series: Map<string, Series>
}

/**
 * CloudWatch makes metrics of the functions' EMF; on a host this makes Prometheus text of the same. A `Count` is a
 * counter, `Milliseconds` a histogram in seconds, all else a gauge.
 */
export function createPrometheus() {
  const families = new Map<string, Family>()

  function seriesOf(name: string, type: Family['type'], labels: string): Series {
    const family = families.get(name) ?? { type, series: new Map<string, Series>() }
    families.set(name, family)
    const series = family.series.get(labels) ?? {
      sum: 0,
      count: 0,
      buckets: BUCKETS_SECONDS.map(() => 0),
    }
    family.series.set(labels, series)
    return series
  }

  function record(name: string, unit: string | undefined, labels: string, value: number): void {
    if (unit === 'Milliseconds') {
      const series = seriesOf(`${name}_seconds`, 'histogram', labels)
      const seconds = value / 1000
      series.sum += seconds
      series.count += 1
      BUCKETS_SECONDS.forEach((bound, index) => {
        if (seconds <= bound) series.buckets[index]! += 1
      })
    } else if (unit === 'Count') {
      seriesOf(`${name}_total`, 'counter', labels).sum += value
    } else {
      seriesOf(name, 'gauge', labels).sum = value
    }
  }

  return {
    consume(blob: EmfOutput): void {
      const values = blob as unknown as Record<string, string | number | number[]>
      for (const { Namespace, Dimensions, Metrics } of blob['_aws'].CloudWatchMetrics) {
        const labels = (Dimensions[0] ?? [])
          .map((dimension) => `${snakeCase(dimension)}="${escapeLabel(String(values[dimension]))}"`)
          .join(',')
        for (const { Name, Unit } of Metrics) {
          const name = `${snakeCase(Namespace)}_${snakeCase(Name)}`
          for (const value of [values[Name]].flat()) record(name, Unit, labels, Number(value))
        }
      }
    },
    /** The whole in Prometheus' text format 0.0.4. */
    scrape(): string {
      return [...families]
        .flatMap(([name, family]) => linesOf(name, family))
        .map((line) => `${line}\n`)
        .join('')
    },
  }
}

function linesOf(name: string, { type, series }: Family): string[] {
  const lines = [`# TYPE ${name} ${type}`]
  for (const [labels, { sum, count, buckets }] of series) {
    if (type !== 'histogram') {
      lines.push(`${name}{${labels}} ${sum}`)
      continue
    }
    BUCKETS_SECONDS.forEach((bound, index) => {
      lines.push(`${name}_bucket{${labels},le="${bound}"} ${buckets[index]}`)
    })
    lines.push(`${name}_bucket{${labels},le="+Inf"} ${count}`)
    lines.push(`${name}_sum{${labels}} ${sum}`, `${name}_count{${labels}} ${count}`)
  }
  return lines
}

const snakeCase = (name: string) =>
  name
    .replaceAll(/([a-z0-9])([A-Z])/g, '$1_$2')
    .replaceAll(/[^a-zA-Z0-9_]/g, '_')
    .toLowerCase()

const escapeLabel = (value: string) =>
  value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')

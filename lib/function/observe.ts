import { Logger } from '@aws-lambda-powertools/logger'
import { Metrics, MetricUnit } from '@aws-lambda-powertools/metrics'
import { processWide } from '../process.ts'

export { MetricUnit }
export type { Logger, Metrics }

/**
 * Logger and metrics of one function, made once. Both keep what belongs to a request in the InvokeStore, which a
 * host (and Lambda Managed Instances) sets up, so that calls side by side never borrow each other's keys.
 */
export function observe(name: string): { log: Logger; metrics: Metrics } {
  return {
    log: new Logger({ serviceName: 'ai-memory-layer' }),
    metrics: new SinkableMetrics({ namespace: 'AiMemoryLayer', serviceName: name }),
  }
}

/** CloudWatch reads metrics from stdout; a host leaves a sink and reads them there. */
class SinkableMetrics extends Metrics {
  override publishStoredMetrics(): this {
    const sink = processWide('emfSink')
    if (sink && this.hasStoredMetrics()) sink(this.serializeMetrics())
    return super.publishStoredMetrics()
  }
}

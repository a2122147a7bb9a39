/** The process itself, in Prometheus' usual names: what `npm run bench` and an operator's dashboard read. */
export function processMetrics(): string {
  const { user, system } = process.cpuUsage()
  const { rss, heapUsed } = process.memoryUsage()
  const lines: [name: string, type: 'counter' | 'gauge', value: number][] = [
    ['process_cpu_seconds_total', 'counter', (user + system) / 1e6],
    ['process_resident_memory_bytes', 'gauge', rss],
    ['nodejs_heap_size_used_bytes', 'gauge', heapUsed],
    ['process_uptime_seconds', 'gauge', process.uptime()],
  ]
  return lines.map(([name, type, value]) => `# TYPE ${name} ${type}\n${name} ${value}\n`).join('')
}

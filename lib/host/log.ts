/** The host's own lines, in the form of the functions' lines: one JSON object a line on stdout. */
export type HostLog = (
  level: 'INFO' | 'WARN' | 'ERROR',
  message: string,
  keys?: Record<string, unknown>,
) => void

export function createHostLog(write: (line: string) => void, now: () => Date): HostLog {
  return (level, message, keys = {}) => {
    const line = {
      timestamp: now().toISOString(),
      level,
      message,
      service: 'ai-memory-layer',
      function_name: 'host',
      ...keys,
    }
    write(`${JSON.stringify(line)}\n`)
  }
}

import { isOutage, type UpstreamFault } from './fault.ts'

export interface UpstreamStatus {
  /** `degraded`: the last call failed; `error`: several did, or our credentials or credit are refused. */
  readonly status: 'ok' | 'degraded' | 'error'
  /** Ours: codes and figures, no text of anybody. */
  readonly detail?: string
}

/** How an upstream has done of late, from the calls that were made anyway. */
export interface Standing {
  succeeded(): void
  failed(fault: UpstreamFault): void
  /** What a free probe showed: that it can be reached says nothing of credentials or credit. */
  probed(fault?: UpstreamFault): void
  status(): UpstreamStatus
  /** Since the last sign of any kind; Infinity before the first. */
  ageMs(): number
}

/** As many as open the circuit. */
export const FAILURES_UNTIL_ERROR = 5

export function createStanding(nowMs: () => number): Standing {
  let failures = 0
  let last: UpstreamFault | undefined
  let seenAtMs = -Infinity

  function failed(fault: UpstreamFault) {
    seenAtMs = nowMs()
    failures += 1
    last = fault
  }
  function succeeded() {
    seenAtMs = nowMs()
    failures = 0
    last = undefined
  }

  return {
    failed,
    succeeded,
    probed(fault) {
      if (fault) failed(fault)
      else if (!last || isOutage(last)) succeeded()
      else seenAtMs = nowMs()
    },
    status() {
      if (!last) return { status: 'ok' }
      const isLasting = isRefusal(last) || failures >= FAILURES_UNTIL_ERROR
      return { status: isLasting ? 'error' : 'degraded', detail: last.message }
    },
    ageMs: () => nowMs() - seenAtMs,
  }
}

const isRefusal = ({ statusCode }: UpstreamFault) =>
  statusCode !== undefined && [401, 402, 403].includes(statusCode)

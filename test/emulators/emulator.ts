import type { Violation } from './contract.ts'
import type { Fault, FaultOptions, Match, ScriptedFault } from './faults.ts'
import type { ReceivedRequest } from './received.ts'

/** What both emulators can do. */
export interface Emulator extends AsyncDisposable {
  /** Every request that came in, oldest first, as far as `keepRequests` goes. */
  readonly received: readonly ReceivedRequest[]
  /** Exchanges that broke the vendor's contract; see `assertContract`. */
  readonly violations: readonly Violation[]
  /** Hands over the violations and forgets them: for a test that causes some on purpose. */
  takeViolations(): Violation[]
  /** The requests to a path (`POST /query`, `/query`, a pattern, a condition), oldest first. */
  requests(match: Match): ReceivedRequest[]
  /** Lets something go wrong for matching requests. */
  fail(match: Match, fault: Fault, options?: FaultOptions): ScriptedFault
  /** Cancels every scripted fault that was not met. */
  clearFaults(): void
  /** How many connections were opened to it so far. */
  connections(): number
  /** Cuts all connections and refuses new ones; what is stored stays. */
  goDown(): Promise<void>
  /** Listens again, on the same ports. */
  comeBack(): Promise<void>
  close(): Promise<void>
}

export interface EmulatorOptions {
  /** False spends no time on the contract. Default true. */
  readonly validate?: boolean
  /** Every answer is so late. Default 0. */
  readonly latencyMs?: number
  /** So many requests are kept in `received`, the newest. Default 10,000. */
  readonly keepRequests?: number
  /** Milliseconds since 1970; default `Date.now`. Delays of answers run on real timers all the same. */
  readonly now?: () => number
  /** Called once each request is over, answered or not. */
  readonly onExchange?: (request: ReceivedRequest) => void
}

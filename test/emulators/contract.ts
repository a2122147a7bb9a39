import type { ReceivedRequest } from './received.ts'

/** What a vendor has published of its service. */
export interface Contract {
  /** What is wrong with the request; empty when nothing is. */
  request(request: ReceivedRequest): string[]
  /** What is wrong with the answer to it. */
  response(request: ReceivedRequest, answer: Answer): string[]
}

export interface Answer {
  readonly status: number
  /** Lower case, without parameters; undefined where there is no body. */
  readonly contentType: string | undefined
  readonly body: string
  /** False when the client left before a streamed answer was over: what is missing is then no fault. */
  readonly whole: boolean
}

/** An exchange that the vendor's contract does not allow. */
export interface Violation {
  readonly side: 'request' | 'response'
  readonly problem: string
  readonly request: ReceivedRequest
}

/**
 * Throws when an exchange broke a contract, naming each. For `afterEach`; an emulator that is held by
 * `await using` is asserted when it goes. A test that breaks the contract on purpose takes what it
 * caused with `emulator.takeViolations()`.
 */
export function assertContract(...emulators: readonly { violations: readonly Violation[] }[]) {
  const violations = emulators.flatMap((emulator) => emulator.violations)
  if (violations.length === 0) return
  const shown = violations.slice(0, 20).map(describe)
  throw new ContractError(
    `${violations.length} breaches of the vendor's contract:\n${shown.join('\n')}`,
  )
}

export class ContractError extends Error {
  override readonly name = 'ContractError'
}

/** A contract takes a while to read: once per process, and not before somebody asks. */
export function lazily<Value>(make: () => Value): () => Value {
  let made: { value: Value } | undefined
  return () => (made ??= { value: make() }).value
}

const describe = ({ side, problem, request }: Violation) =>
  `- ${side} of ${request.method} ${request.url} (${request.status ?? 'unanswered'}): ${problem}`

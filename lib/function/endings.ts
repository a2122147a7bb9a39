import { isProblem, Problem } from '../errors.ts'

/** How a call can end other than by its answer. */

const HANG_UP = 'HangUp'
export const callerWentAway = () => new DOMException('The caller went away.', HANG_UP)
export const isHangUp = (signal: AbortSignal) =>
  signal.aborted && (signal.reason as Error | undefined)?.name === HANG_UP

export const deadlinePassed = () =>
  new Problem(504, 'Deadline passed', 'This took too long and was given up. Try again.')

export const methodNotAllowed = (allow: readonly string[]) =>
  new Problem(405, 'Method not allowed', `This address answers ${allow.join(', ')}.`, {
    headers: { allow: allow.join(', ') },
  })

/** An error nobody foresaw: logged whole by its request id, told to nobody. */
export function unexpected(error: unknown, signal: AbortSignal): Problem {
  if (isProblem(signal.reason) && (error === signal.reason || isAbort(error))) return signal.reason
  return new Problem(
    500,
    'Internal error',
    'Something went wrong on our side. It is logged under this request id.',
  )
}

const isAbort = (error: unknown) => (error as Error | undefined)?.name === 'AbortError'

import * as fc from 'fast-check'

/** What breaks a property, with the example and the seed that show it; undefined where it holds. */
export function faultIn<T>(property: fc.IProperty<T>, numRuns = 100): string | undefined {
  // As found: making the example smaller takes seconds, and every suite has a run that must fail.
  const details = fc.check(property, { numRuns, endOnFailure: true })
  if (!details.failed) return undefined
  const { counterexample, errorInstance, seed } = details
  return `${fc.stringify(counterexample)} (seed ${seed}): ${String(errorInstance)}`
}

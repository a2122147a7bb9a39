import { expect } from 'vitest'
import type { Answer, ProblemBody } from './api.ts'

/** Checks that an answer is a problem of this status, whole and in its form, and hands back its faults. */
export function faultsOf(answer: Answer<unknown>, status: number): Record<string, string> {
  const problem = problemOf(answer, status)
  const faults = problem.errors ?? []
  const byPath = Object.fromEntries(faults.map(({ path, message }) => [path, message]))
  expect(Object.keys(byPath), 'one fault a member').toHaveLength(faults.length)
  return byPath
}

export function problemOf({ status: got, headers, body }: Answer<unknown>, status: number) {
  expect({ status: got, body }).toMatchObject({ status })
  expect(headers.get('content-type')).toBe('application/problem+json')
  const problem = body as ProblemBody
  expect(problem).toMatchObject({
    type: expect.stringMatching(/./) as string,
    title: expect.stringMatching(/^[A-Z]/) as string,
    status,
    detail: expect.stringMatching(/^[A-Z0-9].*\.$/s) as string,
    request_id: headers.get('x-request-id'),
  })
  return problem
}

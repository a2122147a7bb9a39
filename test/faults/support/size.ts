import { inject, vi } from 'vitest'

declare module 'vitest' {
  interface ProvidedContext {
    /** `full` in `npm run test:faults`; not given in `npm test`. */
    size: 'full'
  }
}

export const isFull = (inject('size') as string | undefined) === 'full'

// These suites start many processes: on a machine that others use too they take many times as long.
if (!isFull) vi.setConfig({ testTimeout: 120_000 })

/** How much of a fault a run tries. */
export const sized = <T>(sizes: { readonly small: T; readonly full: T }): T =>
  isFull ? sizes.full : sizes.small

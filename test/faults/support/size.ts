import { inject } from 'vitest'

declare module 'vitest' {
  interface ProvidedContext {
    /** `full` in `npm run test:faults`; not given in `npm test`. */
    size: 'full'
  }
}

export const isFull = (inject('size') as string | undefined) === 'full'

/** How much of a fault a run tries. */
export const sized = <T>(sizes: { readonly small: T; readonly full: T }): T =>
  isFull ? sizes.full : sizes.small

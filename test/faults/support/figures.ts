import { appendFileSync } from 'node:fs'
import { inject } from 'vitest'
import { isFull } from './size.ts'

declare module 'vitest' {
  interface ProvidedContext {
    /** Where the suites of a full run leave their figures. */
    figuresFile: string
  }
}

/** What one suite found: a section of docs/faults.md. */
export interface Figures {
  readonly suite: string
  /** What was varied. */
  readonly axes: string
  readonly rows: Readonly<Record<string, string | number>>
}

/** Prints what a suite found; in a full run it comes into docs/faults.md as well. */
export function report(figures: Figures): void {
  const rows = Object.entries(figures.rows).map(([name, value]) => `  ${name}: ${value}`)
  process.stdout.write(`\n${figures.suite} (${figures.axes})\n${rows.join('\n')}\n`)
  if (isFull) appendFileSync(inject('figuresFile'), `${JSON.stringify(figures)}\n`)
}

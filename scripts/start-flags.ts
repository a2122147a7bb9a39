import { readFileSync } from 'node:fs'

/** What `npm start` gives Node beside its program: whoever measures the product starts it with the same. */
export function startFlags(): string[] {
  const { scripts } = JSON.parse(readFileSync('package.json', 'utf8')) as {
    scripts: { start: string }
  }
  return [...scripts.start.matchAll(/ (--[\w-]+=\d+)(?= )/g)].map(([, flag]) => flag!)
}

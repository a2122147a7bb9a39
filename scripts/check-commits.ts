import { text } from 'node:stream/consumers'
import { faultOf } from './commits/conventional.ts'

/**
 * Checks subjects of commits, one a line: `git log --format=%s main.. | node scripts/check-commits.ts`. Exit code 1, and
 * what is wrong with each, when one is not as www.conventionalcommits.org says.
 */

const subjects = (await text(process.stdin)).split('\n').filter((line) => line !== '')
const faults = subjects.flatMap((subject) => {
  const fault = faultOf(subject)
  return fault === undefined ? [] : [`${subject}\n  ${fault}`]
})
for (const fault of faults) console.error(fault)
console.log(`${subjects.length - faults.length} of ${subjects.length} are conventional commits.`)
process.exit(faults.length === 0 && subjects.length > 0 ? 0 : 1)

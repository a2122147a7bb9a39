/** What a commit may be. Source: www.conventionalcommits.org 1.0.0, with the types that Angular's convention made usual. */
const TYPES = 'feat fix perf refactor test docs build ci chore revert style'.split(' ')

const SUBJECT = /^([a-z]+)(\([a-z0-9/-]+\))?!?: (.+)$/
const MAX_CHARACTERS = 120

/** What is wrong with the subject of a commit, and what is allowed; undefined where nothing is. */
export function faultOf(subject: string): string | undefined {
  const [, type, , description] = SUBJECT.exec(subject) ?? []
  if (type === undefined || description === undefined) {
    return 'Write “type: what changed” or “type(scope): what changed”, with ! before the colon where it breaks something.'
  }
  if (!TYPES.includes(type)) return `“${type}” is none of ${TYPES.join(', ')}.`
  if (description.endsWith('.')) return 'End it without a full stop.'
  if (description.trim() !== description) return 'Leave out the spaces at its ends.'
  if (subject.length > MAX_CHARACTERS) {
    return `It has ${subject.length} characters; ${MAX_CHARACTERS} are allowed.`
  }
  return undefined
}

import * as z from 'zod'

/** Pieces of requests that several functions take, with the bounds that callers rely on. */

export const userIdPattern = /^[A-Za-z0-9][A-Za-z0-9._@-]{0,63}$/
export const USER_ID_RULE =
  'A user id has 1 to 64 of the characters A-Z a-z 0-9 . _ @ - and begins with a letter or digit.'

export const UserIdText = z.string().regex(userIdPattern, USER_ID_RULE)

export const ConversationIdText = z
  .string()
  .regex(
    /^[A-Za-z0-9_-]{1,64}$/,
    'A conversation id has 1 to 64 of the characters A-Z a-z 0-9 _ -.',
  )

export const MessageIdText = z
  .string()
  .regex(/^[A-Za-z0-9_-]{8,64}$/, 'A message id has 8 to 64 of the characters A-Z a-z 0-9 _ -.')

/** The longest memory: a long article, stored whole and searched by its passages. */
export const TEXT_CHARACTERS = 32_000

/** Text of `min` to `max` characters, counted as Unicode code points, that can be stored and sent as UTF-8. */
export const text = (min: number, max: number) =>
  z.string().superRefine(checkText(min, max)).meta({ minLength: min, maxLength: max })

/** The same after trimming. */
export const trimmedText = (min: number, max: number) =>
  z
    .string()
    .trim()
    .superRefine(checkText(min, max))
    .meta({ minLength: min, maxLength: max, description: 'Counted once it is trimmed.' })

export const Tags = z
  .array(text(1, 64), { error: 'Tags are a list of at most 16 texts of 1 to 64 characters.' })
  .max(16, 'There may be at most 16 tags.')

export const TopK = z
  .int('top_k is a whole number from 0 to 50.')
  .min(0, 'top_k is at least 0.')
  .max(50, 'top_k is at most 50.')

export const ScoreThreshold = z
  .number('score_threshold is a number from 0 to 1.')
  .min(0, 'score_threshold is at least 0.')
  .max(1, 'score_threshold is at most 1.')

export const Limit = z.coerce
  .number('limit is a whole number from 1 to 200.')
  .int('limit is a whole number from 1 to 200.')
  .min(1, 'limit is at least 1.')
  .max(200, 'limit is at most 200.')
  .default(50)

const DAY_MS = 24 * 60 * 60 * 1000

/** An instant with its offset, not more than a day ahead (clocks differ, the future does not). */
export const Timestamp = z.iso
  .datetime({
    offset: true,
    abort: true,
    error: 'ts is an ISO 8601 time with its offset, such as 2026-05-04T12:00:00Z.',
  })
  .refine((value) => Date.parse(value) <= Date.now() + DAY_MS, 'ts is more than a day ahead.')
  .refine((value) => Date.parse(value) >= 0, 'ts is before 1970.')

export const RoleText = z.enum(['user', 'assistant'], 'role is user or assistant.')

/** The first violation alone: one fault a member is enough to mend it. */
function checkText(min: number, max: number) {
  return (value: string, context: z.RefinementCtx) => {
    const message = textFault(value, min, max)
    if (message) context.addIssue({ code: 'custom', message })
  }
}

function textFault(value: string, min: number, max: number): string | undefined {
  if (value.includes('\0')) return 'The character NUL is not allowed.'
  if (!value.isWellFormed()) return 'Half of a surrogate pair is no character.'
  // Code units are at least as many as characters: short texts need no counting.
  const characters =
    value.length <= max && value.length >= 2 * min ? value.length : Array.from(value).length
  if (characters >= min && characters <= max) return undefined
  return `This has ${characters} characters; ${min} to ${max.toLocaleString('en')} are allowed.`
}

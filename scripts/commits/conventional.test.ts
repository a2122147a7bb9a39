import { describe, expect, it } from 'vitest'
import { faultOf } from './conventional.ts'

describe('the subject of a commit', () => {
  it.each([
    'feat: memories can be pinned',
    'fix(page): nothing comes back of what was deleted',
    'feat(api)!: user_id is needed',
    'build: bump the development group across 2 directories with 3 updates',
  ])('may be: %s', (subject) => {
    expect(faultOf(subject)).toBeUndefined()
  })

  it.each([
    ['Update README', 'Write “type: what changed”'],
    ['feat:no space', 'Write “type: what changed”'],
    ['Feat: a capital', 'Write “type: what changed”'],
    ['feature: another type', '“feature” is none of feat, fix'],
    ['fix: ends with a stop.', 'without a full stop'],
    ['fix: ends with a space ', 'spaces'],
    [`docs: ${'long '.repeat(30)}text`, 'characters; 120 are allowed'],
    ['Merge branch main into topic', 'Write “type: what changed”'],
  ])('may not be: %s', (subject, fault) => {
    expect(faultOf(subject)).toContain(fault)
  })
})

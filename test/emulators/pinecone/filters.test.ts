import { describe, expect, it } from 'vitest'
import { compileFilter } from './filters.ts'

const records = {
  tea: { text: 'tea', n: 1, hot: true, tags: ['drink', 'leaf'] },
  milk: { text: 'milk', n: 2, hot: false, tags: ['drink'] },
  bare: {},
}

const passing = (filter: unknown) => {
  const matches = compileFilter(filter)
  const all = Object.entries(records)
  return all.filter(([, metadata]) => matches(metadata)).map(([name]) => name)
}

describe('filters of Pinecone', () => {
  it.each<[filter: object, names: string[]]>([
    [{ text: 'tea' }, ['tea']],
    [{ text: { $eq: 'tea' } }, ['tea']],
    [{ text: { $ne: 'tea' } }, ['milk']],
    [{ n: { $gt: 1 } }, ['milk']],
    [{ n: { $gte: 1 } }, ['tea', 'milk']],
    [{ n: { $lt: 2 } }, ['tea']],
    [{ n: { $lte: 2 } }, ['tea', 'milk']],
    [{ n: { $gt: 0, $lt: 2 } }, ['tea']],
    [{ text: { $in: ['tea', 'water'] } }, ['tea']],
    [{ text: { $nin: ['tea', 'water'] } }, ['milk']],
    [{ tags: 'leaf' }, ['tea']],
    [{ tags: { $in: ['leaf', 'other'] } }, ['tea']],
    [{ tags: { $nin: ['leaf'] } }, ['milk']],
    [{ tags: { $ne: 'leaf' } }, ['milk']],
    [{ hot: false }, ['milk']],
    [{ hot: { $exists: true } }, ['tea', 'milk']],
    [{ hot: { $exists: false } }, ['bare']],
    [{ text: 'tea', n: 2 }, []],
    [{ $and: [{ tags: 'drink' }, { n: 2 }] }, ['milk']],
    [{ $or: [{ n: 1 }, { hot: { $exists: false } }] }, ['tea', 'bare']],
    [{ tags: 'drink', $or: [{ n: 2 }, { n: 3 }] }, ['milk']],
    [{ n: '1' }, []],
    [{ text: { $eq: 1 } }, []],
    [{}, ['tea', 'milk', 'bare']],
  ])('%j lets %j through', (filter, names) => {
    expect(passing(filter)).toEqual(names)
  })

  it.each<[filter: unknown]>([
    [{ $not: [] }],
    [{ $and: [] }],
    [{ $or: { n: 1 } }],
    [{ n: {} }],
    [{ n: { $like: 1 } }],
    [{ n: { $gt: '1' } }],
    [{ n: { $in: 1 } }],
    [{ n: { $exists: 1 } }],
    [{ n: null }],
    [{ n: ['a'] }],
    [['n']],
    ['n'],
  ])('refuses %j', (filter) => {
    expect(() => compileFilter(filter)).toThrow('400')
  })
})

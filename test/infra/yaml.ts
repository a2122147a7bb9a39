import { readFile } from 'node:fs/promises'
import { parse, type ScalarTag, type Tags } from 'yaml'

/** CloudFormation's short forms, as what they are short for: `!Ref X` reads as `{ Ref: 'X' }`. */
const FUNCTIONS =
  'And Base64 Condition Equals FindInMap GetAtt GetAZs If Join Not Or Ref Select Split Sub'.split(
    ' ',
  )
const long = (name: string) => (['Ref', 'Condition'].includes(name) ? name : `Fn::${name}`)
const tags = FUNCTIONS.flatMap((name) => [
  { tag: `!${name}`, resolve: (text: string) => ({ [long(name)]: text }) } satisfies ScalarTag,
  ...(['seq', 'map'] as const).map((collection) => ({
    tag: `!${name}`,
    collection,
    resolve: (node: { toJSON(): unknown }) => ({ [long(name)]: node.toJSON() }),
  })),
]) as Tags

export async function readYaml<T>(path: string): Promise<T> {
  return parse(await readFile(path, 'utf8'), { customTags: tags }) as T
}

/** Every object in a tree, itself among them, with the way that leads there. */
export function* objectsIn(tree: unknown, way = ''): Generator<[string, Record<string, unknown>]> {
  if (typeof tree !== 'object' || tree === null) return
  if (!Array.isArray(tree)) yield [way, tree as Record<string, unknown>]
  for (const [key, value] of Object.entries(tree)) yield* objectsIn(value, `${way}/${key}`)
}

import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { expect, it } from 'vitest'
import { temporaryFolder } from '../../../test/support/temporary-folder.ts'
import { openHostFile } from './host-file.ts'

it.each([
  ['of an older release', 'PRAGMA user_version = 1001', /has schema 1, and .* reads 2\. Start the/],
  ['of a newer release', 'PRAGMA user_version = 3001', /has schema 3, and .* reads 2\. Start the/],
  ['of another program', 'PRAGMA application_id = 7', /is a database of another program/],
])('a file %s is refused with its remedy, not a byte changed', async (_, made, told) => {
  await using folder = await temporaryFolder()
  const file = join(folder.path, 'pinecone.db')
  openHostFile(file).close()
  const other = new DatabaseSync(file)
  other.exec(made)
  other.close()
  const before = await readFile(file)
  expect(() => openHostFile(file)).toThrow(told)
  expect(await readFile(file)).toEqual(before)
})

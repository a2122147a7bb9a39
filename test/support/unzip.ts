import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { crc32, inflateRawSync } from 'node:zlib'

/** Unpacks a ZIP archive by its directory, as others do, and checks what it unpacks. */
export async function unzip(archive: Buffer, to: string): Promise<string[]> {
  const end = archive.lastIndexOf('PK\x05\x06')
  if (end < 0) throw new Error('This is no ZIP archive.')
  let at = archive.readUInt32LE(end + 16)
  const paths: string[] = []
  for (let left = archive.readUInt16LE(end + 10); left > 0; left--) {
    const [sum, packed, size] = [16, 20, 24].map((field) => archive.readUInt32LE(at + field))
    const [name, extra, comment] = [28, 30, 32].map((field) => archive.readUInt16LE(at + field))
    const path = archive.toString('utf8', at + 46, at + 46 + name!)
    const file = archive.readUInt32LE(at + 42)
    const begin = file + 30 + archive.readUInt16LE(file + 26) + archive.readUInt16LE(file + 28)
    const bytes = inflateRawSync(archive.subarray(begin, begin + packed!))
    if (bytes.length !== size || crc32(bytes) !== sum) throw new Error(`${path} is damaged.`)
    await mkdir(dirname(join(to, path)), { recursive: true })
    await writeFile(join(to, path), bytes)
    paths.push(path)
    at += 46 + name! + extra! + comment!
  }
  return paths
}

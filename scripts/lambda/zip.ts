import { crc32, deflateRawSync } from 'node:zlib'

export interface Entry {
  /** With `/` between folders, relative. */
  readonly path: string
  readonly bytes: Uint8Array
}

/** 1980-01-01, the first day that the format knows: the same files make the same archive. */
const DOS_DATE = 0x21
const VERSION = 20
const UTF8_NAMES = 0x800
const DEFLATED = 8
/** Readable by all and writable by none: Lambda runs a function as another user. */
const UNIX_MODE = 0o100444
const MADE_ON_UNIX = 3 << 8

/** A ZIP archive of these files, below 4 GiB in all. Source: PKWARE, APPNOTE.TXT 6.3.10, sections 4.3 and 4.4 */
export function zip(entries: readonly Entry[]): Buffer {
  const files: Buffer[] = []
  const directory: Buffer[] = []
  let offset = 0
  for (const { path, bytes } of entries) {
    const name = Buffer.from(path)
    const packed = deflateRawSync(bytes, { level: 9 })
    const shared = Buffer.alloc(26)
    shared.writeUInt16LE(VERSION, 0)
    shared.writeUInt16LE(UTF8_NAMES, 2)
    shared.writeUInt16LE(DEFLATED, 4)
    shared.writeUInt16LE(DOS_DATE, 8)
    shared.writeUInt32LE(crc32(bytes), 10)
    shared.writeUInt32LE(packed.length, 14)
    shared.writeUInt32LE(bytes.length, 18)
    shared.writeUInt16LE(name.length, 22)
    const file = Buffer.concat([Buffer.from('PK\x03\x04'), shared, name, packed])

    const more = Buffer.alloc(14)
    more.writeUInt32LE((UNIX_MODE << 16) >>> 0, 6)
    more.writeUInt32LE(offset, 10)
    const madeBy = Buffer.alloc(2)
    madeBy.writeUInt16LE(MADE_ON_UNIX | VERSION)
    directory.push(Buffer.concat([Buffer.from('PK\x01\x02'), madeBy, shared, more, name]))
    files.push(file)
    offset += file.length
  }
  const index = Buffer.concat(directory)
  const end = Buffer.alloc(18)
  end.writeUInt16LE(entries.length, 4)
  end.writeUInt16LE(entries.length, 6)
  end.writeUInt32LE(index.length, 8)
  end.writeUInt32LE(offset, 12)
  return Buffer.concat([...files, index, Buffer.from('PK\x05\x06'), end])
}

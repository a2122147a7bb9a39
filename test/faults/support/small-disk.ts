import { execFileSync } from 'node:child_process'
import {
  closeSync,
  fstatSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  rmSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import type { TestHost } from '../../support/host.ts'

/** In a name space of its own a process may mount what it likes, root or not; some systems forbid it. */
const OWN_MOUNTS = ['unshare', '--user', '--map-root-user', '--mount']

/** Why no disk of its own can be given to a process here; undefined where it can. */
export function whyNoOwnDisk(): string | undefined {
  try {
    const [command, ...args] = OWN_MOUNTS
    execFileSync(command!, [...args, 'true'], { stdio: 'ignore' })
    return undefined
  } catch {
    return 'this system lets nobody mount a disk of their own'
  }
}

/** What runs a host with a small disk in memory at `place`, seen by nobody else. */
export const onSmallDisk = (place: string, kib: number) => [
  ...OWN_MOUNTS,
  'sh',
  '-c',
  `mount -t tmpfs -o size=${kib}k tmpfs "$0" && exec "$@"`,
  place,
]

/** What runs a host that cannot write at `place`, whatever its rights. */
export const onReadOnlyDisk = (place: string) => [
  ...OWN_MOUNTS,
  'sh',
  '-c',
  'mount --bind "$0" "$0" && mount -o remount,bind,ro "$0" && exec "$@"',
  place,
]

/** What runs a host of which no file may grow beyond `kib`. */
export const withSmallFiles = (kib: number) => [
  'sh',
  '-c',
  // A block of the limit has 512 or 1,024 bytes, as the shell likes.
  `ulimit -f ${kib} && exec "$@"`,
  'sh',
]

/** Takes the room on the small disk of a host but for `leftKib`, and gives it back. */
export function fillDisk(host: TestHost, place: string, leftKib: number): { free(): void } {
  const inside = join(`/proc/${host.pid}/root`, place)
  const filler = join(inside, 'filler')
  mkdirSync(inside, { recursive: true })
  const opened = openSync(filler, 'w')
  const chunk = Buffer.alloc(4_096)
  while (hasRoom(opened, chunk));
  ftruncateSync(opened, fstatSync(opened).size - leftKib * 1_024)
  closeSync(opened)
  return { free: () => rmSync(filler) }
}

function hasRoom(file: number, chunk: Buffer): boolean {
  try {
    return writeSync(file, chunk) === chunk.length
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOSPC') return false
    throw error
  }
}

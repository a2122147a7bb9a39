import { closeSync, fsyncSync, mkdirSync, openSync, renameSync } from 'node:fs'
import { dirname } from 'node:path'

/** A file and the folder it was renamed in outlive a power cut only once both were synced. */
export function syncPath(path: string): void {
  const opened = openSync(path, 'r')
  try {
    fsyncSync(opened)
  } finally {
    closeSync(opened)
  }
}

/** Puts a finished file in its place: whoever looks sees what was there before, or all of the new. */
export function putInPlace(finished: string, place: string): void {
  syncPath(finished)
  renameSync(finished, place)
  syncPath(dirname(place))
}

/** An empty file that nobody else can read, in a folder of which that holds too when it is made here. */
export function makePrivateFile(file: string): void {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
  closeSync(openSync(file, 'wx', 0o600))
}

import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'

/** Whoever runs the tests may keep real memories in ./data: a run that touched it has failed. */
export default async function keepDataFolder(): Promise<() => Promise<void>> {
  const before = await listing('data')
  return async () => {
    const after = await listing('data')
    const touched = [...new Set([...before.keys(), ...after.keys()])].filter(
      (file) => before.get(file) !== after.get(file),
    )
    if (touched.length === 0) return
    throw new Error(
      `A test touched ./data (${touched.join(', ')}). Give what it starts a temporary DATA_DIR.`,
    )
  }
}

/** Every file and folder with its size and the time of its last change; empty where there is no such folder. */
async function listing(folder: string): Promise<Map<string, string>> {
  const names = await readdir(folder, { recursive: true }).catch(() => undefined)
  if (!names) return new Map()
  const paths = [folder, ...names.map((name) => join(folder, name))]
  return new Map(
    await Promise.all(
      paths.map(async (path) => {
        const { size, mtimeMs } = await stat(path)
        return [path, `${size} bytes, ${mtimeMs}`] as const
      }),
    ),
  )
}

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

/** Starts the built host once while the image is made, says a word to each function, and stops it in good order. */

const dataDir = await mkdtemp(join(tmpdir(), 'warm-'))
const host = spawn(process.execPath, [...process.execArgv, 'host.mjs'], {
  env: { ...process.env, HOST: '127.0.0.1', PORT: '0', DATA_DIR: dataDir },
  stdio: ['ignore', 'pipe', 'inherit'],
})
const ended = once(host, 'close')
const url = await new Promise((resolve, reject) => {
  createInterface(host.stdout).on('line', (text) => {
    console.log(text)
    const line = JSON.parse(text)
    if (line.message === 'ready') resolve(line.url)
  })
  ended.then(([code]) => reject(new Error(`The host ended with ${code} at its start.`)), reject)
})

const send = (body) => ({
  method: 'POST',
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify({ user_id: 'warm', ...body }),
})
const message = 'Are you there?'
const visits = [
  { path: '/' },
  { path: '/api/health' },
  { path: '/api/openapi.json' },
  { path: '/api/chat', init: send({ message }) },
  { path: '/api/chat', init: send({ message, stream: true }) },
  { path: '/api/ingest', init: send({ items: [{ text: message, role: 'user' }] }) },
  { path: '/api/memories/search', init: send({ query: message }) },
  { path: '/api/users/warm/export' },
  { path: '/api/users/warm', init: { method: 'DELETE' } },
]
for (const { path, init } of visits) {
  const response = await fetch(url + path, init)
  await response.text()
  if (!response.ok) throw new Error(`${path} answered ${response.status}.`)
}

host.kill('SIGTERM')
const [code] = await ended
await rm(dataDir, { recursive: true })
if (code !== 0) throw new Error(`The host ended with ${code} when it was asked to stop.`)

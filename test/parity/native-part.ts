import { registerHooks } from 'node:module'

/**
 * Loaded before AWS's runtime client: answers for its native part, which asks the Runtime API for the next event and
 * posts what is answered whole. The client's install would compile it; all else of the client runs as it is.
 */
const source = `
const base = 'http://' + process.env.AWS_LAMBDA_RUNTIME_API + '/2018-06-01/runtime/invocation/'
const post = async (path, body, headers) => {
  const type = { 'content-type': 'application/json' }
  await (await fetch(base + path, { method: 'POST', body, headers: { ...type, ...headers } })).arrayBuffer()
}
exports.initializeClient = () => {}
exports.next = async () => {
  const response = await fetch(base + 'next')
  return { bodyJson: await response.text(), headers: Object.fromEntries(response.headers) }
}
exports.done = (id, body) => post(id + '/response', body)
exports.error = (id, body) => {
  const { errorType } = JSON.parse(body)
  return post(id + '/error', body, { 'Lambda-Runtime-Function-Error-Type': errorType })
}
`
const url = 'native-part:rapid-client'

registerHooks({
  resolve: (specifier, context, next) =>
    specifier.endsWith('rapid-client.node')
      ? { url, format: 'commonjs', shortCircuit: true }
      : next(specifier, context),
  load: (asked, context, next) =>
    asked === url ? { format: 'commonjs', source, shortCircuit: true } : next(asked, context),
})

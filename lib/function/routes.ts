/** API Gateway's form of a route: `GET /c/{id}`; `{path+}` takes the rest of the path, slashes too. */
export type RouteKey = `${'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'} /${string}`

export interface RouteMatch {
  readonly key: RouteKey
  readonly params: Record<string, string>
}

/**
 * Finds the route of a request among `keys`: one without parameters first, then in their order, greedy ones last. Undefined when no path fits;
 * `allow` when one does, by other methods only. `/{path+}` fits every path, so it makes none known. HEAD is
 * answered as GET.
 */
export function createRouter(keys: readonly RouteKey[]) {
  const routes = keys
    .map((key) => ({ key, ...parseRoute(key) }))
    .toSorted((a, b) => Number(a.greedy) - Number(b.greedy))
  const literal = new Map<string, RouteKey>(
    keys.filter((key) => !key.includes('{')).map((key) => [key, key]),
  )
  return (method: string, path: string): RouteMatch | { allow: string[] } | undefined => {
    const wanted = method === 'HEAD' ? 'GET' : method
    const known = literal.get(`${wanted} ${path}`)
    if (known) return { key: known, params: {} }
    const allow = new Set<string>()
    for (const route of routes) {
      if (route.greedy && allow.size > 0) break // The path is known: a catch-all must not hide the 405.
      const found = route.pattern.exec(path)
      if (!found) continue
      if (route.method === wanted) return { key: route.key, params: decodeAll(found.groups ?? {}) }
      if (!isCatchAll(route.path)) allow.add(route.method)
    }
    return allow.size > 0 ? { allow: [...allow].toSorted() } : undefined
  }
}

const isCatchAll = (path: string) => /^\/\{\w+\+\}$/.test(path)

function parseRoute(key: RouteKey) {
  const [method, path] = key.split(' ') as [string, string]
  const source = path.replaceAll(/\{(\w+)(\+?)\}/g, (_, name: string, greedy: string) =>
    greedy ? `(?<${name}>.*)` : `(?<${name}>[^/]+)`,
  )
  return { method, path, greedy: path.includes('+}'), pattern: new RegExp(`^${source}$`) }
}

function decodeAll(groups: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(groups).map(([name, value]) => [name, decode(value)]))
}

/** A path that is no UTF-8 names nothing: it is left as it came and found nowhere. */
function decode(value: string): string {
  try {
    return decodeURIComponent(value)
  } catch {
    return value
  }
}

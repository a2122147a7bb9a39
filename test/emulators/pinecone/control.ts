import type { ReceivedRequest } from '../received.ts'
import { empty, json, Refusal, type Reply } from '../reply.ts'
import { controlError } from './errors.ts'
import type { IndexState } from './index-state.ts'
import type { Metric } from './records.ts'

/** What the control plane needs of its surroundings. */
export interface Project {
  readonly indexes: Map<string, IndexState>
  now(): number
  /** Opens the data plane of a new index and adds it. */
  create(index: NewIndex): Promise<IndexState>
  /** Closes it and forgets it. */
  remove(index: IndexState): Promise<void>
}

export interface NewIndex {
  readonly name: string
  readonly dimension: number
  readonly metric: Metric
  readonly cloud: string
  readonly region: string
  readonly tags: Record<string, string> | null
  readonly deletionProtection: string
}

/** Indexes, as `/indexes` and `/indexes/{name}` serve them. */
export async function handleControl(project: Project, request: ReceivedRequest): Promise<Reply> {
  const { method, path } = request
  if (path === '/indexes') {
    if (method === 'GET') {
      return json(200, {
        indexes: [...project.indexes.values()].map((each) => model(project, each)),
      })
    }
    if (method === 'POST') return create(project, request.json)
  }
  const name = /^\/indexes\/([^/]+)$/.exec(path)?.[1]
  if (name === undefined) return controlError(404, `There is no ${method} ${path}`)
  const index = project.indexes.get(decodeURIComponent(name))
  if (!index) return controlError(404, `Resource ${name} not found`)
  if (method === 'GET') return json(200, model(project, index))
  if (method === 'PATCH') return configure(project, index, request.json)
  if (method === 'DELETE') return remove(project, index)
  return controlError(405, `There is no ${method} ${path}`)
}

async function create(project: Project, body: unknown): Promise<Reply> {
  const wanted = parseNewIndex(body)
  if (project.indexes.has(wanted.name)) {
    throw new Refusal(controlError(409, 'Resource already exists'))
  }
  return json(201, model(project, await project.create(wanted)))
}

async function remove(project: Project, index: IndexState): Promise<Reply> {
  if (index.deletionProtection === 'enabled') {
    throw new Refusal(controlError(403, 'Deletion protection is enabled for this index.'))
  }
  await project.remove(index)
  return empty(202)
}

function configure(project: Project, index: IndexState, body: unknown): Reply {
  const { tags, deletion_protection: protection } = (body ?? {}) as Record<string, unknown>
  if (typeof protection === 'string') index.deletionProtection = checkProtection(protection)
  if (typeof tags === 'object' && tags !== null) {
    // An empty value takes a tag away; what is not named stays.
    const merged = Object.entries({ ...index.tags, ...(tags as Record<string, string>) })
    const kept = merged.filter(([, value]) => value !== '')
    index.tags = kept.length === 0 ? null : Object.fromEntries(kept)
  }
  return json(200, model(project, index))
}

interface CreateIndexBody {
  readonly name?: unknown
  readonly deployment?: { deployment_type?: unknown; cloud?: unknown; region?: unknown }
  readonly schema?: { fields?: Record<string, { dimension?: unknown; metric?: unknown }> }
  readonly tags?: Record<string, string> | null
  readonly deletion_protection?: string
}

function parseNewIndex(body: unknown): NewIndex {
  const { name, deployment, schema, tags, deletion_protection } = (body ?? {}) as CreateIndexBody
  if (typeof name !== 'string' || !/^[a-z0-9]([a-z0-9-]{0,43}[a-z0-9])?$/.test(name)) {
    throw invalid(
      'Name must consist of lower case alphanumeric characters or "-", and must start and end with an alphanumeric character',
    )
  }
  const { _values: dense, ...others } = schema?.fields ?? {}
  const isClassic = Object.keys(others).every((field) => field === '_sparse_values')
  if (!dense || !isClassic) throw invalid('Only indexes with dense vectors are served here')
  const { dimension, metric } = dense
  if (typeof dimension !== 'number' || dimension < 1 || dimension > 20_000) {
    throw invalid('Dimension must be between 1 and 20000')
  }
  if (metric !== 'cosine' && metric !== 'dotproduct' && metric !== 'euclidean') {
    throw invalid('Metric must be cosine, dotproduct or euclidean')
  }
  if (deployment && deployment.deployment_type !== 'managed') {
    throw invalid('Only managed deployments can be created')
  }
  return {
    name,
    dimension,
    metric,
    cloud: typeof deployment?.cloud === 'string' ? deployment.cloud : 'aws',
    region: typeof deployment?.region === 'string' ? deployment.region : 'us-east-1',
    tags: tags ?? null,
    deletionProtection: checkProtection(deletion_protection ?? 'disabled'),
  }
}

function checkProtection(protection: string): string {
  if (protection === 'enabled' || protection === 'disabled') return protection
  throw invalid('Deletion protection must be enabled or disabled')
}

const invalid = (message: string) => new Refusal(controlError(400, message))

/** An index as it is described; one that is still initializing has an empty schema. */
function model(project: Project, index: IndexState) {
  const ready = project.now() >= index.readyAtMs
  const { dimension, metric } = index
  const fields = {
    _values: { type: 'dense_vector', dimension, metric, description: null },
    _sparse_values: { type: 'sparse_vector', description: null },
  }
  return {
    name: index.name,
    host: index.host,
    status: { ready, state: ready ? 'Ready' : 'Initializing' },
    deployment: { deployment_type: 'managed', cloud: index.cloud, region: index.region },
    read_capacity: {
      mode: 'OnDemand',
      status: { state: 'Ready', current_replicas: null, current_shards: null },
    },
    schema: { fields: ready ? fields : {} },
    tags: index.tags,
    deletion_protection: index.deletionProtection,
  }
}

import { createRequire } from 'node:module'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'

/**
 * Holds CloudFormation templates against AWS's own schemas and rules, offline:
 *
 *   npm install --prefix /tmp/validator @aws/cloudformation-validate@1.9.0-beta
 *   node scripts/check-templates.ts --validator /tmp/validator infra/template.yaml infra/lambda/template.yaml
 *
 * The validator is no dependency of the project: 10 MB for one check. test/infra looks for what can be seen without it.
 */

/** Advice about tags, metadata and regions. */
const ADVICE = new Set(['I4010', 'I9040', 'I9001', 'I9003'])

interface Diagnostic {
  readonly ruleId: string
  readonly severity: string
  readonly message: string
  readonly resource?: { readonly logicalId?: string }
}

interface Validator {
  readonly RegoEngine: new () => {
    validateStandard(template: unknown): { diagnostics: readonly Diagnostic[] }
    free(): void
  }
  readonly TemplateFile: new (path: string) => unknown
}

const { values, positionals: paths } = parseArgs({
  allowPositionals: true,
  options: { validator: { type: 'string', default: '.' } },
})
const load = createRequire(join(resolve(values.validator), 'package.json'))
const { RegoEngine, TemplateFile } = load('@aws/cloudformation-validate') as Validator

const engine = new RegoEngine()
let faults = 0
for (const path of paths) {
  for (const found of engine.validateStandard(new TemplateFile(path)).diagnostics) {
    if (ADVICE.has(found.ruleId)) continue
    const isFault = ['FATAL', 'ERROR', 'WARN'].includes(found.severity)
    if (isFault) faults += 1
    const where = `${path} ${found.resource?.logicalId ?? ''}`
    console.log(`${isFault ? 'FAIL' : 'note'} ${where} ${found.ruleId}: ${found.message}`)
  }
}
engine.free()
console.log(`${paths.length} templates, ${faults} faults.`)
process.exit(faults === 0 && paths.length > 0 ? 0 : 1)

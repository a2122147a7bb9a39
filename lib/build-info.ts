declare const BUILT_VERSION: string | undefined
declare const BUILT_COMMIT: string | undefined

/** Written into every bundle by scripts/build.ts; unbundled code runs only in unit tests. */
export const version = typeof BUILT_VERSION === 'string' ? BUILT_VERSION : '0.0.0'
export const commit = typeof BUILT_COMMIT === 'string' ? BUILT_COMMIT : 'unknown'

/** False for code that runs from its sources: scripts and unit tests. */
export const isBuilt = typeof BUILT_VERSION === 'string'

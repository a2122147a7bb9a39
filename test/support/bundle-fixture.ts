import { build, type Plugin } from 'esbuild'

/** Bundles what a host is to import before its own code, as the product itself is bundled. */
export async function bundleFixture(
  entry: string,
  outfile: string,
  plugins: Plugin[] = [],
): Promise<void> {
  await build({
    entryPoints: [entry],
    outfile,
    bundle: true,
    platform: 'node',
    target: 'node24',
    format: 'esm',
    mainFields: ['module', 'main'],
    external: ['onnxruntime-node'],
    // It lies where a function does, and finds the models where a function does.
    define: { BUILT_VERSION: '"0.0.0"', BUILT_COMMIT: '"unknown"' },
    logLevel: 'warning',
    plugins,
  })
}

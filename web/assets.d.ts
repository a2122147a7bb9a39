/** Made by scripts/build.ts out of scripts/build-assets.ts. */
declare module 'virtual:assets' {
  const assets: import('../scripts/build-assets.ts').BuiltAssets
  export default assets
}

/** What the product calls itself, and where its source is. */
export const SITE_NAME = 'AI Memory Layer'
export const REPOSITORY_URL = 'https://github.com/ai-memory-layer/ai-memory-layer'

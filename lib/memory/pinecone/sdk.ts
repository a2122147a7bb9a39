/** The one place that imports Pinecone's SDK, and itself only imported on first use. */
export { type Index, Pinecone } from '@pinecone-database/pinecone'

import type { Picture } from './draw.ts'

/** The picture in docs/architecture.md: what there is, and who asks whom. In pixels of a sheet that is 800 wide. */

const FUNCTIONS = { x: 60, width: 156 }
const CONTRACTS = { x: 380, width: 140 }
const OUTSIDE = { x: 612, width: 160 }
const FIRST = { y: 386, height: 52 }
const SECOND = { y: 452, height: 52 }
const THIRD = { y: 518, height: 52 }

export const architecture: Picture = {
  width: 800,
  height: 696,
  title: 'Architecture of AI Memory Layer',
  description:
    'A user’s browser and other programs reach Caddy on an EC2 instance. Caddy passes requests to the host, which runs the ' +
    'functions in one container. The chat page and POST /api/chat run one turn, which asks the generator, the embedder and the store. ' +
    'Ingest, memories and the others ask the embedder and the store. The store keeps one SQLite file on the instance, or uses ' +
    'Pinecone. Generator and embedder are built in, or use an LLM and embeddings of Hugging Face.',
  frames: [
    { id: 'ec2', x: 16, y: 108, width: 548, height: 572, label: 'EC2 instance, or any machine' },
    {
      id: 'container',
      x: 32,
      y: 224,
      width: 516,
      height: 376,
      label: 'Container: one Node process',
    },
    { id: 'functions', x: 48, y: 354, width: 180, height: 230, label: 'Functions' },
    { id: 'contracts', x: 368, y: 354, width: 164, height: 230, label: 'Models and store' },
    {
      id: 'hugging-face',
      x: 600,
      y: 354,
      width: 184,
      height: 164,
      label: 'Hugging Face',
      look: 'optional',
    },
  ],
  boxes: [
    {
      id: 'user',
      x: 164,
      y: 16,
      width: 184,
      height: 52,
      look: 'outside',
      lines: ['User', 'browser, chat page'],
    },
    {
      id: 'program',
      x: 364,
      y: 16,
      width: 184,
      height: 52,
      look: 'outside',
      lines: ['Your program', 'a bot, a notebook, curl'],
    },
    {
      id: 'caddy',
      x: 48,
      y: 142,
      width: 484,
      height: 52,
      lines: ['Caddy', 'HTTPS, its certificate, compression'],
    },
    {
      id: 'host',
      x: 48,
      y: 256,
      width: 484,
      height: 70,
      lines: [
        'Host',
        'stands in for AWS Lambda: a request becomes an event for a function.',
        'On Lambda itself the same functions run without it.',
      ],
    },
    { id: 'page', ...FUNCTIONS, ...FIRST, lines: ['page, reply', 'the chat page'] },
    { id: 'chat', ...FUNCTIONS, ...SECOND, lines: ['chat', 'POST /api/chat'] },
    { id: 'ingest', ...FUNCTIONS, ...THIRD, lines: ['ingest, memories', 'users, export, health'] },
    {
      id: 'turn',
      x: 250,
      y: 386,
      width: 96,
      height: 118,
      lines: ['One turn', 'embed', 'recall', 'answer', 'remember'],
    },
    { id: 'generator', ...CONTRACTS, ...FIRST, lines: ['Generator', 'built in: quotes'] },
    { id: 'embedder', ...CONTRACTS, ...SECOND, lines: ['Embedder', 'built in: a table'] },
    { id: 'store', ...CONTRACTS, ...THIRD, lines: ['Store', 'memories, recall'] },
    {
      id: 'sqlite',
      x: 368,
      y: 614,
      width: 164,
      height: 52,
      lines: ['SQLite', 'one file on a volume'],
    },
    { id: 'llm', ...OUTSIDE, ...FIRST, look: 'optional', lines: ['LLM', 'Mistral-7B-Instruct'] },
    {
      id: 'embeddings',
      ...OUTSIDE,
      ...SECOND,
      look: 'optional',
      lines: ['Embeddings', 'all-MiniLM-L6-v2'],
    },
    {
      id: 'pinecone',
      x: 600,
      y: 532,
      width: 184,
      height: 52,
      look: 'optional',
      lines: ['Pinecone', 'in place of SQLite'],
    },
  ],
  arrows: [
    { from: 'user', to: 'caddy', way: 'down', label: 'HTML, streams' },
    { from: 'program', to: 'caddy', way: 'down', label: 'JSON, streams' },
    { from: 'caddy', to: 'host', way: 'down', label: 'HTTP' },
    { from: 'host', to: 'functions', way: 'down', label: 'events' },
    { from: 'page', to: 'turn', way: 'right' },
    { from: 'chat', to: 'turn', way: 'right' },
    { from: 'turn', to: 'generator', way: 'right' },
    { from: 'turn', to: 'embedder', way: 'right' },
    { from: 'turn', to: 'store', way: 'down then right' },
    { from: 'ingest', to: 'store', way: 'right' },
    { from: 'ingest', to: 'embedder', way: 'right then up then right' },
    { from: 'store', to: 'sqlite', way: 'down' },
    { from: 'generator', to: 'llm', way: 'right', look: 'optional' },
    { from: 'embedder', to: 'embeddings', way: 'right', look: 'optional' },
    { from: 'store', to: 'pinecone', way: 'right', look: 'optional' },
  ],
  notes: [
    {
      x: 600,
      y: 612,
      lines: ['Dashed: only where it is', 'set up. Without, all stays', 'on the machine.'],
    },
  ],
}

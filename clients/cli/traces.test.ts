import { expect, test } from 'vitest';
import type { TraceView } from '../sdk/index.ts';
import type { CliContext } from './context.ts';
import { Output } from './output.ts';
import { createProgram } from './program.ts';

const TRACE = {
  id: 'x',
  at: '2026-05-01T11:59:00Z',
  status: 'ok',
  target: 'lab/oracle',
  tokensIn: 1200,
  tokensOut: 30,
  tokensCached: 1000,
  tokensCacheWrite: 0,
  tokensReasoning: 20,
  costUsd: 0.5,
  costSplit: { inputUsd: 0.1, outputUsd: 0.3, cachedUsd: 0.1, cacheWriteUsd: 0 },
  toolsCalled: ['refund', 'cancel'],
  latencyMs: 40,
  keyId: 'key_1',
  userId: 'ann',
  sessionId: '',
  metadata: {},
  bodies: 'stored',
  attempts: [],
  feedback: [],
} as unknown as TraceView;

async function shown(trace: TraceView): Promise<string> {
  let text = '';
  const program = createProgram(
    () =>
      ({
        out: () => new Output({ write: (more) => (text += String(more)) }, { json: false, colour: false }),
        connection: () => ({ client: { traces: { get: async () => trace } } }),
        now: () => Date.parse('2026-05-01T12:00:00Z'),
      }) as unknown as CliContext,
  );
  await program.parseAsync(['node', 'stillhouse', 'traces', 'show', 'x']);
  return text;
}

test('a trace tells its tokens, the parts of its cost and the tools that it calls', async () => {
  const text = await shown(TRACE);
  expect(text).toMatch(/tokens +1,200 in, 30 out, 1,000 read from the cache, 20 of reasoning\n/);
  expect(text).toMatch(/cost +\$0\.500 {2}\(input \$0\.100, output \$0\.300, cache \$0\.100\)\n/);
  expect(text).toMatch(/key +key_1\nuser +ann\ntools called/);
  expect(text).toMatch(/tools called +refund, cancel\n/);
  const unknown = { inputUsd: null, outputUsd: null, cachedUsd: null, cacheWriteUsd: null };
  expect(await shown({ ...TRACE, costSplit: unknown, toolsCalled: [] })).toMatch(/cost +\$0\.500\n/);
});

test('a trace tells what is estimated where its cost is not known, and beside it', async () => {
  const unknown = { inputUsd: null, outputUsd: null, cachedUsd: null, cacheWriteUsd: null };
  const unpriced = { ...TRACE, costUsd: null, costSplit: unknown };
  expect(await shown({ ...unpriced, costEstimatedUsd: 0.0012 })).toMatch(/cost +unknown, some \$0\.0012 estimated\n/);
  expect(await shown({ ...unpriced, costEstimatedUsd: null })).toMatch(/cost +–\n/);
  const both = { ...TRACE, costSplit: unknown, costEstimatedUsd: 0.0012 };
  expect(await shown(both)).toMatch(/cost +\$0\.500, and some \$0\.0012 estimated of attempts without an answer\n/);
});

test('a trace tells what people said of it', async () => {
  const nothing = { thumbs: null, score: null, comment: null, correctedAnswer: null };
  const said = { ...nothing, id: 'f', at: '2026-05-01T11:58:00Z', keyId: 'k', userId: 'ann' };
  const feedback = [
    { ...said, thumbs: 'down' as const, score: 0.2, comment: 'wrong card' },
    { ...said, userId: '', correctedAnswer: 'refund' },
  ];
  const text = await shown({ ...TRACE, feedback });
  expect(text).toMatch(/Feedback thumbs down · score 0.2 · wrong card {2}\(ann, 2 min/);
  expect(text).toMatch(/Feedback should have been: refund {2}\(2 min/);
});

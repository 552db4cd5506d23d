import { afterAll, beforeAll, expect, test } from 'vitest';
import type { TraceRow } from '../../contracts/traces.ts';
import { startTestClickHouse, type TestClickHouse } from '../support/clickhouse.ts';
import { until } from '../support/until.ts';
import { type GatewayProcess, labProvider, startGatewayProcess } from './gateway-process.ts';
import { type Check, openAISchemas } from './openai-schema.ts';
import { EXPECTED } from './python-expectations.ts';
import { pythonWithClients, runScenarios, type Scenarios } from './python-scenarios.ts';
import { pythonUpstream } from './python-upstream.ts';
import { startUpstream, type TestUpstream } from './upstream.ts';

/**
 * Python's published clients, untouched, over an upstream that takes only what OpenAI's own description allows: what they
 * make of each answer, and the trace of each call in ClickHouse. What they do is in `python/`.
 */

/** Calls whose connection to the upstream ends before their answer: five callers leave, one stream is cut. */
const CUT_SHORT = 6;
const faults: string[] = [];
const traces = new Map<string, TraceRow[]>();
let check: (name: string) => Check;
let clickhouse: TestClickHouse;
let upstream: TestUpstream;
let gateway: GatewayProcess;
let scenarios: Scenarios;

// The environment of the clients is built here, where it is not cached.
beforeAll(async () => {
  const python = await pythonWithClients();
  check = openAISchemas();
  clickhouse = await startTestClickHouse();
  upstream = await startUpstream(pythonUpstream(check, faults));
  gateway = await startGatewayProcess({
    clickhouseUrl: clickhouse.url,
    limits: { retries: 0, breakerFailures: 1_000_000 },
    providers: [labProvider(upstream.url)],
    aliases: { smart: { targets: [{ target: 'lab/test', weight: 1 }] } },
    env: clickhouse.env,
  });
  scenarios = await runScenarios(python, gateway.url);
  // While the gateway still runs: its end would end them, too.
  await until('the calls of those who left are ended', () => upstream.aborted === CUT_SHORT);
  // It ships all traces before it ends.
  await gateway.stop();
  const query = 'SELECT * FROM traces ORDER BY ts, id';
  const result = await clickhouse.client.query({ query, format: 'JSONEachRow' });
  for (const trace of await result.json<TraceRow>()) {
    const scenario = trace.metadata['scenario'] ?? '';
    traces.set(scenario, [...(traces.get(scenario) ?? []), trace]);
  }
}, 900_000);
afterAll(async () => {
  await gateway?.dispose();
  await upstream?.stop();
  await clickhouse?.stop();
});

function got(name: string): unknown {
  const outcome = scenarios.get(name) ?? { failed: 'Python has no such scenario' };
  if ('failed' in outcome) throw new Error(outcome.failed);
  return outcome.got;
}

test.each(Object.entries(EXPECTED))('%s', (name, [answer, calls]) => {
  expect([got(name)]).toMatchObject([answer]);
  const stored = traces.get(name) ?? [];
  const ordered = name.endsWith('at_once') ? stored.toSorted((a, b) => a.prompt_text.length - b.prompt_text.length) : stored;
  expect(ordered).toMatchObject(calls);
});

test('each scenario is expected, and no call has two traces or belongs to none', () => {
  expect([...scenarios.keys()].toSorted()).toEqual(Object.keys(EXPECTED).toSorted());
  const counts = Object.entries(EXPECTED).map(([name, [, calls]]) => [name, calls.length] as const);
  expect(Object.fromEntries([...traces].map(([name, rows]) => [name, rows.length]))).toEqual(
    Object.fromEntries(counts.filter(([, calls]) => calls > 0)),
  );
});

test('the trace that an answer names is the one that is stored', () => {
  expect(traces.get('openai_raw_response')).toMatchObject([{ id: (got('openai_raw_response') as { trace: string }).trace }]);
});

test.each([
  ['openai_chat', 'CreateChatCompletionResponse'],
  ['openai_stream', 'CreateChatCompletionStreamResponse'],
  ['openai_stream_without_usage', 'CreateChatCompletionStreamResponse'],
  ['openai_responses_events', 'ResponseStreamEvent'],
  ['openai_completions', 'CreateCompletionResponse'],
  ['openai_embeddings', 'CreateEmbeddingResponse'],
])('what %s was given is as OpenAI describes it', (name, schema) => {
  expect([got(name)].flat().flatMap(check(schema))).toEqual([]);
});

test('what reached the provider is as OpenAI describes it', () => {
  expect(faults).toEqual([]);
});

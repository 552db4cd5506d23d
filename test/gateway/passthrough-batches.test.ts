import { toFile } from 'openai';
import type OpenAI from 'openai';
import { expect, test } from 'vitest';
import type { TraceRow } from '../../contracts/traces.ts';
import { until } from '../support/until.ts';
import { ADMIN_KEY } from './gateway-process.ts';
import { AT_LAB, passthroughStack } from './passthrough-stack.ts';

/** What batches use, from the call that makes one to the traces, budgets, usage and metrics that count it. */

const stack = passthroughStack({ limits: { batchPollMs: 100 } });

const line = (model: string, id: string, bound = 1000) =>
  JSON.stringify({
    custom_id: id,
    method: 'POST',
    url: '/v1/chat/completions',
    body: { model, max_completion_tokens: bound, messages: [{ role: 'user', content: 'x' }] },
  });
const ENDPOINT = { endpoint: '/v1/chat/completions', completion_window: '24h' } as const;

async function make(client: OpenAI, lines: string[], endpoint: object = ENDPOINT): Promise<OpenAI.Batch> {
  const file = await client.files.create({ file: await toFile(Buffer.from(lines.join('\n')), 'a.jsonl'), purpose: 'batch' }, AT_LAB);
  return client.batches.create({ input_file_id: file.id, ...(endpoint as typeof ENDPOINT) });
}

/** As OpenAI answers a line: the model by its dated name, 1,000 tokens in, 200 out. */
const answered =
  (date = '-2024-08-06') =>
  (asked: Record<string, unknown>) => ({
    id: `batch_req_${asked['custom_id'] as string}`,
    custom_id: asked['custom_id'],
    error: null,
    response: {
      status_code: 200,
      request_id: 'r',
      body: {
        object: 'chat.completion',
        model: `${(asked['body'] as { model: string }).model}${date}`,
        choices: [{ message: { role: 'assistant', content: 'secret words' } }],
        usage: { prompt_tokens: 1000, completion_tokens: 200, total_tokens: 1200 },
      },
    },
  });
/** Half of 2.5 and 10 dollars a million. */
const LINE_USD = (1000 * 1.25 + 200 * 5) / 1e6;

async function tracesOf(batch: OpenAI.Batch, gateways = stack): Promise<TraceRow[]> {
  const query = `SELECT * FROM traces WHERE metadata['batch'] = '${batch.id}' ORDER BY target`;
  return (await gateways.clickhouse.client.query({ query, format: 'JSONEachRow' })).json<TraceRow>();
}
const settled = (batch: OpenAI.Batch) =>
  until('the batch is settled', async () => {
    const query = `SELECT argMax(state, version) AS state FROM provider_batches WHERE call_id IN (SELECT call_id FROM provider_batches WHERE id = '${batch.id}')`;
    const [row] = await (await stack.clickhouse.client.query({ query, format: 'JSONEachRow' })).json<{ state: string }>();
    return row?.state === 'settled';
  });
const metric = async (name: string, target: string) => {
  const text = await (await fetch(`${stack.gateway.url}/metrics`, { headers: { authorization: `Bearer ${ADMIN_KEY}` } })).text();
  return Number(new RegExp(`^stillhouse_${name}\\{target="${target}"\\} (.*)$`, 'm').exec(text)?.[1] ?? 0);
};
const exceeded = { status: 402, code: 'budget_exceeded' };

test('a batch that has ended is a trace for each model, at half the price, and counts once in usage, budgets and metrics', async () => {
  const { client } = await stack.keyOf({ limits: { usdPerDay: 0.04 } });
  stack.lab.batchAnswer = answered();
  // Each may cost 0.005 dollars for its answer, and something for its prompt.
  const batch = await make(client, [line('gpt-4o', 'a'), line('gpt-4o', 'b'), line('gpt-4o', 'c'), line('unheard-of', 'd')]);
  expect(await tracesOf(batch)).toEqual([]);
  const before = await metric('cost_usd_total', 'lab/gpt-4o');
  stack.lab.batchIsDone = true;
  await settled(batch);
  const rows = await tracesOf(batch);
  expect(rows).toHaveLength(2);
  expect(rows[0]).toMatchObject({
    target: 'lab/gpt-4o',
    provider: 'lab',
    kind: 'batches',
    status: 'ok',
    model_asked: 'gpt-4o',
    model_answered: 'gpt-4o-2024-08-06',
    tokens_in: 3000,
    tokens_out: 600,
    origin: 'app',
    attempts: [],
  });
  expect(rows[0]!.cost_usd).toBeCloseTo(3 * LINE_USD, 9);
  // No price is known of it: null, and its tokens all the same.
  expect(rows[1]).toMatchObject({ target: 'lab/unheard-of', tokens_in: 1000, cost_usd: null });
  expect(JSON.stringify(rows)).not.toContain('secret words');
  const usage = `SELECT sum(calls) AS calls, sum(cost_usd) AS usd, sum(tokens_in) AS tokens FROM usage_days WHERE target = 'lab/gpt-4o'`;
  const [day] = await (
    await stack.clickhouse.client.query({ query: usage, format: 'JSONEachRow' })
  ).json<{ calls: number; usd: number; tokens: number }>();
  expect({ ...day, calls: Number(day!.calls), tokens: Number(day!.tokens) }).toEqual({ calls: 1, usd: rows[0]!.cost_usd, tokens: 3000 });
  await until('metrics', async () => Math.abs((await metric('cost_usd_total', 'lab/gpt-4o')) - before - 3 * LINE_USD) < 1e-9);
  // The call that made it costs nothing of its own.
  const made = await stack.traceOf('batches', `id = '${rows[0]!.metadata['batch_call']!}'`);
  expect(made).toMatchObject({ target: 'lab/batches', cost_usd: 0 });
  expect(made.ts.slice(0, 19)).toBe(rows[0]!.ts.slice(0, 19));
});

test('what a batch may cost is held while it is under way, and its real cost once it has ended', async () => {
  const { client } = await stack.keyOf({ limits: { usdPerDay: 0.02 } });
  stack.lab.batchAnswer = answered();
  const first = await make(client, [line('gpt-4o', 'a'), line('gpt-4o', 'b')]);
  await expect(make(client, [line('gpt-4o', 'c'), line('gpt-4o', 'd')])).rejects.toMatchObject(exceeded);
  expect(stack.lab.asked.filter((asked) => asked === 'POST /v1/batches')).toHaveLength(1);
  // Readings of what is on record come and go, another process starts: it is held.
  await stack.gateway.kill();
  await stack.gateway.restart();
  const again = Object.assign(client, { baseURL: `${stack.gateway.url}/v1` });
  await expect(make(again, [line('gpt-4o', 'c'), line('gpt-4o', 'd')])).rejects.toMatchObject({
    ...exceeded,
    message: expect.stringContaining('calls in flight may cost'),
  });
  stack.lab.batchIsDone = true;
  await settled(first);
  // It took 0.0045 of the 0.02 dollars.
  await until('the rest of the budget is free', () => make(again, [line('gpt-4o', 'c'), line('gpt-4o', 'd')]).catch(() => null));
  Object.assign(stack.admin, { baseURL: `${stack.gateway.url}/v1` });
});

test('a batch that its provider refuses holds nothing', async () => {
  const { client } = await stack.keyOf({ limits: { usdPerDay: 0.02 } });
  const lines = [line('gpt-4o', 'a'), line('gpt-4o', 'b')];
  stack.lab.instead = (request, response) => {
    if (request.method !== 'POST' || request.url !== '/v1/batches') return false;
    response.writeHead(400, { 'content-type': 'application/json' }).end('{"error":{"message":"no"}}');
    return true;
  };
  await expect(make(client, lines)).rejects.toMatchObject({ status: 400 });
  stack.lab.instead = () => false;
  expect((await make(client, lines)).object).toBe('batch');
});

test('a file that a batch has written goes once what it used is recorded', async () => {
  stack.lab.batchAnswer = answered();
  const batch = await make(stack.admin, [line('gpt-4o', 'a')]);
  stack.lab.batchIsDone = true;
  const done = await stack.admin.batches.retrieve(batch.id);
  await stack.admin.files.delete(done.output_file_id!);
  expect(await tracesOf(batch)).toMatchObject([{ status: 'ok', tokens_in: 1000 }]);
});

test('a file that is there no more: the batch counts with what it says itself, else with its worst case', async () => {
  const gone = () => {
    stack.lab.instead = (request, response) => {
      if (!/^\/v1\/files\/.*\/content$/.test(request.url!) || !stack.lab.batchIsDone) return false;
      response.writeHead(404, { 'content-type': 'application/json' }).end('{"error":{"message":"No such File object"}}');
      return true;
    };
  };
  stack.lab.batchAnswer = answered();
  const details = { input_tokens_details: { cached_tokens: 0 }, output_tokens_details: { reasoning_tokens: 0 } };
  stack.lab.endedFields = {
    model: 'gpt-4o-2024-08-06',
    usage: { input_tokens: 2000, output_tokens: 400, total_tokens: 2400, ...details },
  };
  gone();
  const told = await make(stack.admin, [line('gpt-4o', 'a'), line('gpt-4o', 'b')]);
  stack.lab.batchIsDone = true;
  await settled(told);
  const [row] = await tracesOf(told);
  expect(row).toMatchObject({ status: 'ok', target: 'lab/gpt-4o', tokens_in: 2000, tokens_out: 400 });
  expect(row!.cost_usd).toBeCloseTo(2 * LINE_USD, 9);

  stack.lab.batchIsDone = false;
  stack.lab.endedFields = {};
  // Until then it may still come.
  stack.lab.batchFields = { expires_at: Math.floor(Date.now() / 1000) - 2 * 86_400 };
  const untold = await make(stack.admin, [line('gpt-4o', 'a')]);
  stack.lab.batchIsDone = true;
  await settled(untold);
  const [worst] = await tracesOf(untold);
  expect(worst).toMatchObject({
    status: 'interrupted',
    target: 'lab/gpt-4o',
    error_message: expect.stringContaining('answers 404 to /files/'),
  });
  // 1,000 tokens of an answer, and some for the prompt.
  expect(worst!.cost_usd).toBeGreaterThan(0.005);
  expect(worst!.cost_usd).toBeLessThan(0.0055);
});

test('embeddings go by what the batch says, and no vectors are read', async () => {
  const details = { input_tokens_details: { cached_tokens: 0 }, output_tokens_details: { reasoning_tokens: 0 } };
  stack.lab.endedFields = { usage: { input_tokens: 2000, output_tokens: 0, total_tokens: 2000, ...details } };
  const texts = JSON.stringify({ custom_id: 'a', method: 'POST', url: '/v1/embeddings', body: { model: 'gpt-4o', input: 'x' } });
  // As Azure's older API calls it.
  const batch = await make(stack.admin, [texts], { endpoint: '/embeddings', completion_window: '24h' });
  stack.lab.faults.length = 0;
  stack.lab.asked.length = 0;
  stack.lab.batchIsDone = true;
  await settled(batch);
  const [row] = await tracesOf(batch);
  expect(row).toMatchObject({ tokens_in: 2000, tokens_out: 0 });
  expect(row!.cost_usd).toBeCloseTo(2000 * 1.25e-6, 9);
  expect(stack.lab.asked.filter((asked) => asked.endsWith('/content'))).toEqual([]);
});

test('a batch of which nobody hears by the end of its time counts with its worst case, and is asked for no more', async () => {
  stack.lab.batchFields = { expires_at: Math.floor(Date.now() / 1000) - 2 * 86_400 };
  const batch = await make(stack.admin, [line('gpt-4o', 'a')]);
  await settled(batch);
  expect(await tracesOf(batch)).toMatchObject([{ status: 'interrupted', error_message: expect.stringContaining('not ended in its time') }]);
  stack.lab.asked.length = 0;
  // Another one is looked at meanwhile.
  stack.lab.batchFields = {};
  stack.lab.batchAnswer = answered();
  const other = await make(stack.admin, [line('gpt-4o', 'b')]);
  stack.lab.batchIsDone = true;
  await settled(other);
  expect(stack.lab.asked.filter((asked) => asked === `GET /v1/batches/${batch.id}`)).toEqual([]);
});

test('a batch that fails before it begins costs nothing and has no trace of its own', async () => {
  stack.lab.batchFields = { status: 'failed', errors: { object: 'list', data: [] } };
  const batch = await make(stack.admin, [line('gpt-4o', 'a')]);
  await settled(batch);
  expect(await tracesOf(batch)).toEqual([]);
});

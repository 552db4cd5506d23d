import OpenAI from 'openai';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { HEADERS } from '../../contracts/http.ts';
import { ADMIN_KEY, type GatewayProcess, labProvider, startGatewayProcess } from './gateway-process.ts';
import { spooledRows } from './spooled-rows.ts';
import { startUpstream, type TestUpstream } from './upstream.ts';

let upstream: TestUpstream;
let gateway: GatewayProcess;
let client: OpenAI;

beforeAll(async () => {
  upstream = await startUpstream((asked, response) => {
    const { input } = asked.body as { input: string | string[] };
    const data = [input].flat().map((text, index) => ({ object: 'embedding', index, embedding: [text.length, 0.5] }));
    const body = { object: 'list', data, model: 'embedder-1', usage: { prompt_tokens: 7, total_tokens: 7 } };
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  });
  gateway = await startGatewayProcess({
    clickhouseUrl: 'http://127.0.0.1:9',
    providers: [labProvider(upstream.url)],
    aliases: { vectors: { targets: [{ target: 'lab/test', weight: 1 }] } },
  });
  client = new OpenAI({ baseURL: `${gateway.url}/v1`, apiKey: ADMIN_KEY, maxRetries: 0 });
});

afterAll(async () => {
  await gateway?.dispose();
  await upstream?.stop();
});

test('the official client gets vectors through an alias; the trace has all but the numbers', async () => {
  const request = { model: 'vectors', input: ['one', 'three'], encoding_format: 'float' as const };
  const { data, response } = await client.embeddings.create(request).withResponse();
  expect(data.data.map(({ embedding }) => embedding)).toEqual([
    [3, 0.5],
    [5, 0.5],
  ]);
  expect(upstream.asked.at(-1)!.body).toEqual({ ...request, model: 'test' });
  const row = spooledRows(gateway.home).find(({ id }) => id === response.headers.get(HEADERS.traceId))!;
  expect(row).toMatchObject({
    status: 'ok',
    alias: 'vectors',
    target: 'lab/test',
    model_answered: 'embedder-1',
    tokens_in: 7,
    tokens_out: 0,
  });
  expect(row.cost_usd).toBeCloseTo((7 * 2.5) / 1e6, 12);
  expect(JSON.parse(row.response)).toMatchObject({ vectors: 2 });
  expect(row.response).not.toContain('0.5');
});

test.each([
  [{}, 'input'],
  [{ input: [] }, 'input'],
  [{ input: ['a', 1] }, 'input[1]'],
  [{ input: [[1, 'b']] }, 'input[0]'],
  [{ input: 5 }, 'input'],
  [{ input: Array.from({ length: 2049 }, () => 'a') }, 'input'],
])('what is no input is refused by name: %#', async (body, param) => {
  const answer = await fetch(`${gateway.url}/v1/embeddings`, {
    method: 'POST',
    headers: { authorization: `Bearer ${ADMIN_KEY}` },
    body: JSON.stringify({ model: 'vectors', ...body }),
  });
  expect([answer.status, ((await answer.json()) as { error: { param: string } }).error.param]).toEqual([400, param]);
});

test('what can only chat says so', async () => {
  await expect(client.embeddings.create({ model: 'student/none', input: 'x' })).rejects.toMatchObject({ status: 404 });
});

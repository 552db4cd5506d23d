import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startTestStack, type TestStack } from '../support/stack.ts';
import { until } from '../support/until.ts';

// A provider that answers every call with one word.
const provider = createServer((request, response) => {
  request.resume().on('end', () => {
    const choices = [{ index: 0, message: { role: 'assistant', content: 'card_arrival' }, finish_reason: 'stop' }];
    const usage = { prompt_tokens: 10, completion_tokens: 2, total_tokens: 12 };
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify({ id: 'x', object: 'chat.completion', created: 1, model: 'one-word', choices, usage }));
  });
});
let stack: TestStack;

beforeAll(async () => {
  await new Promise<void>((done) => provider.listen(0, '127.0.0.1', done));
  const { port } = provider.address() as AddressInfo;
  const model = '{ id: one-word, inputUsdPerMTok: 1, outputUsdPerMTok: 1 }';
  stack = await startTestStack({
    configuration: `providers:\n  - { id: lab, kind: openai-compatible, baseUrl: "http://127.0.0.1:${port}/v1", allowPrivateAddress: true, models: [${model}] }\n`,
  });
});
afterAll(async () => {
  await stack.stop();
  provider.close();
});

async function call(path: string, method: string, body?: unknown) {
  const headers = { authorization: `Bearer ${stack.adminKey}`, 'content-type': 'application/json' };
  const response = await fetch(stack.url + path, { method, headers, ...(body !== undefined && { body: JSON.stringify(body) }) });
  const text = await response.text();
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
  return JSON.parse(text);
}

test('on a fresh home: an alias, calls while every part is struck, and each answered call is there once', async () => {
  await call('/api/aliases/support', 'PUT', { targets: [{ target: 'lab/one-word', weight: 1 }], reason: 'first' });
  const ask = (index: string) =>
    call('/v1/chat/completions', 'POST', { model: 'support', messages: [{ role: 'user', content: 'where is it' }], metadata: { index } });
  await until('the alias is seen', () =>
    ask('warm')
      .then(() => true)
      .catch(() => false),
  );

  const answered = new Set<string>();
  let striking = true;
  const calls = (async () => {
    for (let index = 0; striking; index++) {
      const text = String(index);
      await ask(text).then(
        () => answered.add(text),
        () => undefined,
      );
    }
  })();
  for (const name of ['clickhouse', 'gateway', 'temporal', 'worker', 'gateway'] as const) await stack.strike(name);
  striking = false;
  await calls;
  expect(answered.size).toBeGreaterThan(0);

  const clickhouse = stack.parts().find((part) => part.name === 'clickhouse')!.address!;
  const stored = async () => {
    const query = "SELECT metadata['index'] AS index, count() AS copies FROM stillhouse.traces GROUP BY index FORMAT JSON";
    const response = await fetch(clickhouse, { method: 'POST', body: query });
    if (!response.ok) return new Map<string, number>();
    const { data } = (await response.json()) as { data: { index: string; copies: string }[] };
    return new Map(data.map((row) => [row.index, Number(row.copies)]));
  };
  const rows = await until('every answered call is stored', async () => {
    const now = await stored();
    return [...answered].every((index) => now.has(index)) ? now : null;
  });
  expect([...rows.values()].filter((copies) => copies > 1)).toEqual([]);
});

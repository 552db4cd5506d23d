import type OpenAI from 'openai';
import { toFile } from 'openai';
import { expect, test } from 'vitest';
import { rememberObjects } from '../../store/clickhouse/provider-objects.ts';
import { ADMIN_KEY } from './gateway-process.ts';
import { AT_LAB, jsonl, sound, passthroughStack } from './passthrough-stack.ts';

/** OpenAI's client, untouched, over files and batches: whose they are, and what keys may do, to an upstream that takes only what OpenAI describes. */

const stack = passthroughStack();

test('files: uploaded, looked at, listed, read, deleted', async () => {
  const file = await stack.admin.files.create({ file: await jsonl(), purpose: 'batch' }, AT_LAB);
  expect(stack.check('OpenAIFile')(file)).toEqual([]);
  expect(stack.lab.forms['/v1/files']).toEqual({
    fields: { purpose: 'batch' },
    files: { file: expect.objectContaining({ name: 'batch.jsonl', bytes: 18 }) },
  });
  expect(stack.lab.headers[0]!.authorization).toBe('Bearer lab-secret');
  expect(await stack.admin.files.retrieve(file.id)).toEqual(file);
  expect(await (await stack.admin.files.content(file.id)).text()).toBe('{"custom_id":"a"}\n');
  const page = await stack.admin.files.list();
  expect(page.data.map(({ id }) => id)).toContain(file.id);
  expect(stack.check('ListFilesResponse')(await (await stack.admin.files.list().asResponse()).json())).toEqual([]);
  expect(await stack.admin.files.delete(file.id)).toEqual({ id: file.id, object: 'file', deleted: true });
  await expect(stack.admin.files.retrieve(file.id)).rejects.toMatchObject({ status: 404, code: 'not_found' });
  expect((await stack.admin.files.list()).data.map(({ id }) => id)).not.toContain(file.id);
  expect(stack.lab.faults).toEqual([]);
  expect(stack.other.asked).toEqual([]);
});

test('files: the provider by a field of the form or the query; several without a word are a 400', async () => {
  const byField = { file: await jsonl(), purpose: 'batch', provider: 'other' } as Parameters<OpenAI['files']['create']>[0];
  const file = await stack.admin.files.create(byField);
  expect(file.id).toMatch(/^other-/);
  expect(stack.other.forms['/v1/files']!.fields).toEqual({ purpose: 'batch' });
  const byQuery = await stack.admin.files.create({ file: await jsonl(), purpose: 'batch' }, { query: { provider: 'other' } });
  expect(byQuery.id).toMatch(/^other-/);
  expect(stack.other.faults).toEqual([]);
  await expect(stack.admin.files.create({ file: await jsonl(), purpose: 'batch' })).rejects.toMatchObject({
    status: 400,
    param: 'provider',
    message: expect.stringContaining('"lab", "other"'),
  });
  expect(stack.lab.asked).toEqual([]);
});

test('batches: with their files, their metadata, and what they have written', async () => {
  const file = await stack.admin.files.create({ file: await jsonl(), purpose: 'batch' }, AT_LAB);
  const asked = { input_file_id: file.id, endpoint: '/v1/chat/completions', completion_window: '24h', metadata: { run: '7' } } as const;
  const batch = await stack.admin.batches.create(asked);
  expect(stack.lab.bodies['/v1/batches']).toEqual(asked);
  expect(stack.check('Batch')(batch)).toEqual([]);
  expect((await stack.admin.batches.list()).data.map(({ id }) => id)).toEqual([batch.id]);
  stack.lab.batchIsDone = true;
  const done = await stack.admin.batches.retrieve(batch.id);
  expect(done.status).toBe('completed');
  expect(await (await stack.admin.files.content(done.output_file_id!)).text()).toBe('{"custom_id":"a"}\n');
  await stack.admin.files.delete(done.output_file_id!);
  await stack.admin.batches.retrieve(batch.id);
  await expect(stack.admin.files.retrieve(done.output_file_id!)).rejects.toMatchObject({ status: 404 });
  expect((await stack.admin.batches.cancel(batch.id)).status).toBe('cancelling');
  expect(stack.lab.faults).toEqual([]);
  const row = await stack.traceOf('batches', `request LIKE '%input_file_id%'`);
  expect(row).toMatchObject({ target: 'lab/batches', provider: 'lab', status: 'ok', http_status: 200, cost_usd: 0 });
});

test("another project's files and batches are not found, by no way", async () => {
  const file = await stack.admin.files.create({ file: await jsonl(), purpose: 'batch' }, AT_LAB);
  const batch = await stack.admin.batches.create({ input_file_id: file.id, endpoint: '/v1/chat/completions', completion_window: '24h' });
  const theirs = await stack.keyOf({}, 'theirs');
  stack.lab.asked.length = 0;
  const notFound = { status: 404, code: 'not_found' };
  await expect(theirs.client.files.retrieve(file.id)).rejects.toMatchObject(notFound);
  await expect(theirs.client.files.content(file.id)).rejects.toMatchObject(notFound);
  await expect(theirs.client.files.delete(file.id)).rejects.toMatchObject(notFound);
  await expect(theirs.client.batches.retrieve(batch.id)).rejects.toMatchObject(notFound);
  await expect(theirs.client.batches.cancel(batch.id)).rejects.toMatchObject(notFound);
  const made = theirs.client.batches.create({ input_file_id: file.id, endpoint: '/v1/chat/completions', completion_window: '24h' });
  await expect(made).rejects.toMatchObject(notFound);
  await expect(theirs.client.files.list({ after: file.id })).rejects.toMatchObject(notFound);
  const drawn = theirs.client.post('/images/edits', { body: { model: 'lab/gpt-image-1', prompt: 'x', images: [{ file_id: file.id }] } });
  await expect(drawn).rejects.toMatchObject(notFound);
  expect((await theirs.client.files.list()).data).toEqual([]);
  expect((await theirs.client.batches.list()).data).toEqual([]);
  expect(stack.lab.asked).toEqual([]);
  const own = await theirs.client.files.create({ file: await jsonl(), purpose: 'batch' }, AT_LAB);
  expect((await theirs.client.files.list()).data.map(({ id }) => id)).toEqual([own.id]);
  expect((await stack.clientOf(ADMIN_KEY, { 'x-stillhouse-project': 'theirs' }).files.list()).data.map(({ id }) => id)).toEqual([own.id]);
});

test('lists go on by pages, newest or oldest first, across providers', async () => {
  const { client } = await stack.keyOf({}, 'pages');
  const ids: string[] = [];
  for (const provider of ['lab', 'other', 'lab']) {
    const purpose = provider === 'lab' ? 'batch' : 'user_data';
    ids.push((await client.files.create({ file: await jsonl(), purpose }, { headers: { 'x-stillhouse-provider': provider } })).id);
  }
  const all = async (query: object) => (await Array.fromAsync(client.files.list(query))).map(({ id }) => id);
  expect(await all({ limit: 1 })).toEqual(ids.toReversed());
  expect(await all({ limit: 2, order: 'asc' })).toEqual(ids);
  expect(await all({ purpose: 'user_data' })).toEqual([ids[1]]);
  expect(stack.lab.faults).toEqual([]);
});

test('a list asks for a bounded number of objects, though thousands are there no more, and goes on where it stopped', async () => {
  const { client } = await stack.keyOf({}, 'expired');
  const first = await client.files.create({ file: await jsonl(), purpose: 'batch' }, AT_LAB);
  const gone = Array.from({ length: 350 }, (_, index) => {
    const createdAt = new Date(Date.now() + 1000 + index).toISOString();
    return { kind: 'file' as const, id: `gone-${index}`, provider: 'lab', purpose: 'batch', keyId: 'k', createdAt };
  });
  await rememberObjects(stack.clickhouse.client, 'expired', gone);
  stack.lab.asked.length = 0;
  const page = (await (await client.files.list({ limit: 5 }).asResponse()).json()) as object;
  expect(page).toMatchObject({ data: [], has_more: true, last_id: 'gone-50' });
  expect(stack.lab.asked).toHaveLength(300);
  expect((await client.files.list({ after: 'gone-50' })).data.map(({ id }) => id)).toEqual([first.id]);
});

test('keys: models, requests and dollars hold as for chat', async () => {
  const narrow = await stack.keyOf({ models: ['lab/whisper-1'] });
  expect((await narrow.client.audio.transcriptions.create({ file: await sound(), model: 'lab/whisper-1' })).text).toBe('four');
  stack.lab.asked.length = 0;
  const forbidden = { status: 403, code: 'forbidden' };
  await expect(narrow.client.audio.transcriptions.create({ file: await sound(), model: 'ears' })).rejects.toMatchObject(forbidden);
  await expect(narrow.client.images.generate({ model: 'painter', prompt: 'x' })).rejects.toMatchObject(forbidden);
  const elsewhere = await stack.keyOf({ models: ['messages/claude'] });
  await expect(elsewhere.client.files.create({ file: await jsonl(), purpose: 'batch' }, AT_LAB)).rejects.toMatchObject(forbidden);
  await expect(elsewhere.client.files.list()).rejects.toMatchObject(forbidden);
  expect(stack.lab.asked).toEqual([]);
  const wide = await stack.keyOf({ models: ['lab/*'] });
  const { id } = await wide.client.files.create({ file: await jsonl(), purpose: 'batch' }, AT_LAB);
  expect((await wide.client.files.list({ limit: 1 })).data.map((file) => file.id)).toEqual([id]);
  const seldom = await stack.keyOf({ limits: { requestsPerMinute: 1 } });
  await seldom.client.files.create({ file: await jsonl(), purpose: 'batch' }, AT_LAB);
  await expect(seldom.client.files.create({ file: await jsonl(), purpose: 'batch' }, AT_LAB)).rejects.toMatchObject({
    status: 429,
    code: 'rate_limited',
  });
  const poor = await stack.keyOf({ limits: { usdPerDay: 0.3 } });
  await poor.client.images.generate({ model: 'painter', prompt: 'one' });
  await expect(poor.client.images.generate({ model: 'painter', prompt: 'two', n: 2 })).rejects.toMatchObject({
    status: 402,
    code: 'budget_exceeded',
  });
});

test('batches: a key that may not call all models makes those whose lines it may', async () => {
  const narrow = await stack.keyOf({ models: ['lab/gpt-4o', 'lab/gpt-4o-mini*'] });
  const line = (model: string, id = '1') =>
    JSON.stringify({ custom_id: id, method: 'POST', url: '/v1/chat/completions', body: { model, messages: [] } });
  const make = async (...lines: string[]) => {
    const { id } = await narrow.client.files.create(
      { file: await toFile(Buffer.from(lines.join('\n')), 'a.jsonl'), purpose: 'batch' },
      AT_LAB,
    );
    stack.lab.asked.length = 0;
    return narrow.client.batches.create({ input_file_id: id, endpoint: '/v1/chat/completions', completion_window: '24h' });
  };
  const many = Array.from({ length: 3_000 }, (_, index) => line('gpt-4o', `${index}-${'é'.repeat(50)}`));
  expect((await make(...many, line('gpt-4o-mini-2024'), '', '')).object).toBe('batch');
  stack.lab.asked.length = 0;
  const forbidden = { status: 403, message: expect.stringContaining('may not call the model "lab/o3"') };
  await expect(make(...many, line('o3'))).rejects.toMatchObject(forbidden);
  await expect(make(line('gpt-4o'), line('o3'), 'no JSON')).rejects.toMatchObject(forbidden);
  const unclear = { status: 400, param: 'input_file_id', message: expect.stringContaining('line 2 does not name one model') };
  for (const odd of [
    'no JSON',
    '{"custom_id":"a"}',
    '{"body":{"model":"o3","model":"gpt-4o"}}',
    '{"body":{"model":"o3"},"body":{"model":"gpt-4o"}}',
    '{"body":{"model":"o3","mod\\u0065l":"gpt-4o"}}',
    '{"body":{"model":["o3"]}}',
  ])
    await expect(make(line('gpt-4o'), odd)).rejects.toMatchObject(unclear);
  expect(stack.lab.asked.filter((asked) => asked.includes('batches'))).toEqual([]);
  expect(stack.lab.faults).toEqual([]);
  expect(await stack.traceOf('batches', `http_status = 403`)).toMatchObject({ error_class: 'forbidden', cost_usd: 0 });
  stack.lab.instead = (request, response) => request.url!.endsWith('/content') && (response.writeHead(500).end(), true);
  await expect(make(line('gpt-4o'))).rejects.toMatchObject({ status: 400, message: expect.stringContaining('its provider answers 500') });
});

test('batches: files that lines name are the project’s own', async () => {
  const picture = await stack.admin.files.create({ file: await jsonl(), purpose: 'vision' }, AT_LAB);
  const theirs = await stack.keyOf({}, 'lines');
  const make = async (client: OpenAI, name: string) => {
    const content = [{ type: 'file', file: { file_id: picture.id } }];
    const line = JSON.stringify({ custom_id: '1', body: { model: 'gpt-4o', messages: [{ role: 'user', content }] } });
    const text = `${'{"custom_id":"a"}\n'.repeat(500)}${line.replace('file_id', name)}\n`;
    const { id } = await client.files.create({ file: await toFile(Buffer.from(text), 'a.jsonl'), purpose: 'batch' }, AT_LAB);
    return client.batches.create({ input_file_id: id, endpoint: '/v1/chat/completions', completion_window: '24h' });
  };
  const missing = { status: 404, message: `404 No such File object: ${picture.id}` };
  await expect(make(theirs.client, 'file_id')).rejects.toMatchObject(missing);
  await expect(make(theirs.client, 'file_\\u0069d')).rejects.toMatchObject(missing);
  expect((await make(stack.admin, 'file_id')).object).toBe('batch');
  expect(stack.lab.asked.filter((asked) => asked === 'POST /v1/batches')).toHaveLength(1);
});

test('without ClickHouse files are a 503 before they go up; what needs no record goes on', async () => {
  await stack.clickhouse.kill();
  try {
    await expect(stack.admin.files.create({ file: await jsonl(), purpose: 'batch' }, AT_LAB)).rejects.toMatchObject({ status: 503 });
    await expect(stack.admin.files.retrieve('lab-file-1')).rejects.toMatchObject({ status: 503 });
    expect(stack.lab.asked).toEqual([]);
    expect((await stack.admin.audio.transcriptions.create({ file: await sound(), model: 'lab/whisper-1' })).text).toBe('four');
  } finally {
    await stack.clickhouse.restart();
  }
});

import { readdirSync, readFileSync } from 'node:fs';
import { once } from 'node:events';
import { connect } from 'node:net';
import { join } from 'node:path';
import { toFile } from 'openai';
import { expect, test } from 'vitest';
import { until } from '../support/until.ts';
import { ADMIN_KEY } from './gateway-process.ts';
import { failed, SOUND } from './openai-upstream.ts';
import { AT_LAB, jsonl, passthroughStack } from './passthrough-stack.ts';

/** What somebody would try who wants another's files, more than was paid for, or a gateway that stands still. */

const stack = passthroughStack({ limits: { maxUploadBytes: 2 * 1024 * 1024 } });

const send = (path: string, body: string, headers: Record<string, string> = {}, method = 'POST') =>
  fetch(`${stack.gateway.url}/v1${path}`, {
    method,
    headers: { authorization: `Bearer ${ADMIN_KEY}`, 'content-type': 'application/json', ...headers },
    ...(method === 'POST' ? { body } : {}),
  });

test('HEAD is refused: its answer would be left open for ever', async () => {
  const file = await stack.admin.files.create({ file: await jsonl(), purpose: 'batch' }, AT_LAB);
  stack.lab.asked.length = 0;
  for (const path of ['/files', `/files/${file.id}`, `/files/${file.id}/content`])
    expect((await send(path, '', {}, 'HEAD')).status).toBe(405);
  expect(stack.lab.asked).toEqual([]);
  const metrics = await (await fetch(`${stack.gateway.url}/metrics`)).text();
  expect(metrics).toMatch(/^stillhouse_calls_in_flight(?:\{\})? 0$/m);
});

test('an answer without a body is one; a file that stays is not forgotten', async () => {
  const file = await stack.admin.files.create({ file: await jsonl(), purpose: 'batch' }, AT_LAB);
  stack.lab.instead = (_request, response) => {
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ id: file.id, object: 'file', deleted: false }));
    return true;
  };
  expect((await stack.admin.files.delete(file.id)).deleted).toBe(false);
  stack.lab.instead = () => false;
  expect((await stack.admin.files.retrieve(file.id)).id).toBe(file.id);
  stack.lab.instead = (_request, response) => (response.writeHead(204).end(), true);
  expect((await send(`/files/${file.id}`, '', {}, 'DELETE')).status).toBe(204);
  stack.lab.instead = () => false;
  await expect(stack.admin.files.retrieve(file.id)).rejects.toMatchObject({ status: 404, message: `404 No such File object: ${file.id}` });
});

test('members that stand twice are one by the time that the provider reads them', async () => {
  const file = await stack.admin.files.create({ file: await jsonl(), purpose: 'batch' }, AT_LAB);
  const seen: string[] = [];
  stack.lab.instead = (request, response) => {
    if (request.method !== 'POST') return false;
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      seen.push(Buffer.concat(chunks).toString());
      failed(response, 400, 'seen');
    });
    return true;
  };
  await send('/batches', `{"input_file_id":"lab-file-theirs","input_file_id":"${file.id}","endpoint":"/v1/chat/completions"}`);
  const twice = `{"file_id":"lab-file-theirs","file_id":"${file.id}"}`;
  await send(
    '/images/edits',
    `{"model":"lab/gpt-image-1","images":[{"file_id":"lab-file-theirs"}],"images":[${twice}],"mask":{"file_\\u0069d":"lab-file-theirs","file_id":null},"n":10,"n":1}`,
  );
  expect(seen).toHaveLength(2);
  expect(seen.join()).not.toContain('theirs');
  expect(JSON.parse(seen[1]!)).toEqual({ model: 'gpt-image-1', images: [{ file_id: file.id }], mask: { file_id: null }, n: 1 });
  const form = await toFile(SOUND, 'a.png', { type: 'image/png' });
  const named = { model: 'painter', image: form, prompt: 'x', 'images[0][file_id]': file.id } as Parameters<
    typeof stack.admin.images.edit
  >[0];
  await expect(stack.admin.images.edit(named)).rejects.toMatchObject({ status: 400, param: expect.stringContaining('file_id') });
});

test('a caller who leaves with a picture has paid for it', async () => {
  const { client } = await stack.keyOf({ limits: { usdPerDay: 0.3 } });
  stack.lab.instead = (_request, response) => {
    response.writeHead(200, { 'content-type': 'application/json' }).write('{"data":[{"b64_json":"');
    return true;
  };
  const leaving = new AbortController();
  const answer = await client.images.generate({ model: 'lab/gpt-image-1', prompt: 'mine' }, { signal: leaving.signal }).asResponse();
  await answer.body!.getReader().read();
  leaving.abort();
  expect(await stack.traceOf('images', `status = 'cancelled'`)).toMatchObject({ http_status: 200, cost_usd: expect.closeTo(0.2496, 3) });
  stack.lab.instead = () => false;
  await expect(client.images.generate({ model: 'lab/gpt-image-1', prompt: 'two' })).rejects.toMatchObject({ status: 402 });
});

test('worst cases: a number that only another reader understands, and pictures that are given', async () => {
  const poor = await stack.keyOf({ limits: { usdPerDay: 0.5 } });
  const refused = { status: 402, code: 'budget_exceeded' };
  for (const n of ['１０', '1e1'] as unknown as number[])
    await expect(poor.client.images.generate({ model: 'lab/gpt-image-1', prompt: 'x', n })).rejects.toMatchObject(refused);
  // 17 pictures of 6,240 tokens and one that is drawn: 0.78 dollars.
  const images = Array.from({ length: 16 }, () => ({ image_url: 'https://example.com/a.png' }));
  await expect(poor.client.post('/images/edits', { body: { model: 'lab/gpt-image-1', prompt: 'x', images } })).rejects.toMatchObject(
    refused,
  );
  expect(stack.lab.asked).toEqual([]);
  await poor.client.images.generate({ model: 'lab/gpt-image-1', prompt: 'x' });
});

test('a form of bytes that come one by one takes no more memory than it has', async () => {
  const before = residentBytes();
  const field = 'x'.repeat(900_000);
  const form = `--b\r\ncontent-disposition: form-data; name="prompt"\r\n\r\n${field}\r\n--b--\r\n`;
  expect(await sendByteByByte('/images/edits', form)).toBe(400);
  // Each in a buffer of its own they took 213 MB.
  expect((residentBytes() - before) / 2 ** 20).toBeLessThan(60);
});

/** Sends a form in chunks of one byte, many to a packet. */
async function sendByteByByte(path: string, form: string): Promise<number> {
  const url = new URL(stack.gateway.url);
  const socket = connect(Number(url.port), url.hostname);
  const headers = `authorization: Bearer ${ADMIN_KEY}\r\ncontent-type: multipart/form-data; boundary=b\r\ntransfer-encoding: chunked`;
  socket.write(`POST /v1${path} HTTP/1.1\r\nhost: x\r\n${headers}\r\n\r\n`);
  socket.write(`${Array.from(form, (letter) => `1\r\n${letter}\r\n`).join('')}0\r\n\r\n`);
  const [answer] = (await once(socket, 'data')) as [Buffer];
  socket.destroy();
  return Number(/^HTTP\/1.1 (\d+)/.exec(answer.toString())?.[1]);
}

function residentBytes(): number {
  return Number(/VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${stack.gateway.pid}/status`, 'utf8'))![1]) * 1024;
}

test('uploads that wait have a room of their own on the disk, and give it back', async () => {
  const head = '--b\r\ncontent-disposition: form-data; name="file"; filename="a"\r\n\r\n';
  const waiting = Array.from({ length: 5 }, () => new AbortController());
  const sent = waiting.map(({ signal }) =>
    fetch(`${stack.gateway.url}/v1/audio/transcriptions`, {
      method: 'POST',
      signal,
      duplex: 'half',
      headers: { authorization: `Bearer ${ADMIN_KEY}`, 'content-type': 'multipart/form-data; boundary=b' },
      body: new ReadableStream({
        start: (controller) => controller.enqueue(Buffer.from(head + 'x'.repeat(1_900_000))),
      }),
    } as RequestInit).then(
      ({ status }) => status,
      () => 0,
    ),
  );
  expect(await Promise.race(sent)).toBe(503);
  for (const one of waiting) one.abort();
  await Promise.all(sent);
  expect(readdirSync(join(stack.gateway.home, 'tmp'))).toEqual([]);
  await until('there is room again', async () => {
    const form = new FormData();
    form.append('file', new Blob([new Uint8Array(1_900_000)]), 'a');
    form.append('model', 'ears');
    const headers = { authorization: `Bearer ${ADMIN_KEY}` };
    return (await fetch(`${stack.gateway.url}/v1/audio/transcriptions`, { method: 'POST', headers, body: form })).status === 200;
  });
});

test('nothing of a file that is read is kept, whatever type it says it has', async () => {
  const file = await stack.admin.files.create({ file: await jsonl(), purpose: 'batch' }, AT_LAB);
  stack.lab.instead = (_request, response) => (response.writeHead(200, { 'content-type': 'text/html' }).end('<b>a secret page</b>'), true);
  const answer = await send(`/files/${file.id}/content`, '', {}, 'GET');
  expect(answer.headers.get('x-content-type-options')).toBe('nosniff');
  expect(await answer.text()).toContain('secret');
  const row = await stack.traceOf('files', `request LIKE '%/content%'`);
  expect(JSON.parse(row.response)).toEqual({ contentType: 'text/html', bytes: 20 });
});

test('headers: nothing of the gateway’s own and of the caller’s goes up, nothing of the provider’s account comes down', async () => {
  stack.lab.instead = (_request, response) => {
    response
      .writeHead(200, { 'content-type': 'application/json', 'set-cookie': 'a=b', server: 'x', location: 'http://inside', via: 'y' })
      .end('{}');
    return true;
  };
  const answer = await send('/moderations', '{"input":"x"}', {
    'x-stillhouse-provider': 'lab',
    cookie: 'a=b',
    'x-forwarded-for': '1.2.3.4',
    'x-api-key': 'k',
  });
  expect(answer.status).toBe(200);
  for (const name of ['set-cookie', 'server', 'location', 'via']) expect(answer.headers.get(name)).toBeNull();
  expect(Object.keys(stack.lab.headers[0]!).sort()).toEqual(['authorization', 'connection', 'content-length', 'content-type', 'host']);
  expect(stack.lab.headers[0]!.authorization).toBe('Bearer lab-secret');
});

test('files that chat names are the project’s own, however the name is written', async () => {
  const file = await stack.admin.files.create({ file: await jsonl(), purpose: 'user_data' }, AT_LAB);
  const theirs = await stack.keyOf({}, 'theirs');
  stack.lab.asked.length = 0;
  stack.lab.instead = (request, response) => {
    if (request.url !== '/v1/chat/completions') return false;
    const choices = [{ index: 0, message: { role: 'assistant', content: 'read' }, finish_reason: 'stop' }];
    const body = { id: 'c', object: 'chat.completion', created: 1, model: 'gpt-4o-transcribe', choices };
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    return true;
  };
  const model = 'lab/gpt-4o-transcribe';
  const messages = [{ role: 'user' as const, content: [{ type: 'file' as const, file: { file_id: file.id } }] }];
  const missing = { status: 404, message: `404 No such File object: ${file.id}`, param: 'file_id' };
  await expect(theirs.client.chat.completions.create({ model, messages })).rejects.toMatchObject(missing);
  const escaped = JSON.stringify({ model, messages }).replace('file_id', 'file_\\u0069d');
  expect((await send('/chat/completions', escaped, { 'x-stillhouse-project': 'theirs' })).status).toBe(404);
  // The other ways in take no files by their ids.
  const named = { type: 'file', file_id: file.id };
  const bySource = [{ role: 'user', content: [{ type: 'document', source: named }] }];
  for (const [path, body] of [
    ['/responses', { model, input: [{ role: 'user', content: [{ ...named, type: 'input_file' }] }] }],
    ['/messages', { model, max_tokens: 9, messages: bySource }],
  ] as const)
    expect((await send(path, JSON.stringify(body))).status).toBe(400);
  expect(stack.lab.asked).toEqual([]);
  expect((await stack.admin.chat.completions.create({ model, messages })).choices[0]!.message.content).toBe('read');
  expect((await send('/chat/completions', escaped)).status).toBe(200);
});

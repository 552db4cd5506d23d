import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { request as httpRequest } from 'node:http';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { expect, test } from 'vitest';
import { until } from '../support/until.ts';
import { ADMIN_KEY } from './gateway-process.ts';
import { SOUND } from './openai-upstream.ts';
import { AT_LAB, jsonl, passthroughStack } from './passthrough-stack.ts';

/** Bodies on their way: cut, left alone, malformed, and too large to be held. */

const stack = passthroughStack();

test('a download that is cut is no whole file, and its trace says so', async () => {
  const file = await stack.admin.files.create({ file: await jsonl(), purpose: 'batch' }, AT_LAB);
  stack.lab.instead = (_request, response) => {
    response.writeHead(200, { 'content-type': 'application/octet-stream', 'content-length': 100_000 });
    response.write(SOUND.subarray(0, 50_000), () => response.destroy());
    return true;
  };
  const answer = await stack.admin.files.content(file.id);
  await expect(answer.arrayBuffer()).rejects.toThrow();
  const row = await stack.traceOf('files', `status = 'error' AND http_status = 200`);
  expect(row).toMatchObject({ error_class: 'upstream_reset', http_status: 200 });
  expect(Number(row.response_bytes)).toBe(50_000);
});

test('a caller who goes away ends the provider’s work: amid an upload, before an answer, and amid a download', async () => {
  const speech = await stack.admin.audio.speech.create(
    { model: 'voice', input: 'Hello', voice: 'alloy' },
    { signal: AbortSignal.timeout(30_000) },
  );
  await speech.arrayBuffer();
  stack.lab.instead = (_request, response) => {
    response.writeHead(200, { 'content-type': 'audio/mpeg' }).write(SOUND.subarray(0, 1000));
    return true;
  };
  const leaving = new AbortController();
  const answer = await stack.admin.audio.speech.create({ model: 'voice', input: 'Stay', voice: 'alloy' }, { signal: leaving.signal });
  await answer.body!.getReader().read();
  leaving.abort();
  await until('the download is over', () => stack.lab.aborted === 1);
  expect(await stack.traceOf('audio', `status = 'cancelled' AND alias = 'voice'`)).toMatchObject({ error_class: 'cancelled' });

  stack.lab.instead = () => true;
  const waiting = new AbortController();
  const unanswered = stack.admin.images.generate({ model: 'lab/gpt-image-1', prompt: 'never' }, { signal: waiting.signal });
  await until('it is asked', () => stack.lab.asked.includes('POST /v1/images/generations'));
  waiting.abort();
  await expect(unanswered).rejects.toThrow('aborted');
  await until('the waiting is over', () => stack.lab.aborted === 2);
  expect(await stack.traceOf('images', `status = 'cancelled'`)).toMatchObject({
    http_status: 499,
    tokens_out: 6240,
    cost_usd: expect.closeTo(6240 * 40e-6, 3),
  });

  let arrived = 0;
  stack.lab.instead = (request) => {
    request.on('data', (chunk: Buffer) => (arrived += chunk.length)).on('error', () => undefined);
    return true;
  };
  const upload = rawUpload({ 'x-stillhouse-provider': 'lab' });
  upload.write(`--b\r\ncontent-disposition: form-data; name="file"; filename="a.jsonl"\r\n\r\n${'x'.repeat(200_000)}`);
  await until('a part of it is there', () => arrived > 100_000);
  upload.destroy();
  await until('the upload is over', () => stack.lab.aborted === 3);
  expect(await stack.traceOf('files', `status = 'cancelled'`)).toMatchObject({ error_class: 'cancelled', cost_usd: 0 });
});

function rawUpload(headers: Record<string, string>, path = '/files') {
  const all = { authorization: `Bearer ${ADMIN_KEY}`, 'content-type': 'multipart/form-data; boundary=b', ...headers };
  return httpRequest(`${stack.gateway.url}/v1${path}`, { method: 'POST', headers: all }).on('error', () => undefined);
}

/** `fetch` reads no form with a shorter one. */
const B = 'boundary-of-twenty-seven-letters';

/** Sends a form as it is written. */
async function sendForm(
  path: string,
  form: string,
  headers: Record<string, string> = {},
): Promise<{ status: number; param: string | null }> {
  const all = { authorization: `Bearer ${ADMIN_KEY}`, 'content-type': `multipart/form-data; boundary=${B}`, ...headers };
  const answer = await fetch(`${stack.gateway.url}/v1${path}`, { method: 'POST', headers: all, body: form });
  const body = (await answer.json()) as { error?: { param: string | null } };
  return { status: answer.status, param: body.error?.param ?? null };
}

test('forms that two readers could understand in two ways are refused', async () => {
  const field = (name: string, value: string) => `--${B}\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`;
  const whole = (...parts: string[]) => `${parts.join('')}--${B}--\r\n`;
  expect(
    (
      await sendForm(
        '/audio/transcriptions',
        whole(field('model', 'ears'), `--${B}\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\nx\r\n`),
      )
    ).status,
  ).toBe(200);
  const twice = whole(field('model', 'ears'), field('model', 'lab/whisper-1'));
  expect(await sendForm('/audio/transcriptions', twice)).toEqual({ status: 400, param: 'model' });
  const asFile = whole(`--${B}\r\nContent-Disposition: form-data; name="model"; filename="m"\r\n\r\nears\r\n`);
  expect(await sendForm('/audio/transcriptions', asFile)).toEqual({ status: 400, param: 'model' });
  for (const odd of [
    whole(`--${B}\r\nContent-Disposition: form-data; name="model"; name="x"\r\n\r\nears\r\n`),
    whole(`--${B}\r\nContent-Disposition: form-data; name=model\r\nContent-Disposition: form-data; name=x\r\n\r\nears\r\n`),
    whole(`--${B}\nContent-Disposition: form-data; name="model"\n\nears\n`),
    `preamble\r\n${whole(field('model', 'ears'))}`,
    field('model', 'ears'),
    whole(field('file', `x\r\n--${B}c\r\n`), field('model', 'ears')),
    whole(field('fi\\"le', 'x')),
  ])
    expect((await sendForm('/audio/transcriptions', odd)).status).toBe(400);
  expect((await sendForm('/audio/transcriptions', '', { 'content-type': 'multipart/form-data' })).status).toBe(400);
});

const TOTAL = 300 * 1024 * 1024;
const MIB = 1024 * 1024;
/** A third of what goes through. */
const FLAT_MIB = 100;

/** A form with a file of `TOTAL` bytes: sent piece by piece, told by its hash. */
async function sendLarge(path: string, head: string, end: string): Promise<{ status: number; bytes: number; sha256: string }> {
  const hash = createHash('sha256');
  const upload = rawUpload({ 'x-stillhouse-provider': 'lab' }, path);
  const answered = new Promise<number>((resolve) => upload.on('response', (response) => resolve(response.resume().statusCode!)));
  const write = async (piece: string | Buffer) => {
    hash.update(piece);
    if (!upload.write(piece)) await new Promise((resolve) => upload.once('drain', resolve));
  };
  await write(head);
  for (let at = 0; at < TOTAL; at += SOUND.length) await write(SOUND);
  await write(end);
  upload.end();
  return { status: await answered, bytes: head.length + TOTAL + end.length, sha256: hash.digest('hex') };
}

/** Has the upstream take in bodies of any size; what it has got by then. */
function takeLarge(answer: object): { bytes: number; hash: ReturnType<typeof createHash> } {
  const taken = { bytes: 0, hash: createHash('sha256') };
  stack.lab.instead = (request, response) => {
    if (request.method !== 'POST') return false;
    request.on('data', (chunk: Buffer) => {
      taken.bytes += chunk.length;
      taken.hash.update(chunk);
    });
    request.on('end', () => response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(answer)));
    return true;
  };
  return taken;
}

const PURPOSE = '--b\r\ncontent-disposition: form-data; name="purpose"\r\n\r\nbatch\r\n';
const FILE = '--b\r\ncontent-disposition: form-data; name="file"; filename="a"\r\n\r\n';
const MODEL = '\r\n--b\r\ncontent-disposition: form-data; name="model"\r\n\r\nlab/tts-1\r\n--b--\r\n';

test('300 MB go up and come down with the gateway’s memory flat', async () => {
  const taken = takeLarge({
    id: 'lab-file-large',
    object: 'file',
    bytes: TOTAL,
    created_at: 1,
    filename: 'a',
    purpose: 'batch',
    status: 'processed',
  });
  const before = peakBytes();
  const sent = await sendLarge('/files', PURPOSE + FILE, '\r\n--b--\r\n');
  expect(sent.status).toBe(200);
  expect([taken.bytes, taken.hash.digest('hex')]).toEqual([sent.bytes, sent.sha256]);
  const afterUpload = peakBytes();
  stack.lab.instead = (_request, response) => {
    response.writeHead(200, { 'content-type': 'application/octet-stream', 'content-length': TOTAL });
    Readable.from(Array.from({ length: TOTAL / SOUND.length }, () => SOUND)).pipe(response);
    return true;
  };
  let read = 0;
  for await (const chunk of (await stack.admin.files.content('lab-file-large')).body!) read += chunk.length;
  expect(read).toBe(TOTAL);
  expect((afterUpload - before) / MIB).toBeLessThan(FLAT_MIB);
  expect((peakBytes() - afterUpload) / MIB).toBeLessThan(FLAT_MIB);
  expect(Number((await stack.traceOf('files', `request_bytes > ${TOTAL}`)).request_bytes)).toBe(sent.bytes);
});

test('300 MB before the field that says where they go wait on the disk, not in memory', async () => {
  const taken = takeLarge({ text: 'long' });
  const before = peakBytes();
  const sent = await sendLarge('/audio/transcriptions', FILE, MODEL);
  expect(sent.status).toBe(200);
  // The model has another name there.
  expect(taken.bytes).toBe(sent.bytes - 'lab/'.length);
  expect((peakBytes() - before) / MIB).toBeLessThan(FLAT_MIB);
  expect(readdirSync(join(stack.gateway.home, 'tmp'))).toEqual([]);
});

/** The most memory that the gateway's process has had so far. */
function peakBytes(): number {
  return Number(/VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${stack.gateway.pid}/status`, 'utf8'))![1]) * 1024;
}

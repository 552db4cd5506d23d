import { toFile } from 'openai';
import { expect, test } from 'vitest';
import { failed, PICTURE, SOUND } from './openai-upstream.ts';
import { AT_LAB, jsonl, sound, sha256, passthroughStack } from './passthrough-stack.ts';

/** OpenAI's client, untouched, over images, audio and moderations, to an upstream that takes only what OpenAI describes. */

const stack = passthroughStack();

test('transcriptions: the file before the model, an alias resolved in the form, usage and price', async () => {
  const text = await stack.admin.audio.transcriptions.create({ file: await sound(), model: 'lab/whisper-1', language: 'en' });
  expect(text.text).toBe('four');
  const form = stack.lab.forms['/v1/audio/transcriptions']!;
  expect(form.fields).toEqual({ model: 'whisper-1', language: 'en' });
  expect(form.files['file']).toEqual({ name: 'speech.mp3', bytes: SOUND.length, sha256: sha256(SOUND) });
  const stream = await stack.admin.audio.transcriptions.create({ file: await sound(), model: 'ears', stream: true });
  const events = await Array.fromAsync(stream);
  expect(events.map(({ type }) => type)).toEqual(['transcript.text.delta', 'transcript.text.done']);
  expect(stack.lab.forms['/v1/audio/transcriptions']!.fields['model']).toBe('gpt-4o-transcribe');
  expect(stack.lab.faults).toEqual([]);
  const row = await stack.traceOf('audio', `alias = 'ears'`);
  expect(row).toMatchObject({
    status: 'ok',
    target: 'lab/gpt-4o-transcribe',
    model_asked: 'ears',
    streamed: true,
    tokens_in: 100,
    tokens_out: 20,
  });
  expect(row.cost_usd).toBeCloseTo(100 * 6e-6 + 20 * 10e-6, 9);
  expect(Number(row.request_bytes)).toBeGreaterThan(SOUND.length);
  const recorded = JSON.parse(row.request) as object;
  expect(recorded).toMatchObject({ model: 'ears', files: [{ field: 'file', filename: 'speech.mp3', bytes: SOUND.length }] });
  expect(row.request.length).toBeLessThan(500);
  // Paid by the second, and no price of that is known.
  expect(await stack.traceOf('audio', `target = 'lab/whisper-1'`)).toMatchObject({ cost_usd: null, tokens_in: 0 });
});

test('translations, images by JSON and by form, moderations', async () => {
  expect((await stack.admin.audio.translations.create({ file: await sound(), model: 'lab/whisper-1' })).text).toBe('four');
  const drawn = await stack.admin.images.generate({ model: 'painter', prompt: 'a still', n: 1 });
  expect(drawn.data![0]!.b64_json).toBe(PICTURE);
  expect(stack.lab.bodies['/v1/images/generations']).toEqual({ model: 'gpt-image-1', prompt: 'a still', n: 1 });
  const picture = await toFile(SOUND, 'a.png', { type: 'image/png' });
  await stack.admin.images.edit({ model: 'painter', image: picture, prompt: 'more copper' });
  expect(stack.lab.forms['/v1/images/edits']!.fields).toEqual({ model: 'gpt-image-1', prompt: 'more copper' });
  await stack.admin.images.createVariation({ image: picture, n: 2 }, AT_LAB);
  expect(stack.lab.forms['/v1/images/variations']!.fields).toEqual({ n: 2 });
  const moderated = await stack.admin.moderations.create({ input: 'Hello' }, AT_LAB);
  expect(moderated.model).toBe('omni-moderation-latest');
  expect(stack.lab.faults).toEqual([]);
  const row = await stack.traceOf('images', `model_asked = 'painter' AND request LIKE '%a still%'`);
  expect(row).toMatchObject({ tokens_in: 100, tokens_out: 1000, prompt_text: '', answer_text: '' });
  expect(row.cost_usd).toBeCloseTo(100 * 5e-6 + 1000 * 40e-6, 9);
  expect(row.response.length).toBeLessThan(1500);
  expect(Number(row.response_bytes)).toBeGreaterThan(PICTURE.length);
  expect(await stack.traceOf('moderations')).toMatchObject({ target: 'lab/moderations', model_answered: 'omni-moderation-latest' });
});

test('speech: the very bytes, and none of them in the trace', async () => {
  const spoken = await stack.admin.audio.speech.create({ model: 'voice', input: 'Hello', voice: 'alloy' });
  expect(spoken.headers.get('content-type')).toBe('audio/mpeg');
  expect(Buffer.from(await spoken.arrayBuffer()).equals(SOUND)).toBe(true);
  expect(stack.lab.bodies['/v1/audio/speech']).toEqual({ model: 'tts-1', input: 'Hello', voice: 'alloy' });
  const row = await stack.traceOf('audio', `alias = 'voice'`);
  expect(JSON.parse(row.response)).toEqual({ contentType: 'audio/mpeg', bytes: SOUND.length });
  expect(row).toMatchObject({ status: 'ok', cost_usd: null });
  expect(Number(row.response_bytes)).toBe(SOUND.length);
});

test('speech costs by its characters, sound by its minutes, where there is such a price, and budgets hold', async () => {
  const { client } = await stack.keyOf({ limits: { usdPerDay: 0.0004 } });
  await client.audio.speech.create({ model: 'lab/tts-1-hd', input: 'Hello 😀', voice: 'alloy' });
  const spoken = await stack.traceOf('audio', `target = 'lab/tts-1-hd'`);
  expect(spoken).toMatchObject({ status: 'ok', tokens_in: 0 });
  expect(spoken.cost_usd).toBeCloseTo(7 * 30e-6, 9);
  await expect(client.audio.speech.create({ model: 'lab/tts-1-hd', input: 'Hello 😀', voice: 'alloy' })).rejects.toMatchObject({
    status: 402,
  });
  await stack.admin.audio.transcriptions.create({ file: await sound(), model: 'lab/whisper-paid' });
  expect((await stack.traceOf('audio', `target = 'lab/whisper-paid'`)).cost_usd).toBeCloseTo(0.006, 9);
  // Its text does not say how long it was.
  stack.lab.instead = (request, response) => {
    request.resume().once('end', () => response.writeHead(200, { 'content-type': 'text/plain' }).end('four'));
    return true;
  };
  const text = { file: await sound(), model: 'lab/whisper-paid', response_format: 'text' } as const;
  expect(await stack.admin.audio.transcriptions.create(text)).toBe('four');
  const unsaid = await stack.traceOf('audio', `target = 'lab/whisper-paid' AND cost_usd IS NULL`);
  expect(unsaid).toMatchObject({ status: 'ok' });
  // In budgets as sound that is thin: 16 kbit/s.
  const seconds = Math.ceil(Number(unsaid.request_bytes) / 2000);
  expect(unsaid.cost_estimated_usd).toBeCloseTo((seconds * 0.006) / 60, 9);
});

test('a target that fails is followed by the next where the body can be sent again', async () => {
  stack.lab.instead = (_request, response) => (failed(response, 500, 'broken'), true);
  const drawn = await stack.admin.images.generate({ model: 'painter', prompt: 'a mash tun' });
  expect(drawn.data![0]!.b64_json).toBe(PICTURE);
  expect(stack.other.bodies['/v1/images/generations']).toEqual({ model: 'gpt-image-1', prompt: 'a mash tun' });
  const row = await stack.traceOf('images', `request LIKE '%mash tun%'`);
  expect(row.attempts.map(({ target, status }) => [target, status])).toEqual([
    ['lab/gpt-image-1', 500],
    ['other/gpt-image-1', 200],
  ]);
});

test('errors: ours and the provider’s, in OpenAI’s shape', async () => {
  await expect(stack.clientOf('sk-wrong').audio.transcriptions.create({ file: await sound(), model: 'ears' })).rejects.toMatchObject({
    status: 401,
    code: 'unauthorized',
  });
  const withQuery = stack.clientOf('sk-wrong').files.create({ file: await sound(), purpose: 'user_data' }, { query: { provider: 'lab' } });
  await expect(withQuery).rejects.toMatchObject({ status: 401, code: 'unauthorized' });
  await expect(stack.clientOf('sk-wrong').files.list()).rejects.toMatchObject({ status: 401, code: 'unauthorized' });
  await expect(stack.admin.images.generate({ model: 'nobody', prompt: 'x' })).rejects.toMatchObject({
    status: 404,
    code: 'model_not_found',
  });
  await expect(stack.admin.audio.transcriptions.create({ file: await sound(), model: 'nobody' })).rejects.toMatchObject({
    status: 404,
    code: 'model_not_found',
  });
  await expect(stack.admin.images.generate({ model: 'messages/claude', prompt: 'x' })).rejects.toMatchObject({
    status: 400,
    param: 'model',
  });
  await expect(
    stack.admin.files.create({ file: await jsonl(), purpose: 'batch' }, { headers: { 'x-stillhouse-provider': 'messages' } }),
  ).rejects.toMatchObject({ status: 400, param: 'provider' });
  const keyedForm = stack.admin.audio.transcriptions.create(
    { file: await sound(), model: 'ears' },
    { headers: { 'idempotency-key': 'k' } },
  );
  await expect(keyedForm).rejects.toMatchObject({
    status: 400,
    param: 'idempotency-key',
  });
  expect(stack.lab.asked).toEqual([]);
  stack.lab.instead = (_request, response) => (failed(response, 429, 'slow down', { 'retry-after': '7' }), true);
  const limited = stack.admin.audio.transcriptions.create({ file: await sound(), model: 'ears' });
  await expect(limited).rejects.toMatchObject({ status: 429, message: expect.stringContaining('slow down') });
  expect(((await limited.catch((error: unknown) => error)) as { headers: Headers }).headers.get('retry-after')).toBe('7');
  expect(await stack.traceOf('audio', 'http_status = 429')).toMatchObject({
    status: 'error',
    error_class: 'rate_limited',
    error_message: 'slow down',
    cost_usd: 0,
  });
  stack.lab.instead = (_request, response) => (failed(response, 401, 'Incorrect API key provided'), true);
  await expect(stack.admin.files.create({ file: await jsonl(), purpose: 'batch' }, AT_LAB)).rejects.toMatchObject({ status: 401 });
});

import { existsSync, readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { Student } from '../../contracts/distil.ts';
import type { ArtifactRef } from '../../contracts/identifiers.ts';
import type { StudentServerConfig } from '../../contracts/language-model.ts';
import { emptySnapshot } from '../../gateway/aliases/apply-versions.ts';
import { parseChatRequest } from '../../gateway/chat/chat-request.ts';
import { CancelSignal } from '../../gateway/providers/cancel-signal.ts';
import { placedStudents, type PlacedStudents } from '../../gateway/providers/language-model/placed-students.ts';
import { studentBackends } from '../../gateway/providers/language-model/student-backends.ts';
import { tinyStudents, type TinyStudents } from './tiny-student.ts';

// Neither server runs here: what they answer is written down from their sources (vLLM's
// entrypoints/openai/models/serving.py, llama.cpp's tools/server of the release that node-llama-cpp 3.22 is built from).

interface Asked {
  method: string;
  path: string;
  authorization: string | undefined;
  body: Record<string, unknown>;
}

let tiny: TinyStudents;
let server: Server;
let url: string;
let answer: (asked: Asked) => { status: number; body: unknown };
let asked: Asked[];
const opened: PlacedStudents[] = [];

beforeAll(async () => {
  tiny = await tinyStudents();
  server = createServer((request, response) => {
    let text = '';
    request.on('data', (chunk: Buffer) => (text += chunk.toString()));
    request.on('end', () => {
      const body = (text === '' ? {} : JSON.parse(text)) as Record<string, unknown>;
      const one = { method: request.method!, path: request.url!, authorization: request.headers.authorization, body };
      asked.push(one);
      const { status, body: said } = answer(one);
      response.writeHead(status, { 'content-type': 'application/json' }).end(typeof said === 'string' ? said : JSON.stringify(said));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
beforeEach(() => void (asked = []));
afterAll(async () => {
  await Promise.all(opened.map((placed) => placed.close()));
  server.close();
  tiny.remove();
});

async function placedOn(kind: StudentServerConfig['kind'], manifest: ArtifactRef) {
  const config: StudentServerConfig = {
    id: 'far',
    kind,
    baseUrl: url,
    apiKeyEnv: 'FAR_KEY',
    adapterFolder: { here: join(tiny.folder, kind), there: '/adapters' },
  };
  const options = { localUrls: undefined, serviceKey: undefined, servers: [config], secret: () => 'sk-far', artifacts: tiny.artifacts };
  const placed = placedStudents(studentBackends({ ...options, usdPerHour: { core: 1, gpu: 3600 } }));
  opened.push(placed);
  const base = { id: 'tiny', digest: 'a'.repeat(64) };
  const student = Student.parse({
    name: 's',
    version: 1,
    kind: 'language-model',
    manifest,
    labels: [],
    base,
    placement: 'far',
    lineage: null,
    evaluation: null,
    createdAt: '2026-01-01T00:00:00.000Z',
  });
  const call = (content = 'card', extra: object = {}) =>
    placed.call(student, {
      model: 's',
      request: parseChatRequest(JSON.stringify({ model: 'x', messages: [{ role: 'user', content }], ...extra }), undefined),
      snapshot: emptySnapshot('default'),
      signal: new CancelSignal(),
    });
  return { placed, student, call, id: `s-${manifest.sha256.slice(0, 12)}`, here: config.adapterFolder!.here };
}

const completion = (model: string) => ({
  id: 'chatcmpl-1',
  object: 'chat.completion',
  created: 1_760_000_000,
  model,
  choices: [{ index: 0, message: { role: 'assistant', content: 'card_arrival', refusal: null }, logprobs: null, finish_reason: 'stop' }],
  usage: { prompt_tokens: 9, total_tokens: 12, completion_tokens: 3 },
});

/** vLLM with the adapters that it has. */
function vllm(adapters: Set<string>) {
  return ({ method, path, body }: Asked) => {
    const error = (status: number, message: string, type: string) => ({
      status,
      body: { error: { message, type, param: null, code: status } },
    });
    const name = (body['lora_name'] ?? body['model']) as string;
    switch (`${method} ${path}`) {
      case 'POST /v1/chat/completions':
        return adapters.has(name)
          ? { status: 200, body: completion(name) }
          : error(404, `The model \`${name}\` does not exist.`, 'NotFoundError');
      case 'POST /v1/load_lora_adapter':
        if (adapters.has(name))
          return error(
            400,
            `The lora adapter '${name}' has already been loaded. If you want to load the adapter in place, set 'load_inplace' to True.`,
            'InvalidUserInput',
          );
        adapters.add(name);
        return { status: 200, body: `Success: LoRA adapter '${name}' added successfully.` };
      case 'POST /v1/unload_lora_adapter':
        if (!adapters.delete(name)) return error(404, `The lora adapter '${name}' cannot be found.`, 'NotFoundError');
        return { status: 200, body: `Success: LoRA adapter '${name}' removed successfully.` };
      default:
        return error(404, 'Not Found', 'NotFoundError');
    }
  };
}

async function withPeft() {
  const config = await tiny.artifacts.put('peft/adapter_config.json', Buffer.from('{"r":4}'));
  const weights = await tiny.artifacts.put('peft/adapter_model.safetensors', Buffer.from('weights'));
  return tiny.student(1, { peft: { config, weights }, templateOptions: { enable_thinking: false } });
}

test('vLLM: an adapter that it does not have is written where it reads it, loaded, and asked again', async () => {
  answer = vllm(new Set());
  const { call, id, here } = await placedOn('vllm', await withPeft());
  const first = await call();
  expect(first).toMatchObject({ status: 200 });
  expect(asked.map((one) => `${one.method} ${one.path}`)).toEqual([
    'POST /v1/chat/completions',
    'POST /v1/load_lora_adapter',
    'POST /v1/chat/completions',
  ]);
  expect(asked[1]!.body).toEqual({ lora_name: id, lora_path: `/adapters/${id}` });
  expect(readFileSync(join(here, id, 'adapter_config.json'), 'utf8')).toBe('{"r":4}');
  expect(readFileSync(join(here, id, 'adapter_model.safetensors'), 'utf8')).toBe('weights');
  expect(asked[2]!.body).toMatchObject({ model: id, temperature: 0, max_tokens: 12, chat_template_kwargs: { enable_thinking: false } });
  expect(asked[2]!.authorization).toBe('Bearer sk-far');
  // A dollar a second of the GPU, for as long as the answer took.
  expect(first.costUsd).toBeGreaterThan(0);
  expect(first.costUsd).toBeLessThan(10);
});

test('vLLM: what the caller says goes before our defaults; an adapter that is loaded is success', async () => {
  const { call, placed, student, id, here } = await placedOn('vllm', await withPeft());
  answer = vllm(new Set([id]));
  await placed.prepare(student);
  await call('card', { temperature: 0.5, max_completion_tokens: 3 });
  expect(asked.at(-1)!.body).toMatchObject({ temperature: 0.5, max_completion_tokens: 3 });
  expect(asked.at(-1)!.body).not.toHaveProperty('max_tokens');
  await placed.release(student);
  expect(asked.at(-1)).toMatchObject({ path: '/v1/unload_lora_adapter', body: { lora_name: id } });
  expect(existsSync(join(here, id))).toBe(false);
  // Not there is success too.
  await placed.release(student);
});

test('vLLM: what it cannot load is said, and a student without PEFT files is none for it', async () => {
  answer = ({ path }) =>
    path.endsWith('chat/completions')
      ? { status: 404, body: { error: { message: 'The model `s` does not exist.', type: 'NotFoundError', code: 404 } } }
      : { status: 400, body: { error: { message: 'LoRA rank 64 is greater than max_lora_rank 16.', type: 'BadRequestError', code: 400 } } };
  const { call } = await placedOn('vllm', await withPeft());
  await expect(call()).rejects.toMatchObject({
    code: 'unavailable',
    retryable: false,
    message: expect.stringContaining('max_lora_rank') as string,
  });
  const bare = await placedOn('vllm', await tiny.student(2));
  await expect(bare.call()).rejects.toMatchObject({ code: 'unavailable', message: expect.stringContaining('PEFT') as string });
});

test.each(['vllm', 'llama-server'] as const)('%s would read control tokens in a message: such a message is refused', async (kind) => {
  const { call, id } = await placedOn(kind, await withPeft());
  answer = ({ path }) =>
    path === '/lora-adapters'
      ? { status: 200, body: [{ id: 0, path: `/adapters/${id}.gguf`, scale: 0 }] }
      : { status: 200, body: completion('x') };
  await expect(call('a<|im_end|>b')).rejects.toMatchObject({ code: 'invalid_request', param: 'messages[0]' });
  expect(asked.filter((one) => one.path.endsWith('chat/completions'))).toEqual([]);
});

test('llama-server: the adapter is chosen by number in each call, whatever the order of its start', async () => {
  const { call, id } = await placedOn('llama-server', await tiny.student(1));
  let adapters = [`/adapters/other.gguf`, `/adapters/${id}.gguf`];
  answer = ({ path }) =>
    path === '/lora-adapters'
      ? { status: 200, body: adapters.map((one, number) => ({ id: number, path: one, scale: 0 })) }
      : { status: 200, body: { ...completion('tiny.gguf'), timings: { prompt_n: 9, prompt_ms: 3.1, predicted_n: 3, predicted_ms: 8.2 } } };
  expect(await call()).toMatchObject({ status: 200 });
  expect(asked.at(-1)!.body).toMatchObject({ lora: [{ id: 1, scale: 1 }], temperature: 0, max_tokens: 12 });
  adapters = adapters.toReversed();
  await call();
  expect(asked.at(-1)!.body['lora']).toEqual([{ id: 0, scale: 1 }]);
});

test('llama-server: an adapter that it was not started with is written for its next start, and said', async () => {
  answer = () => ({ status: 200, body: [] });
  const { call, id, here } = await placedOn('llama-server', await tiny.student(2));
  const message = expect.stringContaining(`--lora /adapters/${id}.gguf`) as string;
  await expect(call()).rejects.toMatchObject({ code: 'unavailable', retryable: false, message });
  expect(
    readFileSync(join(here, `${id}.gguf`))
      .subarray(0, 4)
      .toString(),
  ).toBe('GGUF');
});

test('without a folder that both see neither can serve', () => {
  for (const kind of ['vllm', 'llama-server'] as const) {
    const servers = [{ id: 'far', kind, baseUrl: url }];
    const backends = studentBackends({
      localUrls: '',
      serviceKey: undefined,
      servers,
      secret: () => undefined,
      usdPerHour: { core: 1, gpu: 1 },
      artifacts: tiny.artifacts,
    });
    expect(backends.get('far')!.refusal).toContain('adapterFolder');
  }
});

import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Check } from './openai-schema.ts';

/** A form as the upstream read it, by a reader of its own. */
export interface ReadForm {
  fields: Record<string, unknown>;
  files: Record<string, { name: string; bytes: number; sha256: string }>;
}

/** OpenAI's files, batches, images, audio and moderations: it takes only what OpenAI's description allows. */
export interface OpenAIUpstream {
  url: string;
  /** `method path` of each request. */
  asked: string[];
  headers: IncomingMessage['headers'][];
  /** What was not as OpenAI describes it. */
  faults: string[];
  /** Bodies of the newest requests by their path. */
  bodies: Record<string, Record<string, unknown>>;
  forms: Record<string, ReadForm>;
  /** Connections that were closed before their answer had ended. */
  aborted: number;
  /** Answers instead, where it returns true; before the body is read. */
  instead: (request: IncomingMessage, response: ServerResponse) => boolean;
  batchIsDone: boolean;
  /** What a batch answers to a line of its file; null: each batch writes the same one line, which uses nothing. */
  batchAnswer: ((line: Record<string, unknown>) => object) | null;
  /** Fields of batches that are made, and of those that have ended. */
  batchFields: Record<string, unknown>;
  endedFields: Record<string, unknown>;
  stop(): Promise<void>;
}

/** Fields of forms that are no texts. */
const NUMBERS = new Set(['n', 'temperature', 'output_compression', 'partial_images']);
const FORMS: Record<string, string> = {
  '/v1/files': 'CreateFileRequest',
  '/v1/audio/transcriptions': 'CreateTranscriptionRequest',
  '/v1/audio/translations': 'CreateTranslationRequest',
  '/v1/images/edits': 'CreateImageEditRequest',
  '/v1/images/variations': 'CreateImageVariationRequest',
};
const BODIES: Record<string, string> = {
  '/v1/batches': 'CreateBatchRequest',
  '/v1/images/generations': 'CreateImageRequest',
  '/v1/audio/speech': 'CreateSpeechRequest',
  '/v1/moderations': 'CreateModerationRequest',
};
const NOW = 1_775_000_000;

/** Listens on a free port of loopback. `key` is the only one it knows. */
export async function startOpenAIUpstream(check: (name: string) => Check, key: string, prefix: string): Promise<OpenAIUpstream> {
  const files = new Map<string, { object: Record<string, unknown>; content: Buffer }>();
  const batches = new Map<string, Record<string, unknown>>();
  let made = 0;
  const server = createServer((request, response) => {
    upstream.asked.push(`${request.method} ${request.url}`);
    upstream.headers.push(request.headers);
    response.on('close', () => (upstream.aborted += response.writableFinished ? 0 : 1));
    if (upstream.instead(request, response)) return;
    if (request.headers.authorization !== `Bearer ${key}`) return failed(response, 401, 'Incorrect API key provided');
    handle(request, response).catch((error: unknown) => response.destroy(error as Error));
  });
  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = request.url!;
    const fileId = /^\/v1\/files\/([^/]+)(\/content)?$/.exec(path);
    if (fileId) return answerFile(request.method!, fileId[1]!, fileId[2] !== undefined, response);
    if (request.method === 'GET' && path.startsWith('/v1/batches?')) {
      return json(response, { object: 'list', data: [...batches.values()].reverse(), has_more: false });
    }
    const batchId = /^\/v1\/batches\/([^/]+)(\/cancel)?$/.exec(path)?.[1];
    if (batchId) return answerBatch(batchId, path.endsWith('/cancel'), response);
    const body = Buffer.concat(await Array.fromAsync(request as AsyncIterable<Buffer>));
    if (path in FORMS) {
      const form = await readForm(body, request.headers['content-type']!);
      upstream.forms[path] = form;
      const binary = Object.fromEntries(Object.keys(form.files).map((name) => [name.replace('[]', ''), '']));
      upstream.faults.push(...check(FORMS[path]!)({ ...form.fields, ...binary }));
      return answerForm(path, form, body, response);
    }
    const schema = BODIES[path];
    if (request.method !== 'POST' || schema === undefined) return failed(response, 404, `Unknown request URL: ${request.method} ${path}`);
    const parsed = JSON.parse(body.toString()) as Record<string, unknown>;
    upstream.bodies[path] = parsed;
    upstream.faults.push(...check(schema)(parsed));
    answerJson(path, parsed, response);
  }
  function answerFile(method: string, id: string, content: boolean, response: ServerResponse): void {
    const file = files.get(id);
    if (!file) return failed(response, 404, `No such File object: ${id}`);
    if (method === 'DELETE') {
      files.delete(id);
      return json(response, { id, object: 'file', deleted: true });
    }
    if (!content) return json(response, file.object);
    response.writeHead(200, { 'content-type': 'application/octet-stream', 'content-length': file.content.length }).end(file.content);
  }
  function answerBatch(id: string, cancel: boolean, response: ServerResponse): void {
    const batch = batches.get(id);
    if (!batch) return failed(response, 404, `No batch found with id '${id}'.`);
    if (cancel) batch['status'] = 'cancelling';
    else if (upstream.batchIsDone && batch['status'] === 'validating') {
      batch['status'] = 'completed';
      batch['output_file_id'] = keepFile('batch_output', 'output.jsonl', outputOf(batch['input_file_id'] as string))['id'];
      Object.assign(batch, upstream.endedFields);
    }
    json(response, batch);
  }
  function outputOf(inputFileId: string): Buffer {
    const answer = upstream.batchAnswer;
    if (!answer) return Buffer.from('{"custom_id":"a"}\n');
    const lines = files.get(inputFileId)!.content.toString().trim().split('\n');
    return Buffer.from(lines.map((line) => `${JSON.stringify(answer(JSON.parse(line) as Record<string, unknown>))}\n`).join(''));
  }
  function keepFile(purpose: string, filename: string, content: Buffer): Record<string, unknown> {
    const id = `${prefix}-file-${++made}`;
    const object = { id, object: 'file', bytes: content.length, created_at: NOW, filename, purpose, status: 'processed' };
    files.set(id, { object, content });
    return object;
  }
  function answerForm(path: string, form: ReadForm, body: Buffer, response: ServerResponse): void {
    if (path === '/v1/files') {
      const file = form.files['file']!;
      return json(response, keepFile(form.fields['purpose'] as string, file.name, contentOf(body, file.bytes)));
    }
    if (path.startsWith('/v1/images')) return json(response, pictures());
    if (form.fields['stream'] === true) {
      const done = {
        type: 'transcript.text.done',
        text: 'four',
        usage: {
          type: 'tokens',
          input_tokens: 100,
          input_token_details: { text_tokens: 0, audio_tokens: 100 },
          output_tokens: 20,
          total_tokens: 120,
        },
      };
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      return void response.end(
        `data: ${JSON.stringify({ type: 'transcript.text.delta', delta: 'four' })}\n\ndata: ${JSON.stringify(done)}\n\n`,
      );
    }
    json(response, { text: 'four', usage: { type: 'duration', seconds: 60 } });
  }
  function answerJson(path: string, parsed: Record<string, unknown>, response: ServerResponse): void {
    if (path === '/v1/batches') {
      const id = `${prefix}-batch-${++made}`;
      const batch = {
        object: 'batch',
        status: 'validating',
        created_at: Math.floor(Date.now() / 1000),
        ...upstream.batchFields,
        ...parsed,
        id,
      };
      batches.set(id, batch);
      return json(response, batch);
    }
    if (path === '/v1/audio/speech') {
      response.writeHead(200, { 'content-type': 'audio/mpeg', 'transfer-encoding': 'chunked' });
      response.write(SOUND.subarray(0, 1000));
      return void response.end(SOUND.subarray(1000));
    }
    if (path === '/v1/moderations')
      return json(response, { id: 'modr-1', model: parsed['model'] ?? 'omni-moderation-latest', results: [] });
    json(response, pictures());
  }
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const upstream: OpenAIUpstream = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked: [],
    headers: [],
    faults: [],
    bodies: {},
    forms: {},
    aborted: 0,
    instead: () => false,
    batchIsDone: false,
    batchAnswer: null,
    batchFields: {},
    endedFields: {},
    async stop() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
  return upstream;
}

/** 64 KiB that are no text. */
export const SOUND = Buffer.from(Array.from({ length: 65_536 }, (_, index) => (index * 31 + (index >> 8)) % 256));
/** Of a large picture. */
export const PICTURE = SOUND.toString('base64').repeat(20);

function pictures(): object {
  const usage = { total_tokens: 1100, input_tokens: 100, output_tokens: 1000, input_tokens_details: { text_tokens: 60, image_tokens: 40 } };
  return { created: NOW, data: [{ b64_json: PICTURE }], output_format: 'png', quality: 'high', size: '1024x1024', usage };
}

/** By `fetch`'s reader of forms. */
async function readForm(body: Buffer, contentType: string): Promise<ReadForm> {
  const read = await new Response(new Uint8Array(body), { headers: { 'content-type': contentType } }).formData();
  const form: ReadForm = { fields: {}, files: {} };
  for (const [name, value] of read) {
    if (typeof value === 'string') form.fields[name] = NUMBERS.has(name) ? Number(value) : name === 'stream' ? value === 'true' : value;
    else {
      const bytes = Buffer.from(await value.arrayBuffer());
      form.files[name] = { name: value.name, bytes: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') };
    }
  }
  return form;
}

/** The only file of a form, as its bytes stand there. */
function contentOf(body: Buffer, bytes: number): Buffer {
  const at = body.indexOf('\r\n\r\n', body.indexOf('filename=')) + 4;
  return body.subarray(at, at + bytes);
}

function json(response: ServerResponse, body: object): void {
  response.writeHead(200, { 'content-type': 'application/json', 'x-request-id': 'req_test' }).end(JSON.stringify(body));
}

export function failed(response: ServerResponse, status: number, message: string, headers: Record<string, string> = {}): void {
  const error = { message, type: 'invalid_request_error', param: null, code: null };
  response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify({ error }));
}

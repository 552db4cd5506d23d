import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { ProviderConfig } from '../../../contracts/configuration.ts';
import { emptySnapshot } from '../../aliases/apply-versions.ts';
import { parseEmbeddingsRequest } from '../../embeddings/embeddings-request.ts';
import { bedrock } from '../bedrock.ts';
import { CancelSignal } from '../cancel-signal.ts';
import type { Provider } from '../provider.ts';

/** Vectors by AWS's own client, against a server that answers as its models do. */

type Body = Record<string, unknown>;

let server: Server;
let provider: Provider;
let answer: (body: Body, response: ServerResponse) => void;
let asked: { url: string; headers: IncomingMessage['headers']; body: Body }[];
let closed = 0;
const cohere = 'cohere.embed-multilingual-v3';
const titan = 'amazon.titan-embed-text-v2:0';

beforeAll(async () => {
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'AKIDEXAMPLE');
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'secret');
  server = createServer((request, response) => {
    let text = '';
    request.on('data', (bytes: Buffer) => (text += bytes.toString()));
    request.on('end', () => {
      const body = JSON.parse(text) as Body;
      asked.push({ url: request.url!, headers: request.headers, body });
      response.on('close', () => (closed += response.writableFinished ? 0 : 1));
      answer(body, response);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  provider = bedrock(ProviderConfig.parse({ kind: 'bedrock', baseUrl, allowPrivateAddress: true }), () => undefined);
});
beforeEach(() => void (asked = []));
afterAll(async () => {
  vi.unstubAllEnvs();
  await provider?.close();
  server?.closeAllConnections();
  server?.close();
});

const sends = (response: ServerResponse, body: object, status = 200, headers: Record<string, string> = {}) =>
  void response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));
const embed = (model: string, body: object, signal = new CancelSignal()) => {
  const request = parseEmbeddingsRequest(JSON.stringify({ model: 'x', ...body }), undefined, false);
  return provider.embed!({ model, request, snapshot: emptySnapshot('default'), signal });
};
async function vectorsOf(...asking: Parameters<typeof embed>) {
  const given = await embed(...asking);
  if (given.form !== 'whole') throw new Error('a stream came');
  return JSON.parse(given.text) as { data: { index: number; embedding: number[] }[]; model: string; usage: { prompt_tokens: number } };
}

test('Titan reads one text in a call; vectors stand in the texts’ order, tokens are added', async () => {
  answer = ({ inputText }, response) => {
    const { length } = inputText as string;
    // Later texts are answered first.
    setTimeout(() => sends(response, { embedding: [length, 0.5], inputTextTokenCount: length }), 20 - length);
  };
  const input = Array.from({ length: 20 }, (_, index) => 'x'.repeat(index + 1));
  const { data, usage, model } = await vectorsOf(titan, { input, dimensions: 256 });
  expect(data.map(({ embedding }) => embedding[0])).toEqual(input.map(({ length }) => length));
  expect(usage.prompt_tokens).toBe(210);
  expect(model).toBe(titan);
  expect(asked).toHaveLength(20);
  expect(asked.find(({ body }) => body['inputText'] === 'x')).toMatchObject({
    url: `/model/${encodeURIComponent(titan)}/invoke`,
    body: { inputText: 'x', dimensions: 256 },
  });
  expect(asked[0]!.headers.authorization).toMatch(/^AWS4-HMAC-SHA256 /);
});

test('Cohere’s Embed reads all texts in a call', async () => {
  answer = (_, response) => sends(response, { id: 'a', response_type: 'embeddings_by_type', embeddings: { float: [[1], [2]] } });
  const { data, usage } = await vectorsOf(cohere, { input: ['one', 'two'], input_type: 'search_query' });
  expect(data.map(({ embedding }) => embedding)).toEqual([[1], [2]]);
  expect(usage.prompt_tokens).toBeGreaterThan(0);
  expect(asked.map(({ body }) => body)).toEqual([{ texts: ['one', 'two'], input_type: 'search_query', embedding_types: ['float'] }]);
});

test.each([
  ['amazon.nova-pro-v1:0', { input: 'Hi' }, 'model'],
  ['amazon.titan-embed-text-v1', { input: 'Hi', dimensions: 256 }, 'dimensions'],
  [titan, { input: [[1, 2]] }, 'input'],
  [cohere, { input: Array.from({ length: 97 }, () => 'Hi') }, 'input'],
])('%s: what it can’t do is refused by name', async (model, body, param) => {
  await expect(embed(model, body)).rejects.toMatchObject({ code: 'invalid_request', param });
  expect(asked).toEqual([]);
});

test('an error is in OpenAI’s shape; what is no vector is no answer', async () => {
  answer = ({ inputText }, response) =>
    inputText === 'b'
      ? sends(response, { message: 'slow down' }, 429, { 'x-amzn-errortype': 'ThrottlingException', 'retry-after': '3' })
      : sends(response, { embedding: [1], inputTextTokenCount: 1 });
  const given = await embed(titan, { input: ['a', 'b', 'c'] });
  expect(given).toMatchObject({ status: 429, headers: { 'retry-after': '3' }, text: expect.stringContaining('slow down') });
  for (const body of [{ message: 'odd' }, [1]]) {
    answer = (_, response) => sends(response, body);
    await expect(embed(titan, { input: 'a' })).rejects.toMatchObject({ code: 'upstream_invalid' });
    await expect(embed(cohere, { input: 'a' })).rejects.toMatchObject({ code: 'upstream_invalid' });
  }
});

test('a caller who goes away ends all calls', async () => {
  const before = closed;
  answer = () => undefined;
  const signal = new CancelSignal();
  const asking = embed(titan, { input: ['a', 'b'] }, signal);
  await expect.poll(() => asked.length).toBe(2);
  signal.abort();
  await expect(asking).rejects.toMatchObject({ code: 'cancelled' });
  await expect.poll(() => closed).toBe(before + 2);
});

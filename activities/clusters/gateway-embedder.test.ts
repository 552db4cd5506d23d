import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { PROJECT_HEADER } from '../../contracts/names.ts';
import { rowOf } from '../../core/learning/matrix.ts';
import { createLogger } from '../../platform/logger.ts';
import { openGatewayEmbedder } from './gateway-embedder.ts';
import { openIntentEmbedder } from './intent-embedder.ts';

let server: Server | undefined;
afterEach(() => server?.close());

interface Asked {
  authorization: string | undefined;
  project: string | undefined;
  body: { model: string; input: string[] };
}

/** An embeddings endpoint that answers with `vectorOf`, in reverse order, or with a status. */
async function endpoint(vectorOf: (text: string, call: number) => number[] | number): Promise<{ url: string; asked: Asked[] }> {
  const asked: Asked[] = [];
  server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const body = JSON.parse(Buffer.concat(chunks).toString()) as Asked['body'];
      asked.push({ authorization: request.headers.authorization, project: request.headers[PROJECT_HEADER] as string | undefined, body });
      const vectors = body.input.map((text) => vectorOf(text, asked.length));
      const status = vectors.find((vector) => typeof vector === 'number');
      response.writeHead(status ?? 200, { 'content-type': 'application/json', 'retry-after-ms': '1' });
      if (status !== undefined) return response.end(JSON.stringify({ error: { message: 'not today', type: 'x', code: null } }));
      const data = vectors.map((embedding, index) => ({ object: 'embedding', index, embedding })).reverse();
      return response.end(JSON.stringify({ object: 'list', model: body.model, data, usage: { prompt_tokens: 1, total_tokens: 1 } }));
    });
  });
  await new Promise<void>((listening) => server!.listen(0, '127.0.0.1', listening));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked };
}

const access = (url: string) => ({ url, serviceKey: 'sk-service', fetch });
const of = (target: string) => ({ project: 'acme', target });

test('texts go in portions and come back as unit vectors in their order', async () => {
  const { url, asked } = await endpoint((text) => [text.length, 1, 0]);
  const embedder = await openGatewayEmbedder(access(url), of('openai/text-embedding-3-small'));
  expect(embedder.info).toMatchObject({ name: 'openai/text-embedding-3-small', dimensions: 3 });
  const texts = Array.from({ length: 150 }, (_, i) => 'x'.repeat(i));
  const vectors = await embedder.embed(texts);
  texts.forEach((text, i) => {
    const row = rowOf(vectors, i);
    expect(Math.hypot(...row)).toBeCloseTo(1, 5);
    // The empty text went as a space.
    expect(row[0]! / row[1]!).toBeCloseTo(Math.max(1, text.length), 3);
  });
  expect(asked.map(({ body }) => body.input.length).sort((a, b) => b - a)).toEqual([64, 64, 22, 1]);
  expect(new Set(asked.map(({ authorization, project, body }) => `${authorization} ${project} ${body.model}`))).toEqual(
    new Set(['Bearer sk-service acme openai/text-embedding-3-small']),
  );
});

test('its identity is the target and the number of dimensions', async () => {
  const identity = async (target: string, dimensions: number) => {
    const { url } = await endpoint(() => Array.from({ length: dimensions }, () => 1));
    const { info } = await openGatewayEmbedder(access(url), of(target));
    server!.close();
    return info.sha256;
  };
  const [one, again, other, longer] = [
    await identity('a/b', 3),
    await identity('a/b', 3),
    await identity('a/c', 3),
    await identity('a/b', 4),
  ];
  expect(again).toBe(one);
  expect(new Set([one, other, longer]).size).toBe(3);
});

test('a passing failure is met with another try, a lasting one is told', async () => {
  const passing = await endpoint((_, call) => (call === 1 ? 503 : [1, 0]));
  expect((await openGatewayEmbedder(access(passing.url), of('a/b'))).info.dimensions).toBe(2);
  server!.close();
  const refused = await endpoint(() => 400);
  await expect(openGatewayEmbedder(access(refused.url), of('a/b'))).rejects.toMatchObject({
    code: 'invalid_request',
    message: expect.stringContaining('not today') as string,
  });
  server!.close();
  const changing = await endpoint((_, call) => (call === 1 ? [1, 0] : [1, 0, 0]));
  const embedder = await openGatewayEmbedder(access(changing.url), of('a/b'));
  await expect(embedder.embed(['one'])).rejects.toMatchObject({ code: 'upstream_invalid' });
});

test('the setting says what embeds: a folder, or a target by the gateway', async () => {
  const embedderFolder = process.env['STILLHOUSE_EMBEDDER']!;
  const { url } = await endpoint(() => [1, 2, 3]);
  const setting = { embedderFolder: '/nowhere', gateway: access(url), threads: 1, log: createLogger('test', 'silent') };
  const folder = await openIntentEmbedder({ ...setting, clusterEmbedder: embedderFolder }, 'acme');
  const usual = await openIntentEmbedder({ ...setting, embedderFolder }, 'acme');
  const target = await openIntentEmbedder({ ...setting, clusterEmbedder: 'a/b' }, 'acme');
  expect([folder.info.name, usual.info.sha256, target.info.name]).toEqual(['all-MiniLM-L6-v2', folder.info.sha256, 'a/b']);
  for (const embedder of [folder, usual, target]) await embedder.close();
});

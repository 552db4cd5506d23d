import OpenAI from 'openai';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startTestClickHouse, type TestClickHouse } from '../support/clickhouse.ts';
import { type AzureFront, startAzureFront } from './azure-front.ts';
import { ADMIN_KEY, type GatewayProcess, startGatewayProcess } from './gateway-process.ts';
import { openAISchemas } from './openai-schema.ts';
import { type OpenAIUpstream, SOUND, startOpenAIUpstream } from './openai-upstream.ts';
import { jsonl, sound } from './passthrough-stack.ts';

/** Azure's dated API: deployments in paths, the version in the query, its key in a header of its own. */

const VERSION = '2025-03-01-preview';
let clickhouse: TestClickHouse;
let upstream: OpenAIUpstream;
let azure: AzureFront;
let gateway: GatewayProcess;
let client: OpenAI;

beforeAll(async () => {
  clickhouse = await startTestClickHouse();
  upstream = await startOpenAIUpstream(openAISchemas(), 'inside', 'azure');
  azure = await startAzureFront(upstream.url, { azure: 'azure-secret', upstream: 'inside' });
  const models = ['painter', 'whisper', 'voice'].map((id) => ({ id }));
  const kind = { kind: 'azure-openai', baseUrl: azure.url, apiVersion: VERSION, allowPrivateAddress: true };
  gateway = await startGatewayProcess({
    clickhouseUrl: clickhouse.url,
    limits: { retries: 0 },
    providers: [{ id: 'azure', ...kind, apiKeyEnv: 'AZURE_KEY', models }],
    env: { AZURE_KEY: 'azure-secret' },
  });
  client = new OpenAI({ baseURL: `${gateway.url}/v1`, apiKey: ADMIN_KEY, maxRetries: 0 });
}, 120_000);
afterAll(async () => {
  await gateway?.dispose();
  await azure?.stop();
  await upstream?.stop();
  await clickhouse?.stop();
});

test('every path is one of Azure’s, and every body one of OpenAI’s', async () => {
  const file = await client.files.create({ file: await jsonl(), purpose: 'batch' });
  await client.files.retrieve(file.id);
  expect(await (await client.files.content(file.id)).text()).toBe('{"custom_id":"a"}\n');
  const batch = await client.batches.create({ input_file_id: file.id, endpoint: '/v1/chat/completions', completion_window: '24h' });
  await client.batches.retrieve(batch.id);
  await client.batches.cancel(batch.id);
  await client.images.generate({ model: 'azure/painter', prompt: 'x' });
  expect((await client.audio.transcriptions.create({ file: await sound(), model: 'azure/whisper' })).text).toBe('four');
  const spoken = await client.audio.speech.create({ model: 'azure/voice', input: 'Hello', voice: 'alloy' });
  expect(Buffer.from(await spoken.arrayBuffer()).equals(SOUND)).toBe(true);
  // Azure says nothing of what it has deleted.
  await client.files.delete(file.id);
  await expect(client.files.retrieve(file.id)).rejects.toMatchObject({ status: 404 });
  const query = `?api-version=${VERSION}`;
  const deployed = (model: string, operation: string) => `POST /openai/deployments/${model}/${operation}${query}`;
  expect(azure.asked).toEqual([
    `POST /openai/files${query}`,
    `GET /openai/files/${file.id}${query}`,
    `GET /openai/files/${file.id}/content${query}`,
    // The lines are looked through before the batch is made.
    `GET /openai/files/${file.id}/content${query}`,
    `POST /openai/batches${query}`,
    `GET /openai/batches/${batch.id}${query}`,
    `POST /openai/batches/${batch.id}/cancel${query}`,
    deployed('painter', 'images/generations'),
    deployed('whisper', 'audio/transcriptions'),
    deployed('voice', 'audio/speech'),
    `DELETE /openai/files/${file.id}${query}`,
  ]);
  expect(upstream.faults).toEqual([]);
});

test('what Azure does not have is its own 404', async () => {
  const query = { query: { provider: 'azure' } };
  await expect(client.moderations.create({ input: 'x' }, query)).rejects.toMatchObject({ status: 404, message: '404 Resource not found' });
});

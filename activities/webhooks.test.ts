import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Webhook } from 'standardwebhooks';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { WebhookConfig } from '../contracts/webhooks.ts';
import { openArtifactStore } from '../store/artifacts/artifact-store.ts';
import { startWebhookReceiver, taken, type WebhookReceiver } from '../test/support/webhook-receiver.ts';
import { createWebhookActivities } from './webhooks.ts';

const SECRET = `whsec_${Buffer.from('a secret of some length').toString('base64')}`;
let receiver: WebhookReceiver;
let folder: string;

beforeAll(async () => {
  receiver = await startWebhookReceiver();
  folder = mkdtempSync(join(tmpdir(), 'stillhouse-webhooks-'));
});
beforeEach(() => {
  receiver.got.length = 0;
  receiver.answer = taken;
});
afterAll(async () => {
  await receiver?.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** A test event: nothing of it lies in ClickHouse. */
function deliver(config: object, secret?: string) {
  const { deliverWebhook } = createWebhookActivities({
    clickhouse: null as never,
    artifacts: openArtifactStore(folder),
    rates: { coreHourUsd: 1, gpuHourUsd: 1 },
    webhooks: [WebhookConfig.parse({ id: 'ops', url: `${receiver.url}/hook`, allowPrivateAddress: true, ...config })],
    secret: (name) => (name === 'OPS_SECRET' ? secret : undefined),
    now: Date.now,
  });
  return deliverWebhook({ project: 'acme', webhook: 'ops', cluster: null });
}
const failure = (delivery: Promise<unknown>) =>
  delivery.then(
    () => null,
    ({ code, retryable, message }: { code: string; retryable: boolean; message: string }) => ({ code, retryable, message }),
  );

test('an event is signed as Standard Webhooks says', async () => {
  const delivery = await deliver({ secretEnv: 'OPS_SECRET' }, SECRET);
  const [{ path, headers, text }] = receiver.got as [(typeof receiver.got)[number]];
  expect({ path, id: headers['webhook-id'] }).toEqual({ path: '/hook', id: delivery.id });
  expect(new Webhook(SECRET).verify(text, headers as Record<string, string>)).toMatchObject({ type: 'test', data: { project: 'acme' } });
  expect(() => new Webhook(SECRET).verify(text.replace('acme', 'evil'), headers as Record<string, string>)).toThrow();
  expect(delivery).toMatchObject({ webhook: 'ops', event: 'test', status: 204 });
});

test('without a secret it is not signed; with one that is missing or no base64 it is not sent', async () => {
  await deliver({});
  expect(receiver.got[0]!.headers).not.toHaveProperty('webhook-signature');
  expect(await failure(deliver({ secretEnv: 'OPS_SECRET' }))).toMatchObject({
    code: 'invalid_request',
    message: expect.stringContaining('OPS_SECRET'),
  });
  expect(await failure(deliver({ secretEnv: 'OPS_SECRET' }, 'whsec_not base64!'))).toMatchObject({ code: 'invalid_request' });
  expect(receiver.got).toHaveLength(1);
});

test('a private address is refused unless the configuration allows it, by a name too', async () => {
  const refused = { code: 'upstream_unreachable', message: expect.stringContaining('private address') };
  expect(await failure(deliver({ allowPrivateAddress: false }))).toMatchObject({ ...refused, retryable: false });
  const byName = receiver.url.replace('127.0.0.1', 'localhost');
  expect(await failure(deliver({ url: byName, allowPrivateAddress: false }))).toMatchObject(refused);
  expect(receiver.got).toEqual([]);
});

test('a redirect is not followed; 410 is final, other failures are tried again', async () => {
  receiver.answer = (response) => void response.writeHead(302, { location: `${receiver.url}/elsewhere` }).end();
  expect(await failure(deliver({}))).toMatchObject({ code: 'upstream_invalid', retryable: true });
  expect(receiver.got.map(({ path }) => path)).toEqual(['/hook']);
  receiver.answer = (response) => void response.writeHead(410).end();
  expect(await failure(deliver({}))).toMatchObject({ retryable: false });
  receiver.answer = (response) => void response.destroy();
  expect(await failure(deliver({}))).toMatchObject({ code: 'upstream_unreachable', retryable: true });
});

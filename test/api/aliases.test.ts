import { Client, Connection } from '@temporalio/client';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { MESSAGES } from '../../contracts/names.ts';
import { startTestClickHouse } from '../support/clickhouse.ts';
import { updateRegistry } from '../support/registry-client.ts';
import { startTestTemporal } from '../support/temporal.ts';
import { startTestWorker } from '../support/worker.ts';
import { startControlPlane } from './control-plane.ts';
import type { TestControlPlane } from './control-plane.ts';

const stops: (() => Promise<unknown>)[] = [];
let plane: TestControlPlane;
let client: Client;

beforeAll(async () => {
  const [clickhouse, temporal] = await Promise.all([startTestClickHouse(), startTestTemporal()]);
  stops.push(
    () => clickhouse.stop(),
    () => temporal.stop(),
  );
  const worker = await startTestWorker({ env: { ...clickhouse.env, TEMPORAL_ADDRESS: temporal.address } });
  stops.unshift(() => worker.stop());
  plane = await startControlPlane(clickhouse.client, temporal.address);
  stops.unshift(() => plane.close());
  client = new Client({ connection: await Connection.connect({ address: temporal.address }) });
  stops.unshift(() => client.connection.close());
});
afterAll(async () => {
  for (const stop of stops) await stop();
});

const to = (target: string) => ({ targets: [{ target, weight: 1 }], reason: `to ${target}` });

test('an alias is put, moved, rolled back, deleted and brought back; every step is a version', async () => {
  const first = await plane.sdk.aliases.set('support', to('lab/oracle-large'));
  expect(first).toMatchObject({
    name: 'support',
    version: 1,
    targets: [{ target: 'lab/oracle-large', weight: 1 }],
    actor: 'admin',
    deleted: false,
  });
  expect(await plane.sdk.aliases.get('support')).toEqual(first);
  expect((await plane.sdk.aliases.set('support', to('lab/oracle-small'))).version).toBe(2);
  expect(await plane.sdk.aliases.rollback('support')).toMatchObject({ version: 3, targets: first.targets });
  expect(await plane.sdk.aliases.delete('support', 'unused')).toMatchObject({ version: 4, deleted: true });
  await expect(plane.sdk.aliases.get('support')).rejects.toMatchObject({ status: 404, code: 'not_found' });
  expect(await plane.sdk.aliases.rollback('support', { version: 2 })).toMatchObject({
    version: 5,
    targets: [{ target: 'lab/oracle-small', weight: 1 }],
  });
  const versions = await plane.sdk.aliases.versions('support');
  expect(versions.map((version) => [version.version, version.deleted])).toEqual([
    [5, false],
    [4, true],
    [3, false],
    [2, false],
    [1, false],
  ]);
});

test('the same idempotency key gives the first answer again', async () => {
  const options = { idempotencyKey: 'deploy-7' };
  const first = await plane.sdk.aliases.set('smart', to('lab/oracle-large'), options);
  await plane.sdk.aliases.set('smart', to('lab/oracle-small'));
  expect(await plane.sdk.aliases.set('smart', to('lab/oracle-large'), options)).toEqual(first);
  expect(await plane.sdk.aliases.get('smart')).toMatchObject({ version: 2 });
});

test('what the registry refuses is a problem with its code', async () => {
  await expect(plane.sdk.aliases.rollback('never')).rejects.toMatchObject({ status: 404, code: 'not_found' });
  await plane.sdk.aliases.set('once', to('lab/oracle-large'));
  await expect(plane.sdk.aliases.rollback('once')).rejects.toMatchObject({ status: 409, code: 'conflict' });
  await expect(plane.sdk.aliases.get('onze')).rejects.toThrow('The nearest: "once"');
});

test('a version whose target is gone is not brought back, and an answered request stays answered', async () => {
  // a provider that stillhouse.yaml named then
  const change = { name: 'moved', alias: { targets: [{ target: 'gone/model', weight: 1 }] }, actor: 'admin' };
  await updateRegistry(client, 'default', MESSAGES.putAlias, change);
  await plane.sdk.aliases.set('moved', to('lab/oracle-large'));
  const refused = {
    status: 404,
    param: 'version',
    message: expect.stringMatching(/^version: 1 of .* targets\[0\]\.target: There is no provider "gone"/),
  };
  await expect(plane.sdk.aliases.rollback('moved')).rejects.toMatchObject(refused);
  await expect(plane.sdk.aliases.rollback('moved', { version: 1 })).rejects.toMatchObject(refused);
  expect(await plane.sdk.aliases.get('moved')).toMatchObject({ version: 2 });
  await plane.sdk.aliases.set('moved', to('lab/oracle-small'));
  await updateRegistry(client, 'default', MESSAGES.putAlias, change);
  const options = { idempotencyKey: 'back-1' };
  const back = await plane.sdk.aliases.rollback('moved', {}, options);
  expect(back).toMatchObject({ version: 5, targets: [{ target: 'lab/oracle-small' }] });
  expect(await plane.sdk.aliases.rollback('moved', {}, options)).toEqual(back);
});

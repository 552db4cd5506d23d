import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, Connection, WorkflowUpdateFailedError } from '@temporalio/client';
import type { ApplicationFailure } from '@temporalio/common';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createRegistryUpdateActivities } from '../../activities/registry-updates.ts';
import type { AliasVersion } from '../../contracts/aliases.ts';
import type { ApiKey, StoredSecret } from '../../contracts/keys.ts';
import { MESSAGES, workflowIds } from '../../contracts/names.ts';
import { currentState, newestSequences, stateSince, versionsOf } from '../../store/clickhouse/state-versions.ts';
import { type TestClickHouse, startTestClickHouse } from '../support/clickhouse.ts';
import { updateRegistry } from '../support/registry-client.ts';
import { type TestTemporal, startTestTemporal } from '../support/temporal.ts';
import { type TestWorker, startTestWorker } from '../support/worker.ts';

let clickhouse: TestClickHouse;
let temporal: TestTemporal;
let worker: TestWorker;
let client: Client;
const home = mkdtempSync(join(tmpdir(), 'stillhouse-registry-'));
const workerEnv = () => ({ ...clickhouse.env, TEMPORAL_ADDRESS: temporal.address, STILLHOUSE_HOME: home, STILLHOUSE_LOG_LEVEL: 'warn' });

beforeAll(async () => {
  [clickhouse, temporal] = await Promise.all([startTestClickHouse(), startTestTemporal()]);
  worker = await startTestWorker({ env: workerEnv() });
  client = new Client({ connection: await Connection.connect({ address: temporal.address }) });
});
afterAll(async () => {
  await worker?.stop();
  await client?.connection.close();
  await Promise.all([clickhouse?.stop(), temporal?.stop()]);
  rmSync(home, { recursive: true, force: true });
});

const put = (project: string, name: string, target: string, more: Record<string, unknown> = {}) =>
  updateRegistry<AliasVersion>(client, project, MESSAGES.putAlias, { name, alias: { targets: [{ target, weight: 1 }] }, ...more });

async function refusalOf(sent: Promise<unknown>): Promise<ApplicationFailure> {
  const error = await sent.then(
    () => null,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(WorkflowUpdateFailedError);
  return (error as WorkflowUpdateFailedError).cause as ApplicationFailure;
}

test('ensure writes the first version once', async () => {
  const ensure = () => updateRegistry<{ sequence: number }>(client, 'first', MESSAGES.ensure, { requestId: 'ensure-first' });
  expect(await Promise.all([ensure(), ensure(), ensure()])).toEqual([{ sequence: 1 }, { sequence: 1 }, { sequence: 1 }]);
  expect(await currentState(clickhouse.client, 'first')).toMatchObject([{ kind: 'project', version: 1, sequence: 1 }]);
});

test('changes at once get consecutive versions and sequences', async () => {
  const answers = await Promise.all(Array.from({ length: 10 }, (_, i) => put('busy', 'smart', `lab/model-${i}`)));
  expect(answers.map((answer) => answer.version).sort((a, b) => a - b)).toEqual(Array.from({ length: 10 }, (_, i) => i + 1));
  const stored = await stateSince(clickhouse.client, 'busy', 0);
  expect(stored.map((version) => version.sequence)).toEqual(Array.from({ length: 10 }, (_, i) => i + 1));
});

test('the same request again gives the first answer, and an equal put makes no version', async () => {
  const first = await put('again', 'smart', 'lab/a', { requestId: 'one' });
  const second = await put('again', 'smart', 'lab/b', { requestId: 'two' });
  expect(second.version).toBe(2);
  expect(await put('again', 'smart', 'lab/a', { requestId: 'one' })).toEqual(first);
  expect(await put('again', 'smart', 'lab/b')).toEqual(second);
  expect(await versionsOf(clickhouse.client, 'again', 'alias', 'smart')).toHaveLength(2);
});

test('an alias that moves keeps who answered before as its fallback, and a fallback of its own', async () => {
  const { moveAlias } = createRegistryUpdateActivities({ temporal: client, clickhouse: clickhouse.client });
  const move = (alias: string, target: string, requestId: string) =>
    moveAlias({ project: 'moves', requestId, alias, target, reason: 'not worse' });
  const newest = async (alias: string) => (await versionsOf(clickhouse.client, 'moves', 'alias', alias)).at(-1)!.value;
  const alias = { targets: ['lab/a', 'lab/b'].map((target, i) => ({ target, weight: i + 1 })) };
  await updateRegistry(client, 'moves', MESSAGES.putAlias, { name: 'smart', alias });
  const moved = await move('smart', 'lab/s', 'move-1');
  // Sent, and the answer lost: the same once more.
  expect(await move('smart', 'lab/s', 'move-1')).toEqual(moved);
  expect(await newest('smart')).toMatchObject({ version: 2, targets: [{ target: 'lab/s' }], fallbacks: ['lab/b', 'lab/a'] });
  await move('smart', 'lab/s2', 'move-2');
  expect(await newest('smart')).toMatchObject({ targets: [{ target: 'lab/s2' }], fallbacks: ['lab/b', 'lab/a'] });
  await move('fresh', 'lab/s', 'move-3');
  expect(await newest('fresh')).toMatchObject({ version: 1, fallbacks: [] });
});

test('versions count on through a deletion, and a roll-back appends', async () => {
  await put('history', 'smart', 'lab/a');
  await put('history', 'smart', 'lab/b');
  const gone = await updateRegistry<AliasVersion>(client, 'history', MESSAGES.deleteAlias, { name: 'smart' });
  expect(gone).toMatchObject({ version: 3, deleted: true, targets: [] });
  expect((await put('history', 'smart', 'lab/c')).version).toBe(4);
  const refused = await refusalOf(updateRegistry(client, 'history', MESSAGES.rollbackAlias, { name: 'smart', rollback: {} }));
  expect(refused).toMatchObject({ type: 'conflict', message: expect.stringContaining('deletion') as string });
  const back = await updateRegistry<AliasVersion>(client, 'history', MESSAGES.rollbackAlias, { name: 'smart', rollback: { version: 1 } });
  expect(back).toMatchObject({ version: 5, targets: [{ target: 'lab/a', weight: 1 }], reason: 'back to version 1' });
});

test('what cannot be is refused with a sentence a field', async () => {
  expect(await refusalOf(put('refusals', 'smart', 'student/none'))).toMatchObject({
    type: 'not_found',
    message: 'targets: there is no student "none" in this project',
  });
  const invalid = await refusalOf(updateRegistry(client, 'refusals', MESSAGES.putAlias, { name: 'a/b', alias: { targets: [] } }));
  expect(invalid.type).toBe('InvalidInput');
  expect(invalid.message).toMatch(/name: .*; alias\.targets: /);
});

test('200 updates later it goes on as a new run that knows everything', async () => {
  const before = await put('long', 'smart', 'lab/start', { requestId: 'start' });
  const { runId } = await client.workflow.getHandle(workflowIds.registry('long')).describe();
  // Temporal takes ten updates of a workflow at a time.
  for (let batch = 0; batch < 20; batch++)
    await Promise.all(Array.from({ length: 10 }, (_, i) => put('long', 'smart', `lab/model-${batch}-${i}`)));
  await expect.poll(async () => (await client.workflow.getHandle(workflowIds.registry('long')).describe()).runId).not.toBe(runId);
  expect(await put('long', 'smart', 'lab/start', { requestId: 'start' })).toEqual(before);
  expect((await put('long', 'smart', 'lab/end')).version).toBe(202);
});

test('a change survives a worker that is killed while ClickHouse is down', async () => {
  await put('outage', 'smart', 'lab/a');
  await clickhouse.kill();
  const pending = put('outage', 'smart', 'lab/b');
  await expect
    .poll(async () => (await client.workflow.getHandle(workflowIds.registry('outage')).describe()).raw.pendingActivities?.[0]?.attempt)
    .toBeGreaterThan(1);
  await worker.kill();
  await clickhouse.restart();
  worker = await startTestWorker({ env: workerEnv() });
  expect((await pending).version).toBe(2);
  expect(await versionsOf(clickhouse.client, 'outage', 'alias', 'smart')).toHaveLength(2);
});

const KEY = 'key_abcdefghijkl';
const made = { hash: 'a'.repeat(64), hint: 'sk-sh-abcd' };
const putKey = (project: string, id: string, changes: Record<string, unknown>, more: Record<string, unknown> = {}) =>
  updateRegistry<ApiKey>(client, project, MESSAGES.putKey, { id, changes, ...more });

test('a key is made, changed and revoked; each is a version, and what was not named stays', async () => {
  const first = await putKey('keys', KEY, { name: 'app', aliases: ['smart'], limits: { requestsPerMinute: 10 } }, { made });
  expect(first).toMatchObject({ id: KEY, project: 'keys', version: 1, ...made, aliases: ['smart'], models: [], revokedAt: null });
  expect(first.limits).toEqual({ requestsPerMinute: 10, tokensPerMinute: null, usdPerDay: null, usdPerMonth: null });
  const changed = await putKey('keys', KEY, { limits: { usdPerDay: 2, requestsPerMinute: null }, models: ['openai/*'] });
  expect(changed).toMatchObject({
    version: 2,
    hash: made.hash,
    name: 'app',
    aliases: ['smart'],
    models: ['openai/*'],
    createdAt: first.createdAt,
  });
  expect(changed.limits).toEqual({ requestsPerMinute: null, tokensPerMinute: null, usdPerDay: 2, usdPerMonth: null });
  expect(await putKey('keys', KEY, { limits: { usdPerDay: 2 } })).toEqual(changed);
  const revoked = await updateRegistry<ApiKey>(client, 'keys', MESSAGES.revokeKey, { id: KEY });
  expect(revoked).toMatchObject({ version: 3, revokedAt: expect.any(String) as string });
  expect(await updateRegistry<ApiKey>(client, 'keys', MESSAGES.revokeKey, { id: KEY })).toEqual(revoked);
  expect(await refusalOf(putKey('keys', KEY, { name: 'again' }))).toMatchObject({
    type: 'conflict',
    message: expect.stringContaining('revoked') as string,
  });
});

test('a name is one key; a key that is not there is not changed', async () => {
  await putKey('names', KEY, { name: 'app' }, { made });
  const other = 'key_zzzzzzzzzzzz';
  expect((await refusalOf(putKey('names', other, { name: 'app' }, { made }))).type).toBe('conflict');
  expect((await refusalOf(putKey('names', other, { name: 'new' }))).type).toBe('not_found');
  expect((await refusalOf(putKey('names', KEY, { name: 'twin' }, { made }))).type).toBe('conflict');
  expect((await refusalOf(putKey('names', other, {}, { made }))).message).toContain('name: ');
  await updateRegistry(client, 'names', MESSAGES.revokeKey, { id: KEY });
  expect(await putKey('names', other, { name: 'app' }, { made })).toMatchObject({ version: 1 });
});

test("a provider's key comes and goes as ciphertext, and a project's budget changes field by field", async () => {
  const sealed = (text: string | null) =>
    updateRegistry<StoredSecret>(client, 'secrets', MESSAGES.putSecret, { provider: 'openai', sealed: text });
  expect((await refusalOf(sealed(null))).type).toBe('not_found');
  expect(await sealed('v1.x')).toMatchObject({ version: 1, sealed: 'v1.x' });
  expect(await sealed(null)).toMatchObject({ version: 2, sealed: null });
  const budget = (changes: object) => updateRegistry(client, 'secrets', MESSAGES.putProject, { changes: { budget: changes } });
  await budget({ usdPerDay: 3 });
  expect(await budget({ usdPerMonth: 9 })).toEqual({ name: 'secrets', budget: { usdPerDay: 3, usdPerMonth: 9 } });
  expect(await budget({ usdPerDay: null })).toEqual({ name: 'secrets', budget: { usdPerDay: null, usdPerMonth: 9 } });
  const keep = (retentionDays: number | null) => updateRegistry(client, 'secrets', MESSAGES.putProject, { changes: { retentionDays } });
  expect(await keep(30)).toEqual({ name: 'secrets', budget: { usdPerDay: null, usdPerMonth: 9 }, retentionDays: 30 });
  expect(await budget({ usdPerDay: 1 })).toMatchObject({ budget: { usdPerDay: 1 }, retentionDays: 30 });
  expect(await keep(null)).toEqual({ name: 'secrets', budget: { usdPerDay: 1, usdPerMonth: 9 } });
  const store = (privacy: object | null) => updateRegistry(client, 'secrets', MESSAGES.putProject, { changes: { privacy } });
  const privacy = { storeBodies: 0.5, mask: ['email'], patterns: [], fields: ['ssn'] };
  expect(await store({ storeBodies: 0.5, mask: ['email'], fields: ['ssn'] })).toMatchObject({ budget: { usdPerDay: 1 }, privacy });
  expect(await budget({ usdPerDay: 2 })).toMatchObject({ privacy });
  expect(await store(privacy)).toMatchObject({ privacy });
  expect(await store(null)).toEqual({ name: 'secrets', budget: { usdPerDay: 2, usdPerMonth: 9 } });
  expect((await newestSequences(clickhouse.client)).get('secrets')).toBe(11);
});

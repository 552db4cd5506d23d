import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Privacy, StillhouseApiError } from '../../clients/sdk/index.ts';
import { DEFAULT_PROJECT } from '../../contracts/names.ts';
import { placeOf } from '../../gateway/keys/provider-secrets.ts';
import { createKeyRing } from '../../gateway/keys/key-ring.ts';
import { secretBox } from '../../gateway/keys/secret-box.ts';
import { currentState } from '../../store/clickhouse/state-versions.ts';
import { insertTraceSegment } from '../../store/clickhouse/traces.ts';
import { linesOf, traceRow } from '../store/trace-fixtures.ts';
import { type TestClickHouse, startTestClickHouse } from '../support/clickhouse.ts';
import { startTestTemporal } from '../support/temporal.ts';
import { startTestWorker } from '../support/worker.ts';
import { startControlPlane, type TestControlPlane } from './control-plane.ts';

const stops: (() => Promise<unknown>)[] = [];
let clickhouse: TestClickHouse;
let temporalAddress: string;
let plane: TestControlPlane;

beforeAll(async () => {
  const [database, temporal] = await Promise.all([startTestClickHouse(), startTestTemporal()]);
  clickhouse = database;
  temporalAddress = temporal.address;
  stops.push(
    () => database.stop(),
    () => temporal.stop(),
  );
  const worker = await startTestWorker({ env: { ...database.env, TEMPORAL_ADDRESS: temporal.address } });
  stops.unshift(() => worker.stop());
  plane = await startControlPlane(database.client, temporal.address, { masterKey: 'a master key' });
  stops.unshift(() => plane.close());
});
afterAll(async () => {
  for (const stop of stops) await stop();
});

test('a key is made, seen, changed and revoked; its secret is in the first answer alone', async () => {
  const { secret, ...made } = await plane.sdk.keys.create({ name: 'app', aliases: ['smart'], limits: { requestsPerMinute: 10 } });
  expect(secret).toMatch(/^sk-sh-[A-Za-z0-9_-]{43}$/);
  expect(made).toMatchObject({ name: 'app', project: 'default', actor: 'admin', revokedAt: null, spent: { todayUsd: 0 } });
  expect(made).not.toHaveProperty('hash');
  const ring = createKeyRing({ adminKey: 'a', serviceKey: 's' });
  ring.update(plane.snapshots.current(DEFAULT_PROJECT));
  expect(ring.callerOf(`Bearer ${secret}`)).toMatchObject({ keyId: made.id, role: 'app', limits: { requestsPerMinute: 10 } });
  expect(JSON.stringify(await currentState(clickhouse.client, DEFAULT_PROJECT))).not.toContain(secret.slice(10));

  const changed = await plane.sdk.keys.change(made.id, { limits: { usdPerDay: 2 } });
  expect(changed).toMatchObject({ version: 2, aliases: ['smart'], limits: { requestsPerMinute: 10, usdPerDay: 2 } });
  expect(await plane.sdk.keys.list()).toEqual([changed]);
  expect((await plane.sdk.keys.revoke(made.id, 'leaked')).revokedAt).not.toBeNull();
  ring.update(plane.snapshots.current(DEFAULT_PROJECT));
  expect(() => ring.callerOf(`Bearer ${secret}`)).toThrow('revoked');
  expect(await plane.sdk.keys.list()).toEqual([]);
  expect(await plane.sdk.keys.list({ revoked: true })).toHaveLength(1);
  await expect(plane.sdk.keys.change(made.id, { name: 'again' })).rejects.toMatchObject({ status: 409 });
});

test('what is wrong is refused with its field; the same request again has no secret to show', async () => {
  const refusal = (body: unknown) => plane.call('POST', '/api/keys', body);
  expect(await refusal({ name: 'a b' })).toMatchObject({ status: 400, body: { param: 'name' } });
  expect(await refusal({ name: 'late', expiresAt: '2020-01-01T00:00:00Z' })).toMatchObject({ status: 400, body: { param: 'expiresAt' } });
  expect(await refusal({ name: 'x', limits: { usdPerDay: -1 } })).toMatchObject({
    status: 400,
    body: { param: 'limits.usdPerDay', detail: 'limits.usdPerDay: must be more than 0' },
  });
  expect(await refusal({ limit: 1 } as never)).toMatchObject({ body: { detail: 'name: is missing; the body: has no field "limit"' } });
  expect(await refusal({ name: 'x', models: ['gpt'] })).toMatchObject({ status: 400, body: { param: 'models[0]' } });
  const first = await plane.call('POST', '/api/keys', { name: 'once' }, { 'idempotency-key': 'k1' });
  expect(first).toMatchObject({ status: 201, body: { name: 'once' } });
  expect(first.headers.get('cache-control')).toBe('no-store');
  const again = await plane.call('POST', '/api/keys', { name: 'once' }, { 'idempotency-key': 'k1' });
  expect(again).toMatchObject({ status: 409, body: { code: 'conflict', detail: expect.stringContaining(first.body.id) as string } });
  expect(await plane.call('DELETE', '/api/keys/key_aaaaaaaaaaaa')).toMatchObject({ status: 404 });
});

test('what a key and its project spent today and this month', async () => {
  const { id } = await plane.sdk.keys.create({ name: 'spender' });
  const now = Date.now();
  const rows = [
    traceRow(now, { key_id: id, cost_usd: 0.25 }),
    traceRow(now, { key_id: id, cost_usd: 0.5, status: 'interrupted' }),
    traceRow(now, { key_id: id, cost_usd: null }),
    traceRow(now, { key_id: id, cost_usd: 9, project: 'other' }),
    traceRow(now - 40 * 86_400_000, { key_id: id, cost_usd: 7 }),
  ];
  await insertTraceSegment(clickhouse.client, { token: 'spent', lines: linesOf(rows) });
  const spent = { todayUsd: 0.75, monthUsd: 0.75, unpricedCalls: 1 };
  expect((await plane.sdk.keys.list()).find((key) => key.id === id)?.spent).toEqual(spent);
  expect((await plane.sdk.projects.list()).find(({ name }) => name === 'default')?.spent).toEqual(spent);
});

test('a project has its own keys and aliases', async () => {
  expect(await plane.sdk.projects.create({ name: 'acme', budget: { usdPerDay: 5 } })).toMatchObject({
    name: 'acme',
    budget: { usdPerDay: 5, usdPerMonth: null },
    keys: 0,
  });
  await expect(plane.sdk.projects.create({ name: 'acme' })).rejects.toMatchObject({ status: 409 });
  const acme = plane.sdkOf('acme');
  const { id } = await acme.keys.create({ name: 'spender' });
  await acme.aliases.set('smart', { targets: [{ target: 'lab/oracle-small', weight: 1 }] });
  expect((await acme.keys.list()).map((key) => key.id)).toEqual([id]);
  expect((await plane.sdk.keys.list()).map((key) => key.id)).not.toContain(id);
  expect(await plane.sdk.aliases.list()).toEqual([]);
  expect(await plane.sdk.projects.change('acme', { budget: { usdPerMonth: 50 } })).toMatchObject({
    budget: { usdPerDay: 5, usdPerMonth: 50 },
    keys: 1,
    aliases: 1,
  });
  await expect(plane.sdk.projects.change('acne', { budget: {} })).rejects.toMatchObject({
    status: 404,
    message: expect.stringContaining('acme') as string,
  });
});

test('what of its calls is stored is said of a project whole, and a pattern that can not be used is refused by name', async () => {
  const privacy = {
    storeBodies: 0.1,
    mask: ['email', 'card'],
    patterns: [{ name: 'order', pattern: 'ORD-[0-9]+' }],
    fields: ['customer.email'],
  };
  expect(await plane.sdk.projects.create({ name: 'discreet', privacy: { mask: ['email'] } })).toMatchObject({
    privacy: { storeBodies: 1, mask: ['email'], patterns: [], fields: [] },
  });
  expect(await plane.sdk.projects.change('discreet', { privacy: privacy as Privacy })).toMatchObject({ privacy });
  expect(plane.snapshots.current('discreet').privacy).toEqual(privacy);
  expect(await plane.sdk.projects.change('discreet', { retentionDays: 9 })).toMatchObject({ privacy, retentionDays: 9 });
  const refused = async (wrong: object) => {
    const error = await plane.sdk.projects.change('discreet', { privacy: wrong as Privacy }).catch((thrown: unknown) => thrown);
    const { status, param, message } = error as StillhouseApiError;
    return `${status} ${param}: ${message}`;
  };
  const own = (pattern: string) => ({ patterns: [{ name: 'mine', pattern }] });
  expect(await refused(own('(a'))).toMatch(/^400 privacy\.patterns\.0\.pattern: The pattern "mine" can't be used/);
  expect(await refused(own('(?<=a)b'))).toContain('no look-around');
  expect(await refused(own('(\\w{0,300}){3}x'))).toContain('too large');
  expect(await refused({ storeBodies: 2 })).toContain('400 privacy.storeBodies');
  expect(await refused({ mask: ['e-mail'] })).toContain('400 privacy.mask');
  expect(await refused({ fields: ['a..b'] })).toContain('400 privacy.fields');
  expect(plane.snapshots.current('discreet').privacy).toEqual(privacy);
  expect(await plane.sdk.projects.change('discreet', { privacy: null })).toMatchObject({ privacy: null, retentionDays: 9 });
});

test("a provider's key is kept as ciphertext, and not at all without a master key", async () => {
  const groq = async () => (await plane.sdk.providers()).find(({ id }) => id === 'groq');
  expect(await groq()).toMatchObject({
    key: { set: false, from: null, variable: 'GROQ_API_KEY' },
    ready: false,
    reason: expect.stringContaining('needs its key') as string,
  });
  expect(await plane.sdk.providerKeys.set('groq', 'gsk-very-secret')).toMatchObject({
    provider: 'groq',
    set: true,
    from: 'api',
    version: 1,
  });
  expect(await groq()).toMatchObject({ key: { set: true, from: 'api' }, ready: true, reason: '' });
  expect(JSON.stringify(await groq())).not.toContain('very-secret');
  const { sealed } = plane.snapshots.current(DEFAULT_PROJECT).secrets['groq']!;
  expect(sealed).not.toContain('very');
  expect(secretBox('a master key').open(sealed!, placeOf(DEFAULT_PROJECT, 'groq'))).toBe('gsk-very-secret');
  expect(JSON.stringify(await currentState(clickhouse.client, DEFAULT_PROJECT))).not.toContain('very-secret');
  expect(await plane.sdk.providerKeys.remove('groq')).toMatchObject({ set: false, from: null });
  expect(plane.snapshots.current(DEFAULT_PROJECT).secrets).toEqual({});
  for (const refused of [plane.sdk.providerKeys.set('groqq', 'x'), plane.sdk.providerKeys.remove('groqq')])
    await expect(refused).rejects.toMatchObject({ status: 404, message: expect.stringContaining('"groq"') as string });
  await expect(plane.sdk.providerKeys.set('lab', 'x')).rejects.toMatchObject({
    status: 400,
    message: expect.stringContaining('once stillhouse.yaml names its apiKeyEnv') as string,
  });
  const without = await startControlPlane(clickhouse.client, temporalAddress);
  await plane.sdk.providerKeys.set('groq', 'gsk-sealed');
  await without.snapshots.refresh(DEFAULT_PROJECT);
  expect((await without.sdk.providers()).find(({ id }) => id === 'groq')).toMatchObject({
    key: { set: true, from: 'api' },
    ready: false,
    reason: expect.stringContaining('STILLHOUSE_MASTER_KEY') as string,
  });
  await expect(without.sdk.providerKeys.set('groq', 'x')).rejects.toMatchObject({
    status: 503,
    message: expect.stringContaining('STILLHOUSE_MASTER_KEY is not set') as string,
  });
  await without.close();
});

test("what is wrong with a provider's key is said without the key", async () => {
  const wrong = [
    '{"key": "sk-very-secret',
    '"sk-very-secret"',
    '{"key": "sk-very secret"}',
    '{"key": ["sk-very-secret"]}',
    '{"sk-very-secret": 1}',
  ];
  for (const body of wrong) {
    const headers = { 'content-type': 'application/json' };
    const response = await plane.app.request('/api/providers/groq/key', { method: 'PUT', headers, body });
    const answer = await response.text();
    expect([body, response.status]).toEqual([body, 400]);
    if (!body.includes(': 1')) expect(answer).not.toContain('very');
  }
});

import { randomUUID } from 'node:crypto';
import { createReadStream, createWriteStream, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { fileURLToPath } from 'node:url';
import { createGunzip } from 'node:zlib';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { hasEnded, Stillhouse } from '../../clients/sdk/index.ts';
import { demoMessages } from '../../examples/banking77/banking77.ts';
import { labProvider } from '../gateway/gateway-process.ts';
import { type MockUpstream, startMockUpstream } from '../support/mock-upstream.ts';
import { startTestStack, type TestStack } from '../support/stack.ts';
import { stillhouseOn } from '../support/stillhouse-cli.ts';
import { temporaryHome } from '../support/supervisor.ts';
import { until } from '../support/until.ts';

// See homes/README.md for what is in it.
const HOMES = fileURLToPath(new URL('homes/', import.meta.url));
const OLD = JSON.parse(readFileSync(join(HOMES, 'schema-7.json'), 'utf8')) as { secret: string; traceIds: string[]; goingCalls: number };
const LABELS = ['card_arrival', 'exchange_rate', 'pin_blocked', 'terminate_account'];
const SAMPLES = 2;
const GOING_TEMPERATURE = 0.71;
/** Of a run that is paused or killed, at most so many calls are paid for again. */
const IN_FLIGHT = 32;
const rows = LABELS.flatMap((label) => demoMessages('train', [label]).slice(0, 45));
const home = temporaryHome();
const place = join(tmpdir(), `stillhouse-backup-${randomUUID()}.tar`);
let upstream: MockUpstream;
let stack: TestStack;
let api: Stillhouse;

beforeAll(async () => {
  upstream = await startMockUpstream({ answers: new Map(rows.map(({ text, label }) => [text.trim(), label])), errorRate: 0 });
  writeFileSync(join(home, 'stillhouse.yaml'), JSON.stringify({ providers: [labProvider(upstream.url)] }));
  await pipeline(createReadStream(join(HOMES, 'schema-7.tar.gz')), createGunzip(), createWriteStream(place));
  const restored = await stillhouseOn(home, ['restore', '--from', place]);
  if (restored.code !== 0) throw new Error(restored.stderr);
  stack = await startTestStack({ home });
  api = new Stillhouse({ url: stack.url, apiKey: stack.adminKey });
});
afterAll(async () => {
  await stack?.stop();
  await upstream?.stop();
  for (const path of [home, place]) rmSync(path, { recursive: true, force: true });
});

async function sql(query: string): Promise<Record<string, string>> {
  const clickhouse = stack.parts().find((part) => part.name === 'clickhouse')!.address!;
  const response = await fetch(clickhouse, { method: 'POST', body: `${query} FORMAT JSON` });
  if (!response.ok) throw new Error(await response.text());
  return ((await response.json()) as { data: Record<string, string>[] }).data[0]!;
}

test('aliases and keys of the old snapshot and the old workflow: they answer, and they change', async () => {
  expect(await api.aliases.get('triage')).toMatchObject({ version: 1, targets: [{ target: 'lab/test' }], reason: 'day 0' });
  expect(await api.keys.list()).toMatchObject([{ name: 'app', limits: { usdPerDay: 1 } }]);
  const response = await fetch(`${stack.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${OLD.secret}`, 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'triage', messages: [{ role: 'user', content: rows[0]!.text }] }),
  });
  expect(await response.json()).toMatchObject({ choices: [{ message: { content: rows[0]!.label } }] });
  // Today's workflow has replayed what the old one did.
  const changed = { targets: [{ target: 'lab/test', weight: 1 }], cache: { ttlSeconds: 60 }, reason: 'day 1' };
  expect(await api.aliases.set('triage', changed)).toMatchObject({ version: 2, cache: { ttlSeconds: 60 } });
});

test('every call reads as it was made, those in the old spool too, and is rolled up once', async () => {
  await until('the old spool is shipped', async () => {
    const found = await sql(`SELECT count() AS n FROM stillhouse.traces WHERE id IN (${OLD.traceIds.map((id) => `'${id}'`).join(',')})`);
    return Number(found['n']) === OLD.traceIds.length;
  });
  for (const [n, id] of OLD.traceIds.entries()) {
    const trace = await api.traces.get(id);
    expect(trace).toMatchObject({
      id,
      status: 'ok',
      origin: 'app',
      target: 'lab/test',
      metadata: { n: String(n) },
      tokensIn: 20,
      tokensOut: 4,
    });
    expect(trace.costUsd).toBeCloseTo(0.00009, 10);
    expect(JSON.stringify(trace.request)).toContain(JSON.stringify(rows[n]!.text).slice(1, -1));
    expect(JSON.stringify(trace.response)).toContain(rows[n]!.label);
    expect(trace.attempts).toHaveLength(1);
  }
  // By a filter that the old schema did not have an index for.
  const words = rows[7]!.text.split(' ').slice(0, 4).join(' ');
  expect((await Array.fromAsync(api.traces.list({ text: words }))).map((trace) => trace.id)).toContain(OLD.traceIds[7]);
  const told = await sql(`SELECT (SELECT count() FROM stillhouse.traces) AS traces, (SELECT uniqExact(id) FROM stillhouse.traces) AS ids,
    (SELECT sum(calls) FROM stillhouse.usage_minutes) AS minutes, (SELECT sum(calls) FROM stillhouse.usage_days) AS days`);
  expect(new Set(Object.values(told)).size).toBe(1);
});

test('datasets and distillations of then, and the one that was paused goes on to its student', async () => {
  expect(await api.datasets.get('support')).toMatchObject({ version: 1, status: 'ready' });
  const train = await Array.fromAsync(api.datasets.rows('support', { split: 'train' }));
  expect(train.length).toBeGreaterThan(90);
  expect(new Set(train.map((row) => row.reference))).toEqual(new Set(LABELS));
  expect(await api.distillations.get('done')).toMatchObject({
    status: 'completed',
    student: 'student/done',
    evaluation: { decision: 'not_worse' },
  });
  expect(await api.distillations.get('going')).toMatchObject({ status: 'paused' });
  await api.distillations.resume('going');
  const run = await until(
    'it ends',
    async () => {
      const now = await api.distillations.get('going');
      return hasEnded(now) ? now : null;
    },
    200_000,
  );
  expect(run).toMatchObject({ status: 'completed', student: 'student/going' });
  // What the old program had been answered is not asked for again.
  const wanted = (run.stages[0]!.total ?? 0) * SAMPLES;
  expect(upstream.total(GOING_TEMPERATURE)).toBeGreaterThan(0);
  expect(upstream.total(GOING_TEMPERATURE)).toBeLessThanOrEqual(wanted - OLD.goingCalls + IN_FLIGHT);
  const answer = await until('the student answers', async () => {
    const body = JSON.stringify({ model: 'student/going', messages: [{ role: 'user', content: rows[0]!.text }] });
    const headers = { authorization: `Bearer ${OLD.secret}`, 'content-type': 'application/json' };
    const response = await fetch(`${stack.url}/v1/chat/completions`, { method: 'POST', headers, body });
    return response.ok ? ((await response.json()) as { choices: { message: { content: string } }[] }) : null;
  });
  expect(answer.choices[0]!.message.content).toBe(rows[0]!.label);
});

import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { randomUUID } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { StillhouseError } from '../../contracts/errors.ts';
import type { TraceRow } from '../../contracts/traces.ts';
import { interruptedRow } from '../../gateway/tracing/interrupted.ts';
import { segmentPath } from '../../gateway/tracing/segment-files.ts';
import type { TraceSink } from '../../gateway/tracing/shipment.ts';
import { clickHouseTime } from '../../platform/clickhouse-time.ts';
import { traceId } from '../../gateway/tracing/trace-id.ts';
import { openTracer, type Tracer, type TracerOptions } from '../../gateway/tracing/tracer.ts';
import { createLogger } from '../../platform/logger.ts';
import { openArtifactStore, type ArtifactStore } from '../../store/artifacts/artifact-store.ts';
import { readImage, storeImage } from '../../store/images/stored-images.ts';
import { getTrace, idsOfSegment, insertTraceSegment } from '../../store/clickhouse/traces.ts';
import { startTestClickHouse, type TestClickHouse } from '../support/clickhouse.ts';
import { until } from '../support/until.ts';

let clickhouse: TestClickHouse;
let spool: string;
let tracer: Tracer | undefined;
let project: string;
let artifacts: ArtifactStore;

beforeAll(async () => void (clickhouse = await startTestClickHouse()));
afterAll(() => clickhouse.stop());
beforeEach(() => {
  spool = join(mkdtempSync(join(tmpdir(), 'stillhouse-spool-')), 'spool');
  project = `p-${randomUUID()}`;
  artifacts = openArtifactStore(join(spool, '..', 'artifacts'));
});
afterEach(async () => {
  await tracer?.close(5000);
  tracer = undefined;
  rmSync(join(spool, '..'), { recursive: true, force: true });
});

const sink = (): TraceSink => ({
  insert: (token, lines) => insertTraceSegment(clickhouse.client, { token, lines }),
  idsOfSegment: (segmentId, which) => idsOfSegment(clickhouse.client, segmentId, which),
  storeImage: (project, sha256, bytes) => storeImage(artifacts, project, sha256, bytes),
});
const open = (options: Partial<TracerOptions> = {}) =>
  (tracer = openTracer({
    spool,
    sink: sink(),
    fsync: 'interval',
    quotaBytes: 1e9,
    sealAgeMs: 50,
    log: createLogger('test', 'error'),
    ...options,
  }));

function row(fields: Partial<TraceRow> = {}, atMs = Date.now()): TraceRow {
  const start = {
    s: 1,
    v: 1,
    origin: 'app',
    key_id: 'k',
    alias: '',
    alias_version: 0,
    target: 'lab/test',
    model_asked: 'm',
    tokens_in: 1,
    cost_usd: 0.5,
    metadata: {},
  } as const;
  return { ...interruptedRow({ ...start, id: traceId(atMs), project, ts: clickHouseTime(atMs) }), status: 'ok', request: '{}', ...fields };
}

/** An orphaned segment as a process that is gone has left it. */
function orphan(rows: object[], beganMs = Date.now()): string {
  const id = traceId(beganMs);
  const folder = join(spool, randomUUID());
  mkdirSync(folder, { recursive: true });
  const lines = rows.map((one) => `{"segment_id":"${id}",${JSON.stringify(one).slice(1)}\n`);
  writeFileSync(segmentPath(folder, 1, id, 'sealed'), lines.join(''));
  return folder;
}

async function counts(): Promise<{ rows: number; ids: number; attempts: number }> {
  const query = `SELECT toUInt32(count()) AS rows, toUInt32(uniqExact(id)) AS ids, (SELECT toUInt32(count()) FROM attempts WHERE project = {project:String}) AS attempts
    FROM traces WHERE project = {project:String}`;
  const result = await clickhouse.client.query({ query, query_params: { project }, format: 'JSONEachRow' });
  return (await result.json<{ rows: number; ids: number; attempts: number }>())[0]!;
}
const stored = (rows: number) => until(`${rows} rows`, async () => (await counts()).rows >= rows);

test('rows that ClickHouse refuses are set aside with the reason; all others are stored, and a repetition changes nothing', async () => {
  const rows = Array.from({ length: 40 }, () => row());
  const bad = [
    { ...row(), tokens_in: 'many' },
    { ...row(), ts: 'yesterday' },
  ];
  const mixed = [...rows.slice(0, 7), bad[0]!, ...rows.slice(7, 30), bad[1]!, ...rows.slice(30)];
  const folder = orphan(mixed);
  const copy = readdirSync(folder).map((name) => ({ name, bytes: readFileSync(join(folder, name)) }));
  open().adopt();
  await until('the orphan is gone', () => !existsSync(folder));
  expect(await counts()).toEqual({ rows: 40, ids: 40, attempts: 40 });
  expect(tracer!.counters().rowsRejected).toBe(2);
  const rejected = readdirSync(join(spool, 'rejected')).map(
    (name) => JSON.parse(readFileSync(join(spool, 'rejected', name), 'utf8')) as { reason: string; row: string },
  );
  expect(rejected.map((one) => (JSON.parse(one.row) as TraceRow).id).sort()).toEqual(bad.map((one) => one.id).sort());
  expect(rejected[0]!.reason).toContain('ClickHouse');
  // The process that shipped it was killed before it could delete the segment: the next one ships it again.
  const again = join(spool, randomUUID());
  mkdirSync(again);
  for (const { name, bytes } of copy) writeFileSync(join(again, name), bytes);
  tracer!.adopt();
  await until('the second orphan is gone', () => !existsSync(again));
  expect(await counts()).toEqual({ rows: 40, ids: 40, attempts: 40 });
  expect(readdirSync(join(spool, 'rejected'))).toHaveLength(2);
});

test('text cut within a character is stored with U+FFFD in its place', async () => {
  open();
  const one = row({
    prompt_text: 'cut \ud83d',
    answer_text: '\ude42 cut',
    metadata: { ['k\ud83d']: 'v\ud83d' },
    request: '{"x":"\\ud83d"}',
  });
  await tracer!.begin({ s: 1, ...one });
  await tracer!.end(one);
  await stored(1);
  expect(tracer!.counters().rowsRejected).toBe(0);
  const query = 'SELECT prompt_text, answer_text, metadata, request FROM traces WHERE project = {project:String}';
  const result = await clickhouse.client.query({ query, query_params: { project }, format: 'JSONEachRow' });
  expect(await result.json()).toEqual([
    { prompt_text: 'cut \ufffd', answer_text: '\ufffd cut', metadata: { 'k\ufffd': 'v\ufffd' }, request: '{"x":"\\ud83d"}' },
  ]);
});

test('a segment over the end of a month is two inserts, and its repetition is dropped in both months', async () => {
  const june = Date.UTC(2026, 5, 30, 23, 59, 59);
  const rows = Array.from({ length: 20 }, (_, index) => row({}, june + index * 100));
  for (const life of [1, 2]) {
    const folder = join(spool, randomUUID());
    mkdirSync(folder, { recursive: true });
    const id = `${traceId(june).slice(0, 14)}7000-8000-${project.slice(2, 14).replace('-', '0')}`;
    const lines = rows.map((one) => `{"segment_id":"${id}",${JSON.stringify(one).slice(1)}\n`);
    writeFileSync(segmentPath(folder, 1, id, 'sealed'), lines.join(''));
    if (life === 1) open({ windowCoversMs: Number.POSITIVE_INFINITY });
    tracer!.adopt();
    await until(`life ${life}: the orphan is gone`, () => !existsSync(folder));
  }
  expect(await counts()).toEqual({ rows: 20, ids: 20, attempts: 20 });
});

test('where the deduplication window has moved on, the rows that are there are asked for and left out', async () => {
  const tokens: string[] = [];
  let lost = 0;
  const forgetful: TraceSink = {
    ...sink(),
    // No token is met again: the window has forgotten them all. The first acknowledgement is lost.
    async insert(token, lines) {
      tokens.push(token);
      await sink().insert(`${token}-${randomUUID()}`, lines);
      if (lost++ === 0) throw new StillhouseError('unavailable', 'the connection was cut');
    },
  };
  open({ sink: forgetful, windowCoversMs: 0 });
  for (let index = 0; index < 5; index++) await tracer!.end(row());
  await stored(5);
  await until('the segment is shipped', () => tracer!.stats().segments === 0);
  expect(await counts()).toEqual({ rows: 5, ids: 5, attempts: 5 });
  expect(tokens).toHaveLength(1);
});

test('halves that were stored before the window moved on do not stand for other rows', async () => {
  const rows: object[] = Array.from({ length: 16 }, () => row());
  rows[15] = { ...row(), tokens_in: 'many' };
  let sent = 0;
  const interrupted: TraceSink = {
    ...sink(),
    // The bad row's half and the half's half are stored; then the connection goes.
    async insert(token, lines) {
      if (++sent === 5) throw new StillhouseError('unavailable', 'the connection was cut');
      await sink().insert(token, lines);
    },
  };
  const folder = orphan(rows);
  open({ sink: interrupted, windowCoversMs: 0 }).adopt();
  await until('the orphan is gone', () => !existsSync(folder));
  expect(await counts()).toEqual({ rows: 15, ids: 15, attempts: 15 });
  expect(tracer!.counters().rowsRejected).toBe(1);
});

test('over the quota bodies are shed and counted, and calls go on', async () => {
  await clickhouse.kill();
  open({ quotaBytes: 4000, sealAgeMs: 60_000 });
  for (let index = 0; index < 20; index++) {
    const one = row({ request: 'x'.repeat(500), response: 'y'.repeat(500), answer_text: 'z' });
    await tracer!.begin({ s: 1, ...one });
    await tracer!.end(one);
  }
  expect(tracer!.counters().bodiesShed).toBeGreaterThan(10);
  await clickhouse.restart();
  await tracer!.close(10_000);
  tracer = undefined;
  expect((await counts()).rows).toBe(20);
  const query =
    "SELECT toUInt32(countIf(request = '')) AS shed, toUInt32(countIf(length(response) = 500)) AS whole FROM traces WHERE project = {project:String}";
  const result = await clickhouse.client.query({ query, query_params: { project }, format: 'JSONEachRow' });
  const [bodies] = await result.json<{ shed: number; whole: number }>();
  expect(bodies!.shed).toBeGreaterThan(10);
  expect(bodies!.whole).toBeGreaterThan(0);
});

test('two processes on one spool: each has a folder of its own, and neither adopts the other', async () => {
  open();
  const other = openTracer({ spool, sink: sink(), fsync: 'never', quotaBytes: 1e9, sealAgeMs: 60_000, log: createLogger('test', 'error') });
  await other.end(row());
  tracer!.adopt();
  expect(tracer!.stats().segments).toBe(0);
  expect(other.stats().segments).toBe(1);
  await other.close(10_000);
  expect(await counts()).toMatchObject({ rows: 1 });
  expect(readdirSync(spool)).toHaveLength(1);
});

const PNG = Buffer.concat([Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'), Buffer.alloc(5000, 7)]);
const withPicture = (bytes: Buffer) =>
  JSON.stringify({ messages: [{ role: 'user', content: [{ image_url: { url: `data:image/png;base64,${bytes.toString('base64')}` } }] }] });

test('images are stored once, by hash, before the rows that name them; a trace that is read has them again', async () => {
  open();
  const other = Buffer.concat([PNG, Buffer.from('x')]);
  const rows = [PNG, PNG, other].map((bytes) => row({ request: withPicture(bytes) }));
  await Promise.all(rows.map((one) => tracer!.end(one)));
  await until('the rows', async () => (await getTrace(clickhouse.client, project, rows[2]!.id)) !== null);
  expect((await artifacts.list(`images/${project}/`)).length).toBe(2);
  for (const one of rows) {
    const stored = await getTrace(clickhouse.client, project, one.id);
    expect(JSON.stringify(stored!.request)).toMatch(/"stillhouse:image\/[0-9a-f]{64}"/);
    expect((await getTrace(clickhouse.client, project, one.id, artifacts))!.request).toEqual(JSON.parse(one.request));
  }
  const sha256 = (await artifacts.list(`images/${project}/`))[0]!.split('/').at(-1)!;
  expect(await readImage(artifacts, project, sha256)).toMatchObject({ type: 'image/png' });
  expect(await readImage(artifacts, `${project}-other`, sha256)).toBeNull();
});

test('an image is there however the process ends: it lies in the segment of its row', async () => {
  const down = { ...sink(), storeImage: () => Promise.reject(new StillhouseError('unavailable', 'no store')) };
  tracer = open({ sink: down });
  const one = row({ request: withPicture(PNG) });
  await tracer.end(one);
  await until('a segment', () => tracer!.stats().segments > 0);
  // No row is shipped without its images.
  await tracer.close(200);
  expect(await getTrace(clickhouse.client, project, one.id)).toBeNull();
  open();
  tracer.adopt();
  await until('the row', async () => (await getTrace(clickhouse.client, project, one.id)) !== null);
  expect((await getTrace(clickhouse.client, project, one.id, artifacts))!.request).toEqual(JSON.parse(one.request));
});

import { createHash, randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openArtifactStore } from '../../store/artifacts/artifact-store.ts';
import { storeImage } from '../../store/images/stored-images.ts';
import { deleteUnusedImages } from '../../store/images/unused-images.ts';
import { insertRows } from '../../store/clickhouse/query.ts';
import { deleteTracesBefore } from '../../store/clickhouse/retention.ts';
import { spendByKey } from '../../store/clickhouse/spend.ts';
import { getTrace, insertTraceSegment } from '../../store/clickhouse/traces.ts';
import { startTestClickHouse, type TestClickHouse } from '../support/clickhouse.ts';
import { answeredAttempt, linesOf, traceRow } from './trace-fixtures.ts';

const BORDER = Date.parse('2026-03-04T00:00:00.000Z');
const DAY_MS = 86_400_000;
let clickhouse: TestClickHouse;
beforeAll(async () => {
  clickhouse = await startTestClickHouse();
});
afterAll(() => clickhouse?.stop());

const counts = async (project: string) => {
  const of = (table: string) => `(SELECT count() FROM ${table} WHERE project = '${project}')`;
  const query = `SELECT ${of('traces')} AS traces, ${of('attempts')} AS attempts, ${of('feedback')} AS feedback, ${of('trace_clusters')} AS clusters,
    (SELECT sum(calls) FROM usage_days WHERE project = '${project}') AS usage`;
  return (await (await clickhouse.client.query({ query, format: 'JSONEachRow' })).json<Record<string, unknown>>())[0];
};

it('deletes images that no younger trace names', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'stillhouse-images-'));
  const artifacts = openArtifactStore(folder);
  const images = ['old', 'both', 'young'].map((name) => Buffer.from(name));
  const hashes = images.map((bytes) => createHash('sha256').update(bytes).digest('hex'));
  for (const [n, bytes] of images.entries())
    for (const project of ['pictures', 'others']) await storeImage(artifacts, project, hashes[n]!, bytes);
  const naming = (at: number, ...named: number[]) =>
    traceRow(BORDER + at, { project: 'pictures', request: JSON.stringify(named.map((n) => `stillhouse:image/${hashes[n]}`)) });
  const rows = [
    naming(-DAY_MS, 0, 1, 0),
    naming(-40 * DAY_MS, 0),
    naming(0, 1),
    naming(5, 2),
    traceRow(BORDER - 5, { project: 'pictures' }),
  ];
  await insertTraceSegment(clickhouse.client, { token: randomUUID(), lines: linesOf(rows) });
  const left = async (project: string) =>
    (await artifacts.list(`images/${project}/`)).map((key) => hashes.indexOf(key.split('/')[2]!)).sort((a, b) => a - b);
  await deleteTracesBefore(clickhouse.client, 'pictures', BORDER);
  await deleteUnusedImages(clickhouse.client, artifacts, 'pictures', BORDER);
  expect(await left('pictures')).toEqual([1, 2]);
  expect(await left('others')).toEqual([0, 1, 2]);
  await deleteTracesBefore(clickhouse.client, 'pictures', BORDER + 1);
  await deleteUnusedImages(clickhouse.client, artifacts, 'pictures', BORDER + 1);
  expect(await left('pictures')).toEqual([2]);
  rmSync(folder, { recursive: true });
});

it("deletes a project's old traces with what belongs to them, over months, and keeps usage; others stay", async () => {
  const times = [-40 * DAY_MS, -DAY_MS, -1, 0, DAY_MS];
  for (const project of ['kept', 'short']) {
    const rows = times.map((at) => traceRow(BORDER + at, { project, attempts: [answeredAttempt(1)] }));
    await insertTraceSegment(clickhouse.client, { token: randomUUID(), lines: linesOf(rows) });
    const facts = rows.map(({ id, ts }) => ({ project, trace_id: id, ts }));
    await insertRows(
      clickhouse.client,
      'feedback',
      facts.map((fact) => ({ ...fact, id: randomUUID(), at: fact.ts })),
      `f-${project}`,
    );
    await insertRows(
      clickhouse.client,
      'trace_clusters',
      facts.map((fact) => ({ ...fact, assigned_at: fact.ts })),
      `c-${project}`,
    );
    if (project === 'short') {
      expect(await deleteTracesBefore(clickhouse.client, "short' OR '1'='1", BORDER)).toBe(false);
      expect(await deleteTracesBefore(clickhouse.client, project, BORDER)).toBe(true);
      expect(await deleteTracesBefore(clickhouse.client, project, BORDER)).toBe(false);
      expect(await getTrace(clickhouse.client, project, rows[2]!.id)).toBeNull();
      expect(await getTrace(clickhouse.client, project, rows[3]!.id)).not.toBeNull();
    }
  }
  expect(await counts('short')).toEqual({ traces: 2, attempts: 2, feedback: 2, clusters: 2, usage: 5 });
  expect(await counts('kept')).toEqual({ traces: 5, attempts: 5, feedback: 5, clusters: 5, usage: 5 });
});

it('keeps what calls cost that are deleted, in budgets too', async () => {
  const project = 'spenders';
  const rows = [
    traceRow(BORDER - DAY_MS, { project, key_id: 'app', cost_usd: 2 }),
    traceRow(BORDER - 1, { project, key_id: 'app', cost_usd: null, cost_estimated_usd: 0.5 }),
    traceRow(BORDER - 1, { project, key_id: 'app', cost_usd: 1 }),
    traceRow(BORDER, { project, key_id: 'app', cost_usd: 4 }),
    traceRow(BORDER - 5, { project, key_id: 'logs', cost_usd: 8, origin: 'import' }),
  ];
  await insertTraceSegment(clickhouse.client, { token: randomUUID(), lines: linesOf(rows) });
  const spent = async () => {
    const days = await spendByKey(clickhouse.client, project, { from: BORDER - 2 * DAY_MS, until: BORDER + DAY_MS });
    return days.sort((a, b) => a.day.localeCompare(b.day)).map(({ keyId, day, usd, unpriced }) => [keyId, day, usd, unpriced]);
  };
  const today = ['app', '2026-03-04', 4, 0];
  expect(await spent()).toEqual([['app', '2026-03-03', 3.5, 1], today]);
  await deleteTracesBefore(clickhouse.client, project, BORDER);
  // Of a call without a price the estimate goes with it.
  expect(await spent()).toEqual([['app', '2026-03-03', 3, 1], today]);
});

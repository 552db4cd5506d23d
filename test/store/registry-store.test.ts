import { afterAll, beforeAll, expect, test } from 'vitest';
import { createRegistryActivities } from '../../activities/registry-store.ts';
import type { StateKind, StateVersion } from '../../contracts/registry.ts';
import { appendStateVersions } from '../../store/clickhouse/state-versions.ts';
import { startTestClickHouse, type TestClickHouse } from '../support/clickhouse.ts';

/** What Temporal passes on at most. */
const LARGEST_PAYLOAD = 2 * 1024 * 1024;
let clickhouse: TestClickHouse;

beforeAll(async () => {
  clickhouse = await startTestClickHouse();
});
afterAll(() => clickhouse.stop());

function version(sequence: number, kind: StateKind, key: string, value: unknown): StateVersion {
  const createdAt = '2026-11-20T12:00:00.000Z';
  return { project: 'default', kind, key, version: 1, sequence, requestId: `${sequence}`, value, reason: '', actor: '', createdAt };
}

test('a registry of many students starts: what it loads of them is that they are there', async () => {
  const alias = { name: 'support', version: 1, targets: [{ target: 'student/s-1', weight: 1 }], fallbacks: [] };
  const students = [1, 2, 3].map((i) => version(i, 'student', `s-${i}`, { name: `s-${i}`, evaluation: 'x'.repeat(1024 * 1024) }));
  await appendStateVersions(clickhouse.client, students);
  await appendStateVersions(clickhouse.client, [version(4, 'alias', 'support', alias)]);
  const loaded = await createRegistryActivities({ clickhouse: clickhouse.client }).loadState({ project: 'default' });
  expect(Buffer.byteLength(JSON.stringify(loaded))).toBeLessThan(LARGEST_PAYLOAD);
  expect(loaded.map(({ kind, key, version, sequence }) => [kind, key, version, sequence])).toEqual([
    ['student', 's-1', 1, 1],
    ['student', 's-2', 1, 2],
    ['student', 's-3', 1, 3],
    ['alias', 'support', 1, 4],
  ]);
  // The registry tells a student that exists by its value.
  expect(loaded[0]!.value).toEqual({});
  expect(loaded[3]!.value).toEqual(alias);
});

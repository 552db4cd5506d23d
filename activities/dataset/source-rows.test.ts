import { createHash } from 'node:crypto';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { BuildDatasetInput } from '../../contracts/datasets.ts';
import { openArtifactStore } from '../../store/artifacts/artifact-store.ts';
import { connectClickHouse } from '../../store/clickhouse/connection.ts';
import { sourceRows } from './source-rows.ts';

/** The rows of a file as it was uploaded. */
async function rowsOf(content: string) {
  const folder = mkdtempSync(join(tmpdir(), 'stillhouse-source-'));
  const artifacts = openArtifactStore(`file:${join(folder, 'artifacts')}`);
  const bytes = Buffer.from(content);
  const file = createHash('sha256').update(bytes).digest('hex');
  await artifacts.put(`files/${file}.jsonl`, bytes);
  // A file is read without a word to ClickHouse.
  const clickhouse = connectClickHouse({
    CLICKHOUSE_URL: 'http://127.0.0.1:9',
    CLICKHOUSE_USER: '',
    CLICKHOUSE_PASSWORD: '',
    CLICKHOUSE_DATABASE: 'x',
  });
  const input = { project: 'default', source: { file }, task: { kind: 'label' }, splits: { train: 0.6, validation: 0.2, test: 0.2 } };
  const rows = [];
  for await (const page of sourceRows({ clickhouse, artifacts, temporaryFolder: folder }, input as BuildDatasetInput, ''))
    rows.push(...page);
  await clickhouse.close();
  return rows;
}

test('what the check of an upload accepts is read: a byte order mark, line separators within a text, odd white space', async () => {
  const line = (content: string) => JSON.stringify({ messages: [{ role: 'user', content }], answer: 'yes' });
  const rows = await rowsOf(`\uFEFF${line('a\u2028b\u2029c')}\r\n\n\u00A0${line('second')}`);
  expect(rows.map(({ place, fault, row }) => [place, fault, row.messages[0]!.content])).toEqual([
    ['line 1', null, 'a\u2028b\u2029c'],
    ['line 3', null, 'second'],
  ]);
});

test('a row has the same id in a longer file, and equal rows have ids of their own', async () => {
  const line = (content: string, more: object = {}) => JSON.stringify({ messages: [{ role: 'user', content }], answer: 'yes', ...more });
  const short = await rowsOf([line('a'), line('b'), line('a')].join('\n'));
  const long = await rowsOf([line('new'), line('b'), line('a', { gold: 'no' }), line('a'), line('a')].join('\n'));
  const ids = (rows: typeof short) => rows.map(({ row }) => row.rowId);
  const [a, b, copy] = ids(short);
  expect(new Set([a, b, copy]).size).toBe(3);
  expect(ids(long).slice(1, 4)).toEqual([b, a, copy]);
  expect(new Set(ids(long)).size).toBe(5);
  // Another answer is another row.
  expect(ids(await rowsOf(JSON.stringify({ messages: [{ role: 'user', content: 'b' }], answer: 'no' })))).not.toContain(b);
});

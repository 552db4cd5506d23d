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

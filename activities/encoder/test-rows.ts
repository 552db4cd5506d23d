import { z } from 'zod';
import { lastUserText } from '../../contracts/chat.ts';
import type { DatasetRow } from '../../contracts/datasets.ts';
import type { EvaluateEncoderInput } from '../../contracts/stages.ts';
import type { ArtifactStore } from '../../store/artifacts/artifact-store.ts';
import type { ClickHouseClient } from '../../store/clickhouse/connection.ts';
import { goldOf, readDatasetRows } from '../../store/clickhouse/datasets.ts';

/** One row to be scored. */
export interface TestRow {
  rowId: string;
  text: string;
  /** The right answer: gold where it is known, else the majority of fresh teacher samples. */
  reference: string;
  isGold: boolean;
  /** What the teacher answered when the call was recorded. */
  teacher: string;
  /** Its trace; empty where another target answered or there is none. */
  traceId: string;
}

const PAGE = 1000;
const Reference = z.object({ rowId: z.string(), reference: z.string() });

/** The test split with its references; rows that have none, or no text of a user, are left out. */
export async function readTestRows(
  clickhouse: ClickHouseClient,
  artifacts: ArtifactStore,
  input: EvaluateEncoderInput,
): Promise<TestRow[]> {
  const { project, dataset } = input;
  const gold = await goldOf(clickhouse, project, dataset, 'test');
  const majority = new Map<string, string>();
  for (const line of input.references ? (await artifacts.get(input.references)).toString('utf8').split('\n') : []) {
    if (line === '') continue;
    const { rowId, reference } = Reference.parse(JSON.parse(line));
    majority.set(rowId, reference);
  }
  const rows: TestRow[] = [];
  for (let from = 0; ; from += PAGE) {
    const page = await readDatasetRows(clickhouse, project, dataset, { split: 'test', from, to: from + PAGE });
    if (page.length === 0) return rows;
    rows.push(...page.flatMap((row) => toTestRow(row, input.teacher, gold, majority)));
  }
}

function toTestRow(row: DatasetRow, teacher: string, gold: Map<string, string>, majority: Map<string, string>): TestRow[] {
  const reference = gold.get(row.rowId) ?? majority.get(row.rowId);
  const text = lastUserText(row.messages);
  if (reference === undefined || text === '') return [];
  const traceId = row.referenceTarget === teacher ? row.traceId : '';
  return [{ rowId: row.rowId, text, reference, isGold: gold.has(row.rowId), teacher: row.reference, traceId }];
}

import { lastUserText, type Message } from '../../contracts/chat.ts';
import type { DatasetRow } from '../../contracts/datasets.ts';
import { type EvaluateStudentInput, FreshAnswers } from '../../contracts/stages.ts';
import type { ArtifactStore } from '../../store/artifacts/artifact-store.ts';
import type { ClickHouseClient } from '../../store/clickhouse/connection.ts';
import { goldOf, readDatasetRows } from '../../store/clickhouse/datasets.ts';

/** One row to be scored. */
export interface TestRow {
  rowId: string;
  messages: Message[];
  /** Text of the last user message. */
  text: string;
  /** The right answer: gold where it is known, else the majority of fresh teacher samples. */
  reference: string;
  isGold: boolean;
  /** What the teacher answered when the call was recorded; where another target did, or a person, when it was asked since. */
  teacher: string;
  /** The trace of the recorded answer; empty where there is none. */
  traceId: string;
  /** What an answer since then cost and how long it took. */
  freshCost: { costUsd: number | null; latencyMs: number } | null;
}

/** The rows to be scored. */
export interface TestRows {
  /** One of each near-duplicate group, the first that can be scored: copies are no further observations. */
  rows: TestRow[];
  /** Rows behind them. */
  allRows: number;
  /** Rows without a reference, an answer of the teacher, or a user's text. */
  leftOut: number;
}

const PAGE = 1000;

/** The test split with its references and the teacher's answers. */
export async function readTestRows(clickhouse: ClickHouseClient, artifacts: ArtifactStore, input: EvaluateStudentInput): Promise<TestRows> {
  const { project, dataset } = input;
  const gold = await goldOf(clickhouse, project, dataset, 'test');
  const fresh = new Map<string, FreshAnswers>();
  for (const line of input.references ? (await artifacts.get(input.references)).toString('utf8').split('\n') : []) {
    if (line === '') continue;
    const answers = FreshAnswers.parse(JSON.parse(line));
    fresh.set(answers.rowId, answers);
  }
  const groups = new Map<string, TestRow>();
  let allRows = 0;
  let leftOut = 0;
  for (let from = 0; ; from += PAGE) {
    const page = await readDatasetRows(clickhouse, project, dataset, { split: 'test', from, to: from + PAGE });
    if (page.length === 0) return { rows: [...groups.values()], allRows, leftOut };
    for (const row of page) {
      const scorable = toTestRow(row, input.teacher, gold.get(row.rowId), fresh.get(row.rowId));
      if (!scorable) leftOut++;
      else {
        allRows++;
        if (!groups.has(row.group)) groups.set(row.group, scorable);
      }
    }
  }
}

function toTestRow(row: DatasetRow, teacher: string, gold: string | undefined, fresh: FreshAnswers | undefined): TestRow | null {
  const { rowId } = row;
  const reference = gold ?? fresh?.reference;
  const text = lastUserText(row.messages);
  const isRecorded = row.referenceTarget === teacher;
  const answer = isRecorded ? row.reference : fresh?.teacher;
  if (reference === undefined || text === '' || answer === undefined) return null;
  const traceId = isRecorded ? row.traceId : '';
  const freshCost = isRecorded || fresh?.latencyMs === undefined ? null : { costUsd: fresh.costUsd ?? null, latencyMs: fresh.latencyMs };
  return { rowId, messages: row.messages, text, reference, isGold: gold !== undefined, teacher: answer, traceId, freshCost };
}

import type { Dataset } from '../../contracts/datasets.ts';
import { promptTokenBound, worstCallUsd } from '../../core/candidates/call-bounds.ts';
import type { ClickHouseClient } from '../../store/clickhouse/connection.ts';
import { goldOf } from '../../store/clickhouse/datasets.ts';
import { samplesNeeded } from '../generate/samples.ts';
import { rowPages } from './row-pages.ts';
import type { RunPlan } from './run-plan.ts';

/** What a test split can show, and what is missing for it. */
export interface TestSurvey {
  /** Near-duplicate groups: each is one observation, however many rows it has. */
  groups: number;
  /** Rows with a gold answer and an answer of the teacher: nothing has to be asked for them. */
  complete: number;
  /** Rows that another target answered, or nobody: the teacher has to be asked. */
  unanswered: number;
  /** Groups whose first row is complete, and how often the teacher was wrong there. */
  known: { groups: number; teacherErrors: number };
  /** The most that the missing answers can cost. */
  freshUsd: number;
}

/** Goes through the test split before anything is paid for. */
export async function surveyTest(
  clickhouse: ClickHouseClient,
  project: string,
  dataset: Dataset,
  plan: Pick<RunPlan, 'teacher' | 'nSamples' | 'price' | 'maxAnswerTokens'>,
): Promise<TestSurvey> {
  const gold = await goldOf(clickhouse, project, dataset, 'test');
  const survey: TestSurvey = { groups: 0, complete: 0, unanswered: 0, known: { groups: 0, teacherErrors: 0 }, freshUsd: 0 };
  const groups = new Set<string>();
  for await (const rows of rowPages(clickhouse, { run: { project }, dataset, rows: dataset.rows }, 'test'))
    for (const row of rows) {
      const right = gold.get(row.rowId);
      const isFirst = !groups.has(row.group);
      groups.add(row.group);
      const toAnswer = samplesNeeded(plan, 'answer', row);
      const calls = toAnswer + (right === undefined ? samplesNeeded(plan, 'reference', row) : 0);
      survey.unanswered += toAnswer;
      survey.freshUsd += calls * worstCallUsd(plan.price, { in: promptTokenBound(row, plan.teacher), out: plan.maxAnswerTokens });
      if (right === undefined || toAnswer > 0) continue;
      survey.complete++;
      if (!isFirst) continue;
      survey.known.groups++;
      if (right.trim() !== row.reference.trim()) survey.known.teacherErrors++;
    }
  return { ...survey, groups: groups.size };
}

import { createHash } from 'node:crypto';
import type { WorkflowHandleWithFirstExecutionRunId } from '@temporalio/client';
import type { ForgetRequest, Forgetting } from '../../contracts/forget.ts';
import { QUEUES, TABLES, WORKFLOWS, workflowIds } from '../../contracts/names.ts';
import type { TraceRow } from '../../contracts/traces.ts';
import { canonicalJson } from '../../platform/content-hash.ts';
import { keepForgetRequest } from '../../store/artifacts/forget-artifacts.ts';
import { type ArtifactStore, openArtifactStore } from '../../store/artifacts/artifact-store.ts';
import type { ClickHouseClient } from '../../store/clickhouse/connection.ts';
import { insertTraceSegment } from '../../store/clickhouse/traces.ts';
import { answeredAttempt, linesOf, traceRow } from '../store/trace-fixtures.ts';
import { type KillablePlane, startKillablePlane } from './killable-plane.ts';

/** The n-th call of a user; its text is long and has quotes in it. */
export function call(project: string, n: number, user: string, values: Partial<TraceRow> = {}): TraceRow {
  const text = `Please tell me about "item ${n}" of my order, I am ${user}, and where it is right now`;
  return traceRow(Date.now() - 3_600_000 + n * 10, {
    project,
    user_id: user,
    prompt_text: text,
    answer_text: n % 2 === 0 ? 'yes' : 'no',
    request: JSON.stringify({ messages: [{ role: 'user', content: text }] }),
    response: JSON.stringify({ choices: [{ message: { role: 'assistant', content: `${user}: ${n % 2 === 0 ? 'yes' : 'no'}` } }] }),
    attempts: [answeredAttempt(0.001)],
    ...values,
  });
}

/** Calls on record, and workers that forget them and end where they are told to. */
export interface ForgetBench extends KillablePlane {
  store(): ClickHouseClient;
  artifacts(): ArtifactStore;
  record(rows: TraceRow[]): Promise<void>;
  /** Tables of the store in which the text stands, in any column. */
  tablesWith(text: string): Promise<string[]>;
  /** As the API does it, with less patience for what comes late. */
  forget(project: string, request: ForgetRequest): Promise<WorkflowHandleWithFirstExecutionRunId<(input: unknown) => Promise<Forgetting>>>;
}

export async function startForgetBench(): Promise<ForgetBench> {
  const killable = await startKillablePlane();
  const { bench, plane } = killable;
  const store = () => bench.clickhouse.client;
  const artifacts = () => openArtifactStore(plane.artifacts);
  let segment = 0;
  return {
    ...killable,
    store,
    artifacts,
    async record(rows) {
      const token = `forget-test-${segment++}`;
      await insertTraceSegment(store(), { token, lines: linesOf(rows.map((row) => ({ ...row, segment_id: token }))) });
    },
    async tablesWith(text) {
      const found: string[] = [];
      for (const table of Object.values(TABLES)) {
        const result = await store().query({ query: `SELECT * FROM ${table}`, format: 'JSONEachRow' });
        if ((await result.text()).includes(text)) found.push(table);
      }
      return found;
    },
    async forget(project, request) {
      const name = createHash('sha256')
        .update(canonicalJson([project, request]))
        .digest('hex')
        .slice(0, 32);
      await keepForgetRequest(artifacts(), project, name, { request, startedAt: new Date().toISOString() });
      const client = await bench.client();
      return client.workflow.start<(input: unknown) => Promise<Forgetting>>(WORKFLOWS.forgetTraces, {
        workflowId: workflowIds.forgetTraces(project, name),
        taskQueue: QUEUES.main,
        args: [{ project, name, settleMs: 100 }],
      });
    },
  };
}

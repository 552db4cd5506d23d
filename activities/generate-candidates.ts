import type { Candidate } from '../contracts/candidates.ts';
import type { DatasetRow, Split } from '../contracts/datasets.ts';
import { promptTokenBound, worstCallUsd } from '../core/candidates/call-bounds.ts';
import type { ClickHouseClient } from '../store/clickhouse/connection.ts';
import { goldOf, readDatasetRows } from '../store/clickhouse/datasets.ts';
import { clickHouseTime } from '../platform/clickhouse-time.ts';
import type { GatewayAccess } from './distil/gateway-targets.ts';
import type { RunPlan } from './distil/run-plan.ts';
import type { LaneCall } from './generate/call-lane.ts';
import { CALLS_STALL_MS, runJournalledCalls } from './generate/journalled-calls.ts';
import { type Purpose, journalledSamples, sampledParameters, samplesNeeded, samplingOf, temperatureOf } from './generate/samples.ts';
import { withHeartbeat } from './heartbeat.ts';

/** Calls of a distillation in flight at most: what a kill can lose. */
const MOST_IN_FLIGHT = 32;

/** Rows `from` ≤ position < `to` of a split. */
export interface GenerateInput {
  plan: RunPlan;
  purpose: 'train' | 'reference';
  split: Split;
  from: number;
  to: number;
}

/** What a shard came to. */
export interface GenerateResult {
  rows: number;
  /** New answers, received and journalled. */
  journalled: number;
  /** Samples that were there already, from an earlier attempt or run. */
  reused: number;
  /** Samples that the teacher failed to give. */
  lost: number;
  capReached: boolean;
  /** New spend of this run up to now. */
  spentUsd: number;
}

export interface GenerateDeps {
  clickhouse: ClickHouseClient;
  gateway: GatewayAccess;
  /** Milliseconds since 1970. */
  now: () => number;
}

export type GenerateActivities = ReturnType<typeof createGenerateActivities>;

export function createGenerateActivities(deps: GenerateDeps) {
  const { clickhouse } = deps;
  return {
    /**
     * Has the teacher answer some rows until each prompt has its samples. Safe to retry because every answer is in
     * ClickHouse before its place is free: a second attempt asks only for samples that are not there, and a kill loses at
     * most what was in flight.
     */
    generateCandidates: (input: GenerateInput): Promise<GenerateResult> =>
      withHeartbeat(CALLS_STALL_MS, async ({ signal, progress }) => {
        const { plan, purpose, split, from, to } = input;
        const { project } = plan.run;
        const all = await readDatasetRows(clickhouse, project, plan.dataset, { split, from, to });
        const wanted = await wantedOf(clickhouse, input, all);
        const calls: LaneCall[] = [];
        let reused = 0;
        for (const { rows, purpose } of wanted) {
          const known = await journalledSamples(clickhouse, plan, purpose, rows);
          calls.push(...missingCalls(deps, plan, purpose, rows, known));
          for (const samples of known.values()) reused += samples.length;
        }
        let answered = 0;
        const result = await runJournalledCalls(
          deps,
          {
            run: plan.run,
            capUsd: plan.maxUsd - (purpose === 'train' ? plan.reservedUsd : 0),
            most: MOST_IN_FLIGHT,
            // Of a thousand recorded prompts one may be too long for this teacher, or against its rules.
            refusals: 'lose',
            signal,
            moved: () => progress({ from, answered: ++answered, calls: calls.length }),
          },
          calls,
        );
        signal.throwIfAborted();
        return { rows: all.length, reused, ...result };
      }),
  };
}

/** Which rows need samples, and for what. */
async function wantedOf(
  clickhouse: ClickHouseClient,
  { plan, purpose, split }: GenerateInput,
  rows: readonly DatasetRow[],
): Promise<{ purpose: Purpose; rows: readonly DatasetRow[] }[]> {
  if (purpose === 'train') return [{ purpose, rows }];
  // A test row with a gold answer needs no reference.
  const gold = await goldOf(clickhouse, plan.run.project, plan.dataset, split);
  return [
    { purpose, rows: rows.filter((row) => !gold.has(row.rowId)) },
    { purpose: 'answer', rows: rows.filter((row) => samplesNeeded(plan, 'answer', row) > 0) },
  ];
}

function missingCalls(
  deps: GenerateDeps,
  plan: RunPlan,
  purpose: Purpose,
  rows: readonly DatasetRow[],
  known: Map<string, Candidate[]>,
): LaneCall[] {
  const calls: LaneCall[] = [];
  const { project, distillation, runId } = plan.run;
  const metadata = { distillation, run: runId, stage: purpose === 'train' ? 'generate' : 'evaluate' };
  const asked = new Set<string>();
  for (const row of rows) {
    const sampling = samplingOf(plan, purpose, row);
    const taken = new Set((known.get(row.rowId) ?? []).map((candidate) => candidate.sample));
    for (let sample = 0; sample < samplesNeeded(plan, purpose, row); sample++) {
      // A copy of the prompt in the same shard shares its samples.
      const identity = `${row.promptHash} ${sampling} ${sample}`;
      if (taken.has(sample) || asked.has(identity)) continue;
      asked.add(identity);
      const worstUsd = worstCallUsd(plan.price, { in: promptTokenBound(row, plan.teacher), out: plan.maxAnswerTokens });
      const toCandidate: LaneCall['toCandidate'] = ({ text, ...answer }) => ({
        project,
        promptHash: row.promptHash,
        teacher: plan.teacher,
        sampling,
        sample,
        answer: text,
        ...answer,
        distillation,
        runId,
        createdAt: clickHouseTime(deps.now()),
      });
      calls.push({ call: { body: bodyOf(plan, purpose, row), metadata, price: plan.price }, worstUsd, toCandidate });
    }
  }
  return calls;
}

function bodyOf(plan: RunPlan, purpose: Purpose, row: DatasetRow): LaneCall['call']['body'] {
  return {
    ...sampledParameters(row),
    model: plan.teacher,
    messages: row.messages as LaneCall['call']['body']['messages'],
    ...(row.tools === null ? {} : { tools: row.tools as never }),
    ...(row.responseFormat == null ? {} : { response_format: row.responseFormat as never }),
    temperature: temperatureOf(plan, purpose),
    max_completion_tokens: plan.maxAnswerTokens,
    stream: false,
  };
}

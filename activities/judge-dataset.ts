import type { JudgeDatasetInput, Judgement, JudgementCounts } from '../contracts/dataset-judging.ts';
import type { Dataset, Split, Task } from '../contracts/datasets.ts';
import { StillhouseError } from '../contracts/errors.ts';
import type { Price } from '../core/candidates/call-bounds.ts';
import { JUDGE_PROMPT_VERSION, parseOpinion } from '../core/dataset/judging.ts';
import { rowContent } from '../platform/content-hash.ts';
import type { ClickHouseClient } from '../store/clickhouse/connection.ts';
import { recordJudgement } from '../store/clickhouse/dataset-judgements.ts';
import { type JudgeVerdict, insertVerdicts } from '../store/clickhouse/dataset-verdicts.ts';
import { readDataset, readDatasetRows, readNewestReady } from '../store/clickhouse/datasets.ts';
import { JudgeCalls } from './dataset/judge-calls.ts';
import { type GatewayAccess, teacherPrice } from './distil/gateway-targets.ts';
import type { RunIdentity } from './distil/run-plan.ts';
import type { LaneCall } from './generate/call-lane.ts';
import { CALLS_STALL_MS, runJournalledCalls } from './generate/journalled-calls.ts';
import { spentSoFar } from './generate/spent-so-far.ts';
import { withHeartbeat } from './heartbeat.ts';

/** What is fixed before the first call, so that every attempt starts from the same. */
export interface JudgePlan {
  input: JudgeDatasetInput;
  version: number;
  run: RunIdentity;
  /** When the run began: of two verdicts on a row the later run's counts. */
  at: string;
  task: Task;
  labels: string[];
  rows: Dataset['rows'];
  price: Price;
}

/** Rows `from` ≤ position < `to` of a split. */
export interface JudgeShard {
  plan: JudgePlan;
  split: Split;
  from: number;
  to: number;
  /** Whether the judge may be asked: once the cap is reached, only answers on record count. */
  asks: boolean;
}

export interface JudgedShard {
  counts: JudgementCounts;
  capReached: boolean;
  spentUsd: number;
}

export interface JudgeDeps {
  clickhouse: ClickHouseClient;
  gateway: GatewayAccess;
  /** Milliseconds since 1970. */
  now: () => number;
}

/** What the `judgeDataset` workflow is made of. */
export type JudgeActivities = ReturnType<typeof createJudgeActivities>;

export function createJudgeActivities(deps: JudgeDeps) {
  const { clickhouse, gateway } = deps;
  return {
    /** Fixes version and price. Safe to retry because it only reads, and Temporal keeps the first answer. */
    async planJudgement({
      input,
      name,
      runId,
      at,
    }: {
      input: JudgeDatasetInput;
      name: string;
      runId: string;
      at: string;
    }): Promise<JudgePlan> {
      const { project, dataset: wanted, version } = input;
      const dataset =
        version === undefined
          ? await readNewestReady(clickhouse, project, wanted)
          : await readDataset(clickhouse, project, wanted, version);
      if (dataset?.status !== 'ready')
        throw new StillhouseError('not_found', `dataset: there is no version of "${wanted}" that is ready.`, { param: 'dataset' });
      const { task } = dataset;
      return {
        input,
        version: dataset.version,
        run: { project, distillation: `judge/${wanted}/${name}`, runId },
        at,
        task,
        labels: task.kind === 'label' ? (task.labels ?? Object.keys(dataset.labels)) : [],
        rows: dataset.rows,
        price: await teacherPrice(gateway, input.model),
      };
    },

    /**
     * Has some rows judged. Safe to retry because every answer is in ClickHouse before its place is free: a second attempt asks
     * only for what is not there, and verdicts are stored under a token of their content.
     */
    judgeRows: (shard: JudgeShard): Promise<JudgedShard> =>
      withHeartbeat(CALLS_STALL_MS, async ({ signal, progress }) => {
        const { plan, split, from, to } = shard;
        const { project, dataset } = plan.input;
        const rows = await readDatasetRows(clickhouse, project, { name: dataset, version: plan.version }, { split, from, to });
        const calls = new JudgeCalls(deps, plan);
        const asked = rows.map((row) => ({ row, ...calls.call(row) }));
        const hashes = asked.map(({ promptHash }) => promptHash);
        const before = await calls.journalled(hashes);
        // A copy of a row shares its answer.
        const missing = new Map<string, LaneCall>(
          asked.flatMap(({ promptHash, call }) => (before.has(promptHash) ? [] : [[promptHash, call] as const])),
        );
        let done = 0;
        const calling = {
          run: plan.run,
          capUsd: plan.input.maxUsd,
          most: plan.input.concurrency,
          signal,
          moved: () => progress({ from, judged: ++done, of: missing.size }),
        };
        const result = shard.asks && missing.size > 0 ? await runJournalledCalls(deps, calling, [...missing.values()]) : null;
        signal.throwIfAborted();
        const answers = await calls.journalled(hashes);
        const counts: JudgementCounts = {
          rows: rows.length,
          judged: 0,
          kept: 0,
          dropped: 0,
          unparsed: 0,
          unasked: 0,
          reused: 0,
          scores: 0,
        };
        counts.reused = rows.length - missing.size;
        const verdicts: JudgeVerdict[] = [];
        for (const { row, promptHash } of asked) {
          const answer = answers.get(promptHash);
          if (!answer) {
            counts.unasked++;
            continue;
          }
          const opinion = parseOpinion(answer.answer, plan.input.criteria);
          if (!opinion) {
            counts.unparsed++;
            continue;
          }
          const verdict = opinion.score >= plan.input.keepFrom ? 'keep' : 'drop';
          counts.judged++;
          counts[verdict === 'keep' ? 'kept' : 'dropped']++;
          counts.scores += opinion.score;
          verdicts.push({
            rowId: row.rowId,
            contentHash: rowContent(row),
            at: plan.at,
            ...opinion,
            verdict,
            model: plan.input.model,
            promptVersion: JUDGE_PROMPT_VERSION,
            costUsd: answer.costUsd,
            runId: plan.run.runId,
            traceId: answer.traceId,
          });
        }
        await insertVerdicts(clickhouse, project, dataset, verdicts);
        const { usd } = await spentSoFar(clickhouse, plan.run);
        return { counts, capReached: result?.capReached ?? false, spentUsd: usd };
      }),

    /** Records where the run stands. Safe to retry because the insert carries a token of its content. */
    recordJudgement: ({ state }: { state: Judgement }): Promise<void> => recordJudgement(clickhouse, state),
  };
}

import type { Candidate } from '../contracts/candidates.ts';
import type { JudgeDatasetInput, Judgement, JudgementCounts } from '../contracts/dataset-judging.ts';
import type { DatasetRow, Split } from '../contracts/datasets.ts';
import { StillhouseError } from '../contracts/errors.ts';
import { JUDGE_PROMPT_VERSION, parseOpinion } from '../core/dataset/judging.ts';
import { rowContent } from '../platform/content-hash.ts';
import { recordJudgement } from '../store/clickhouse/dataset-judgements.ts';
import { type JudgeVerdict, insertVerdicts } from '../store/clickhouse/dataset-verdicts.ts';
import { readDataset, readDatasetRows, readNewestReady } from '../store/clickhouse/datasets.ts';
import { JudgeCalls } from './dataset/judge-calls.ts';
import type { JudgeDeps, JudgePlan } from './dataset/judge-plan.ts';
import { teacherPrice } from './distil/gateway-targets.ts';
import type { LaneCall } from './generate/call-lane.ts';
import { CALLS_STALL_MS, runJournalledCalls } from './generate/journalled-calls.ts';
import { spentSoFar } from './generate/spent-so-far.ts';
import { type Pulse, withHeartbeat } from './heartbeat.ts';

/** Which run it is. */
export interface JudgeRun {
  input: JudgeDatasetInput;
  name: string;
  runId: string;
  at: string;
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

/** What the `judgeDataset` workflow is made of. */
export type JudgeActivities = ReturnType<typeof createJudgeActivities>;

export function createJudgeActivities(deps: JudgeDeps) {
  return {
    /** Fixes version and price. Safe to retry because it only reads, and Temporal keeps the first answer. */
    planJudgement: (run: JudgeRun): Promise<JudgePlan> => planJudgement(deps, run),

    /**
     * Has some rows judged. Safe to retry because every answer is in ClickHouse before its place is free: a second attempt asks
     * only for what is not there, and verdicts are stored under a token of their content.
     */
    judgeRows: (shard: JudgeShard): Promise<JudgedShard> => withHeartbeat(CALLS_STALL_MS, (pulse) => judgeShard(deps, shard, pulse)),

    /** Records where the run stands. Safe to retry because the insert carries a token of its content. */
    recordJudgement: ({ state }: { state: Judgement }): Promise<void> => recordJudgement(deps.clickhouse, state),
  };
}

async function planJudgement({ clickhouse, gateway }: JudgeDeps, { input, name, runId, at }: JudgeRun): Promise<JudgePlan> {
  const { project, dataset: wanted, version } = input;
  const dataset =
    version === undefined ? await readNewestReady(clickhouse, project, wanted) : await readDataset(clickhouse, project, wanted, version);
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
    price: await teacherPrice(gateway, project, input.model),
  };
}

async function judgeShard(deps: JudgeDeps, shard: JudgeShard, { signal, progress }: Pulse): Promise<JudgedShard> {
  const { plan, split, from, to } = shard;
  const { project, dataset, maxUsd, concurrency } = plan.input;
  const rows = await readDatasetRows(deps.clickhouse, project, { name: dataset, version: plan.version }, { split, from, to });
  const calls = new JudgeCalls(deps, plan);
  const asked = rows.map((row) => ({ row, ...calls.call(row) }));
  const hashes = asked.map(({ promptHash }) => promptHash);
  const before = await calls.journalled(hashes);
  // A copy of a row shares its answer.
  const missing = new Map<string, LaneCall>();
  for (const { promptHash, call } of asked) if (!before.has(promptHash)) missing.set(promptHash, call);
  let capReached = false;
  if (shard.asks && missing.size > 0) {
    let done = 0;
    const moved = () => progress({ from, judged: ++done, of: missing.size });
    // One row that is too long for the judge is not judged; the others are.
    const calling = { run: plan.run, capUsd: maxUsd, most: concurrency, refusals: 'lose' as const, signal, moved };
    ({ capReached } = await runJournalledCalls(deps, calling, [...missing.values()]));
  }
  signal.throwIfAborted();
  const answers = await calls.journalled(hashes);
  const { counts, verdicts } = verdictsOf(
    plan,
    asked.map(({ row, promptHash }) => ({ row, answer: answers.get(promptHash) })),
  );
  await insertVerdicts(deps.clickhouse, project, dataset, verdicts);
  const { usd } = await spentSoFar(deps.clickhouse, plan.run);
  return { counts: { ...counts, reused: rows.length - missing.size }, capReached, spentUsd: usd };
}

/** What answers come to: one that is not what was asked for is no score, and one that is not there is no answer. */
function verdictsOf(plan: JudgePlan, rows: readonly { row: DatasetRow; answer: Candidate | undefined }[]) {
  const { criteria, keepFrom, model } = plan.input;
  const counts: JudgementCounts = { rows: rows.length, judged: 0, kept: 0, dropped: 0, unparsed: 0, unasked: 0, reused: 0, scores: 0 };
  const verdicts: JudgeVerdict[] = [];
  for (const { row, answer } of rows) {
    const opinion = answer ? parseOpinion(answer.answer, criteria) : null;
    if (!answer || !opinion) {
      counts[answer ? 'unparsed' : 'unasked']++;
      continue;
    }
    const verdict = opinion.score >= keepFrom ? 'keep' : 'drop';
    counts.judged++;
    counts[verdict === 'keep' ? 'kept' : 'dropped']++;
    counts.scores += opinion.score;
    const { costUsd, traceId } = answer;
    const said = { at: plan.at, ...opinion, verdict, model, promptVersion: JUDGE_PROMPT_VERSION, costUsd } as const;
    verdicts.push({ rowId: row.rowId, contentHash: rowContent(row), ...said, runId: plan.run.runId, traceId });
  }
  return { counts, verdicts };
}

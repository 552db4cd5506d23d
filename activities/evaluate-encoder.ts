import { median } from '../core/statistics/median.ts';
import { evaluatePair } from '../core/statistics/evaluate-pair.ts';
import { Evaluation } from '../contracts/distil.ts';
import { StillhouseError } from '../contracts/errors.ts';
import type { EvaluateEncoderInput, EvaluateEncoderResult } from '../contracts/stages.ts';
import { contentHash } from '../platform/content-hash.ts';
import { type Classification, createEncoderPool } from '../serving/encoder-pool.ts';
import type { ClickHouseClient } from '../store/clickhouse/connection.ts';
import { costsOfTraces } from '../store/clickhouse/trace-costs.ts';
import { type EncoderDeps, publishOnce, type StagePulse } from './encoder/encoder-deps.ts';
import { readTestRows, type TestRow } from './encoder/test-rows.ts';
import { withHeartbeat } from './heartbeat.ts';

/** One answer takes milliseconds; reading a page of rows, seconds. */
const STALL_MS = 2 * 60_000;

/** Rises when the scoring changes: an evaluation of another kind is not taken for this one. */
const SCORER = 2;

export type EvaluateEncoderDeps = EncoderDeps & { clickhouse: ClickHouseClient };
export type EvaluateEncoderActivity = ReturnType<typeof createEvaluateEncoderActivity>;

export function createEvaluateEncoderActivity(deps: EvaluateEncoderDeps) {
  return {
    /**
     * Scores an encoder student against its teacher on the test split. Safe to retry because it only reads, and a result
     * that was published is found by the hash of its inputs.
     */
    evaluateEncoder: (input: EvaluateEncoderInput): Promise<EvaluateEncoderResult> =>
      withHeartbeat(STALL_MS, (pulse) => evaluateEncoder(deps, input, pulse)),
  };
}

/** What the activity does, without Temporal around it. */
export async function evaluateEncoder(
  deps: EvaluateEncoderDeps,
  input: EvaluateEncoderInput,
  pulse: StagePulse,
): Promise<EvaluateEncoderResult> {
  const { artifacts, clickhouse } = deps;
  const inputs = {
    ...input,
    scorer: SCORER,
    distillation: null,
    manifest: input.manifest.sha256,
    references: input.references?.sha256 ?? null,
  };
  const folder = `evaluations/${input.project}/${contentHash(inputs).slice(0, 32)}`;
  const published = await artifacts.find(`${folder}/evaluation.json`);
  if (published) return { evaluation: Evaluation.parse(JSON.parse((await artifacts.get(published)).toString('utf8'))) };

  const { rows, allRows, leftOut } = await readTestRows(clickhouse, artifacts, input);
  if (rows.length === 0)
    throw new StillhouseError(
      'test_too_small',
      `None of the ${leftOut} test rows has both an answer to score against and one of the teacher "${input.teacher}".`,
    );
  const answers = await answersOf(deps, input, rows, pulse);
  const pairs = rows.map((row, i) => ({ reference: row.reference, teacher: row.teacher, student: answers[i]!.label }));
  const scored = evaluatePair(pairs, input.marginPoints);
  const teacher = await teacherPrice(deps, input, rows);
  const lines = rows.map(({ rowId, reference, teacher }, i) => {
    const { label: student, probability } = answers[i]!;
    return JSON.stringify({ rowId, reference, teacher, student, probability: Number(probability.toFixed(6)) });
  });
  const bytes = Buffer.from(`${lines.join('\n')}\n`);
  // Named by its content: an attempt on another machine may round a probability otherwise.
  const stored = await artifacts.put(`${folder}/answers-${contentHash(lines).slice(0, 16)}.jsonl`, bytes);
  const goldRows = rows.filter(({ isGold }) => isGold).length;
  const evaluation: Evaluation = {
    ...scored,
    rows: allRows,
    leftOut,
    reference: goldRows === rows.length ? 'gold' : goldRows > 0 ? 'mixed' : 'teacher-majority',
    goldRows,
    teacher: { ...scored.teacher, ...teacher },
    student: { ...scored.student, ...studentPrice(answers, input.usdPerCoreHour) },
    answers: { ...stored, rows: lines.length },
  };
  const ref = await publishOnce(artifacts, `${folder}/evaluation.json`, evaluation);
  return { evaluation: Evaluation.parse(JSON.parse((await artifacts.get(ref)).toString('utf8'))) };
}

async function answersOf(
  deps: EncoderDeps,
  input: EvaluateEncoderInput,
  rows: readonly TestRow[],
  pulse: StagePulse,
): Promise<Classification[]> {
  // One thread, one call at a time: its time is the price, and other work on the machine should not be in it twice.
  const pool = createEncoderPool({ ...deps, threads: 1 });
  try {
    await pool.prepare(input.manifest);
    const answers: Classification[] = [];
    for (const { text } of rows) {
      pulse.signal.throwIfAborted();
      answers.push(await pool.classify(input.manifest, text));
      pulse.progress({ done: answers.length, total: rows.length });
    }
    return answers;
  } finally {
    await pool.close();
  }
}

/** Measured compute time at the price of a core. */
function studentPrice(answers: readonly Classification[], usdPerCoreHour: number): { usdPer1k: number; p50Ms: number | null } {
  const meanMs = answers.reduce((sum, { computeMs }) => sum + computeMs, 0) / answers.length;
  return { usdPer1k: ((meanMs * 1000) / 3_600_000) * usdPerCoreHour, p50Ms: median(answers.map(({ computeMs }) => computeMs)) };
}

/** What the teacher's calls on these rows cost and took; null where none is known. */
async function teacherPrice(
  { clickhouse }: EvaluateEncoderDeps,
  { project }: EvaluateEncoderInput,
  rows: readonly TestRow[],
): Promise<{ usdPer1k: number | null; p50Ms: number | null }> {
  const ids = rows.flatMap(({ traceId }) => (traceId === '' ? [] : [traceId]));
  const recorded = (await costsOfTraces(clickhouse, project, ids)).values();
  const costs = [...recorded, ...rows.flatMap(({ freshCost }) => freshCost ?? [])];
  const priced = costs.flatMap(({ costUsd }) => (costUsd === null ? [] : [costUsd]));
  const usdPer1k = priced.length === 0 ? null : (1000 * priced.reduce((sum, usd) => sum + usd, 0)) / priced.length;
  return { usdPer1k, p50Ms: median(costs.map(({ latencyMs }) => latencyMs)) };
}

import { comparableAnswer } from '../../core/candidates/comparable-answer.ts';
import { evaluatePair } from '../../core/statistics/evaluate-pair.ts';
import { median } from '../../core/statistics/median.ts';
import { Evaluation } from '../../contracts/distil.ts';
import { StillhouseError } from '../../contracts/errors.ts';
import type { EvaluateStudentInput, EvaluateStudentResult } from '../../contracts/stages.ts';
import { contentHash } from '../../platform/content-hash.ts';
import type { ArtifactStore } from '../../store/artifacts/artifact-store.ts';
import type { ClickHouseClient } from '../../store/clickhouse/connection.ts';
import { costsOfTraces } from '../../store/clickhouse/trace-costs.ts';
import { publishOnce } from '../encoder/encoder-deps.ts';
import { readTestRows, type TestRow } from './test-rows.ts';

/** Rises when the scoring changes: an evaluation of another kind is not taken for this one. */
const SCORER = 2;

export interface EvaluationDeps {
  artifacts: ArtifactStore;
  clickhouse: ClickHouseClient;
}

/** A student's answer to a test row. */
export interface StudentAnswer {
  answer: string;
  /** Of the answer, 0 to 1; null where it is not told. */
  probability: number | null;
  /** Milliseconds of a core, or of the GPU; of a hosted student, those until its answer came. */
  computeMs: number;
  /** What a provider asked for it; null: not known. Absent where the compute time is the price. */
  costUsd?: number | null;
}

/**
 * Scores a student against its teacher on the test split, or finds that it was done. `answer` has the student answer the
 * rows, in order.
 */
export async function evaluateAnswers(
  deps: EvaluationDeps,
  input: EvaluateStudentInput,
  answer: (rows: readonly TestRow[]) => Promise<StudentAnswer[]>,
): Promise<EvaluateStudentResult> {
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
  const answers = await answer(rows);
  const scored = scoreRows(input, rows, answers);
  const teacher = await teacherPrice(deps, input, rows);
  const lines = rows.map(({ rowId, reference, teacher }, i) => {
    const { answer: student, probability } = answers[i]!;
    return JSON.stringify({
      rowId,
      reference,
      teacher,
      student,
      probability: probability === null ? null : Number(probability.toFixed(6)),
    });
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

function scoreRows({ task, marginPoints }: EvaluateStudentInput, rows: readonly TestRow[], answers: readonly StudentAnswer[]) {
  const same = task === 'json' ? comparableAnswer : (text: string) => text;
  const pairs = rows.map(({ reference, teacher }, i) => ({
    reference: same(reference),
    teacher: same(teacher),
    student: same(answers[i]!.answer),
  }));
  const scored = evaluatePair(pairs, marginPoints);
  // By label says something where answers recur.
  return task === 'json' ? { ...scored, perLabel: [] } : scored;
}

/** What its provider asked, else measured compute time at the price of a core. */
function studentPrice(answers: readonly StudentAnswer[], usdPerCoreHour: number): { usdPer1k: number | null; p50Ms: number | null } {
  const p50Ms = median(answers.map(({ computeMs }) => computeMs));
  const charged = answers.flatMap(({ costUsd }) => (costUsd === undefined ? [] : [costUsd]));
  if (charged.length > 0) {
    const known = charged.filter((usd) => usd !== null);
    return { usdPer1k: known.length === 0 ? null : (1000 * known.reduce((sum, usd) => sum + usd, 0)) / known.length, p50Ms };
  }
  const meanMs = answers.reduce((sum, { computeMs }) => sum + computeMs, 0) / answers.length;
  return { usdPer1k: ((meanMs * 1000) / 3_600_000) * usdPerCoreHour, p50Ms };
}

/** What the teacher's calls on these rows cost and took; null where none is known. */
async function teacherPrice(
  { clickhouse }: EvaluationDeps,
  { project }: EvaluateStudentInput,
  rows: readonly TestRow[],
): Promise<{ usdPer1k: number | null; p50Ms: number | null }> {
  const ids = rows.flatMap(({ traceId }) => (traceId === '' ? [] : [traceId]));
  const recorded = (await costsOfTraces(clickhouse, project, ids)).values();
  const costs = [...recorded, ...rows.flatMap(({ freshCost }) => freshCost ?? [])];
  const priced = costs.flatMap(({ costUsd }) => (costUsd === null ? [] : [costUsd]));
  const usdPer1k = priced.length === 0 ? null : (1000 * priced.reduce((sum, usd) => sum + usd, 0)) / priced.length;
  return { usdPer1k, p50Ms: median(costs.map(({ latencyMs }) => latencyMs)) };
}

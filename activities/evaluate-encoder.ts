import { type Classification, createEncoderPool } from '../serving/encoder-pool.ts';
import type { EvaluateStudentInput, EvaluateStudentResult } from '../contracts/stages.ts';
import type { EncoderDeps, StagePulse } from './encoder/encoder-deps.ts';
import { evaluateAnswers, type EvaluationDeps, type StudentAnswer } from './evaluation/evaluate-answers.ts';
import type { TestRow } from './evaluation/test-rows.ts';
import { withHeartbeat } from './heartbeat.ts';

/** One answer takes milliseconds; reading a page of rows, seconds. */
const STALL_MS = 2 * 60_000;

export type EvaluateEncoderDeps = EncoderDeps & EvaluationDeps;
export type EvaluateEncoderActivity = ReturnType<typeof createEvaluateEncoderActivity>;

export function createEvaluateEncoderActivity(deps: EvaluateEncoderDeps) {
  return {
    /**
     * Scores an encoder student against its teacher on the test split. Safe to retry because it only reads, and a result
     * that was published is found by the hash of its inputs.
     */
    evaluateEncoder: (input: EvaluateStudentInput): Promise<EvaluateStudentResult> =>
      withHeartbeat(STALL_MS, (pulse) => evaluateEncoder(deps, input, pulse)),
  };
}

/** What the activity does, without Temporal around it. */
export function evaluateEncoder(deps: EvaluateEncoderDeps, input: EvaluateStudentInput, pulse: StagePulse): Promise<EvaluateStudentResult> {
  return evaluateAnswers(deps, input, (rows) => answersOf(deps, input, rows, pulse));
}

async function answersOf(
  deps: EncoderDeps,
  input: EvaluateStudentInput,
  rows: readonly TestRow[],
  pulse: StagePulse,
): Promise<StudentAnswer[]> {
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
    return answers.map(({ label, probability, computeMs }) => ({ answer: label, probability, computeMs }));
  } finally {
    await pool.close();
  }
}

import type { EvaluateStudentInput, EvaluateStudentResult } from '../contracts/stages.ts';
import { evaluateAnswers, type StudentAnswer } from './evaluation/evaluate-answers.ts';
import type { TestRow } from './evaluation/test-rows.ts';
import { type Pulse, withHeartbeat } from './heartbeat.ts';
import { withEngine } from './student/engine.ts';
import type { StudentDeps } from './student/student-deps.ts';

/** An answer of a large model on a processor takes a minute at most; loading it, some. */
const STALL_MS = 10 * 60_000;

export type EvaluateLanguageModelActivity = ReturnType<typeof createEvaluateLanguageModelActivity>;

export function createEvaluateLanguageModelActivity(deps: StudentDeps) {
  return {
    /**
     * Has a language-model student answer the test split by the engine that will serve it, and scores it against its teacher.
     * Safe to retry because it only reads, and a result that was published is found by the hash of its inputs.
     */
    evaluateStudent: (input: EvaluateStudentInput): Promise<EvaluateStudentResult> =>
      withHeartbeat(STALL_MS, (pulse) => evaluateAnswers(deps, input, (rows) => answersOf(deps, input, rows, pulse))),
  };
}

function answersOf(
  deps: StudentDeps,
  { manifest }: EvaluateStudentInput,
  rows: readonly TestRow[],
  pulse: Pulse,
): Promise<StudentAnswer[]> {
  return withEngine(deps, async (engine) => {
    await engine.prepare(manifest);
    const answers: StudentAnswer[] = [];
    // One at a time: its time is the price.
    for (const { messages } of rows) {
      const { text, computeMs, logprobs } = await engine.complete(manifest, { messages, topLogprobs: 0 }, { signal: pulse.signal });
      const probability = Math.exp((logprobs ?? []).reduce((sum, { logprob }) => sum + logprob, 0));
      answers.push({ answer: text, probability, computeMs });
      pulse.progress({ done: answers.length, total: rows.length });
    }
    return answers;
  });
}

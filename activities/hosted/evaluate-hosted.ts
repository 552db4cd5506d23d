import { setTimeout as wait } from 'node:timers/promises';
import { Context } from '@temporalio/activity';
import type { Candidate } from '../../contracts/candidates.ts';
import { StillhouseError } from '../../contracts/errors.ts';
import { HostedManifest, type TuningPrice } from '../../contracts/hosted.ts';
import type { EvaluateStudentInput, EvaluateStudentResult } from '../../contracts/stages.ts';
import { worstCallUsd } from '../../core/candidates/call-bounds.ts';
import { contentHash } from '../../platform/content-hash.ts';
import { appendCandidates, candidatesOf } from '../../store/clickhouse/candidates.ts';
import type { RunIdentity } from '../distil/run-plan.ts';
import { evaluateAnswers, type StudentAnswer } from '../evaluation/evaluate-answers.ts';
import type { TestRow } from '../evaluation/test-rows.ts';
import { type LaneCall, runCalls } from '../generate/call-lane.ts';
import { CandidateJournal } from '../generate/candidate-journal.ts';
import { abandonAfter, lastAnswersMs } from '../generate/last-answers.ts';
import { SpendGuard } from '../generate/spend-guard.ts';
import { spentSoFar } from '../generate/spent-so-far.ts';
import { CALL_TIMEOUT_MS, LONGEST_RETRY_AFTER_MS, gatewayClient } from '../generate/teacher-call.ts';
import { type Pulse, withHeartbeat } from '../heartbeat.ts';
import { clickHouseTime } from '../../platform/clickhouse-time.ts';
import type { HostedDeps } from './hosted-deps.ts';

const MOST_IN_FLIGHT = 32;
const STALL_MS = CALL_TIMEOUT_MS + LONGEST_RETRY_AFTER_MS + 60_000;

export interface EvaluateHostedInput {
  scored: EvaluateStudentInput;
  run: RunIdentity;
  maxAnswerTokens: number;
  price: TuningPrice;
  /** Of the cap, what calls may still use. */
  maxUsd: number;
}

export function createEvaluateHostedActivity(deps: HostedDeps) {
  return {
    /**
     * Has a tuned model answer the test split through the gateway and scores it against its teacher. Safe to retry because an
     * answer that was received is journalled and never asked for again, and a result that was published is found.
     */
    evaluateHosted: (input: EvaluateHostedInput): Promise<EvaluateStudentResult> =>
      withHeartbeat(STALL_MS, (pulse) => evaluateAnswers(deps, input.scored, (rows) => answersOf(deps, input, rows, pulse))),
  };
}

async function answersOf(deps: HostedDeps, input: EvaluateHostedInput, rows: readonly TestRow[], pulse: Pulse): Promise<StudentAnswer[]> {
  const { provider, model } = HostedManifest.parse(JSON.parse((await deps.artifacts.get(input.scored.manifest)).toString('utf8')));
  const target = `${provider}/${model}`;
  const { project } = input.scored;
  const sampling = contentHash({ purpose: 'student', temperature: 0, maxAnswerTokens: input.maxAnswerTokens }).slice(0, 32);
  const hashes = rows.map(({ messages }) => contentHash({ messages }));
  const journalled = async () => {
    const found = await candidatesOf(deps.clickhouse, project, { teacher: target, sampling }, hashes);
    return new Map(found.map((candidate) => [candidate.promptHash, candidate]));
  };
  const known = await journalled();
  const byHash = new Map(rows.map((row, i) => [hashes[i]!, row]));
  const missing = [...byHash]
    .filter(([hash]) => !known.has(hash))
    .map(([hash, row]) => callOf(deps, input, { target, sampling, hash }, row));
  await ask(deps, input, missing, pulse);
  const answers = await journalled();
  return hashes.map((hash) => {
    const { answer, costUsd, latencyMs } = answers.get(hash)!;
    return { answer, probability: null, computeMs: latencyMs, costUsd };
  });
}

/** Asks for what is missing, within the cap; every answer is journalled when it ends. */
async function ask(deps: HostedDeps, input: EvaluateHostedInput, calls: LaneCall[], { signal, progress }: Pulse): Promise<void> {
  if (calls.length === 0) return;
  const { usd, unpriced } = await spentSoFar(deps.clickhouse, input.run);
  const worstUsd = calls.reduce((most, call) => Math.max(most, call.worstUsd), 0);
  const guard = new SpendGuard(input.maxUsd, usd, unpriced * worstUsd);
  const journal = new CandidateJournal((candidates, token) => appendCandidates(deps.clickhouse, candidates, token));
  const context = Context.current();
  const abandon = abandonAfter(signal, () => lastAnswersMs(context.cancellationDetails));
  let answered = 0;
  const moved = () => progress({ answered: ++answered, calls: calls.length });
  const pause = (ms: number, until: AbortSignal) => wait(ms, undefined, { signal: until }).catch(() => undefined);
  try {
    const client = gatewayClient(deps.gateway, input.run.project);
    const lane = { client, journal, guard, most: MOST_IN_FLIGHT, stop: signal, abandon: abandon.signal };
    const { lost, capReached } = await runCalls({ ...lane, moved, pause }, calls);
    signal.throwIfAborted();
    if (capReached)
      throw new StillhouseError(
        'budget_exceeded',
        `The cap lets no further answer of the student be asked for: ${answered} of ${calls.length} are there.`,
      );
    // Answers that are there stay there: another attempt asks for the rest.
    if (lost > 0)
      throw new StillhouseError('unavailable', `The student did not give ${lost} of ${calls.length} answers, after eight attempts each.`);
  } finally {
    abandon.clear();
  }
}

function callOf(
  deps: HostedDeps,
  input: EvaluateHostedInput,
  of: { target: string; sampling: string; hash: string },
  { messages }: TestRow,
): LaneCall {
  const { run, price, maxAnswerTokens } = input;
  const { project, distillation, runId } = run;
  // A byte is never less than a token; a message takes some for its frame.
  const most = Buffer.byteLength(JSON.stringify(messages)) + 8 * messages.length;
  return {
    call: {
      body: {
        model: of.target,
        messages: messages as LaneCall['call']['body']['messages'],
        temperature: 0,
        max_completion_tokens: maxAnswerTokens,
        stream: false,
      },
      metadata: { distillation, run: runId, stage: 'evaluate' },
      price,
    },
    worstUsd: worstCallUsd(price, { in: most, out: maxAnswerTokens }),
    toCandidate: ({ text, ...answer }): Candidate => ({
      project,
      promptHash: of.hash,
      teacher: of.target,
      sampling: of.sampling,
      sample: 0,
      answer: text,
      ...answer,
      distillation,
      runId,
      createdAt: clickHouseTime(deps.now()),
    }),
  };
}

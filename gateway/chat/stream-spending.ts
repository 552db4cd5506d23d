import type { StillhouseError } from '../../contracts/errors.ts';
import { type CostSplit, NO_USAGE, type Usage } from '../providers/provider.ts';
import { answerEstimate, answerPrice, answerSplit } from './answer-price.ts';
import type { Answered } from './answered.ts';
import type { Call, Outcome } from './call.ts';
import { estimatePrompt, tokensOfLength } from './completion-facts.ts';
import { statusOf } from './openai-error.ts';
import type { StreamRecorder } from './stream-recorder.ts';

type Streamed = Extract<Answered, { form: 'stream' }>;

/** What a stream's attempts have used, and how the stream ended. */
export class StreamSpending {
  readonly #call: Call;
  readonly #recorder: StreamRecorder;
  /** Of attempts that broke off. */
  #before: Usage = NO_USAGE;
  #beforeUsd: number | null = 0;
  #estimatedBeforeUsd = 0;
  #beforeSplit: CostSplit | null = { inputUsd: 0, outputUsd: 0, cachedUsd: 0, cacheWriteUsd: 0 };
  #saidBefore = 0;

  constructor(call: Call, recorder: StreamRecorder) {
    this.#call = call;
    this.#recorder = recorder;
  }

  /** An attempt broke off and another goes on: what it used is paid for all the same. `model` is what it called its own. */
  attemptEnded(answered: Streamed, model: string): void {
    const usage = this.#account(answered, model);
    this.#before = sum(this.#before, usage);
    this.#beforeUsd = plus(this.#beforeUsd, answered.attempt.cost_usd);
    this.#estimatedBeforeUsd += this.#estimatedUsd(answered, usage, model) ?? 0;
    this.#beforeSplit = plusSplit(this.#beforeSplit, answerSplit(answered, usage, { model, serviceTier: this.#recorder.serviceTier }));
    this.#saidBefore = this.#recorder.saidCharacters;
    this.#recorder.usage = null;
    this.#recorder.serviceTier = '';
  }

  /** `model` is what the target called its own that ended the answer, as the trace's target is that one. */
  outcome(answered: Streamed, model: string, failure: StillhouseError | null): Outcome {
    const recorder = this.#recorder;
    const usage = this.#account(answered, model);
    return {
      status: failure === null ? 'ok' : failure.code === 'cancelled' ? 'cancelled' : 'error',
      httpStatus: failure === null ? answered.answer.status : statusOf(failure),
      errorClass: failure?.code ?? '',
      errorMessage: failure?.message ?? '',
      modelAnswered: model,
      response: recorder.completion(),
      answerText: recorder.answerText,
      finishReason: recorder.finishReason,
      usage: sum(this.#before, usage),
      costUsd: plus(this.#beforeUsd, answered.attempt.cost_usd),
      // Of one that has a price, as much: it counts where another attempt has none.
      estimatedUsd: this.#estimatedBeforeUsd + (this.#estimatedUsd(answered, usage, model) ?? 0) || null,
      costSplit: plusSplit(this.#beforeSplit, answerSplit(answered, usage, { model, serviceTier: recorder.serviceTier })),
      toolsCalled: recorder.toolsCalled,
      firstTokenMs: recorder.firstTokenAt === null ? 0 : recorder.firstTokenAt - this.#call.beganMs,
    };
  }

  #estimatedUsd(answered: Streamed, usage: Usage, model: string): number | null {
    return answered.attempt.cost_usd ?? answerEstimate(answered, usage, { model, serviceTier: this.#recorder.serviceTier });
  }

  #account({ attempt, answer, callable, beganMs }: Streamed, model: string): Usage {
    const usage = this.#recorder.usage ?? this.#estimate();
    // Read at the end: a student's price is known no earlier.
    const costUsd = answerPrice({ answer, callable }, usage, { model, serviceTier: this.#recorder.serviceTier });
    attempt.latency_ms = Math.round(performance.now() - beganMs);
    attempt.tokens_in = usage.tokensIn;
    attempt.tokens_out = usage.tokensOut;
    attempt.cost_usd = costUsd;
    return usage;
  }

  /** Where no usage came, or not yet: what was asked and answered is paid for all the same. */
  #estimate(): Usage {
    const tokensOut = tokensOfLength(this.#recorder.saidCharacters - this.#saidBefore);
    return { ...NO_USAGE, tokensIn: estimatePrompt(this.#call.request), tokensOut };
  }
}

function sum(a: Usage, b: Usage): Usage {
  return {
    tokensIn: a.tokensIn + b.tokensIn,
    tokensOut: a.tokensOut + b.tokensOut,
    tokensCached: a.tokensCached + b.tokensCached,
    tokensCacheWrite: a.tokensCacheWrite + b.tokensCacheWrite,
    tokensReasoning: a.tokensReasoning + b.tokensReasoning,
  };
}

/** Unknown where a part is unknown. */
function plus(a: number | null, b: number | null): number | null {
  return a === null || b === null ? null : a + b;
}

function plusSplit(a: CostSplit | null, b: CostSplit | null): CostSplit | null {
  if (a === null || b === null) return null;
  return {
    inputUsd: plus(a.inputUsd, b.inputUsd),
    outputUsd: plus(a.outputUsd, b.outputUsd),
    cachedUsd: plus(a.cachedUsd, b.cachedUsd),
    cacheWriteUsd: plus(a.cacheWriteUsd, b.cacheWriteUsd),
  };
}

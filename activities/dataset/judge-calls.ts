import type { Candidate } from '../../contracts/candidates.ts';
import type { DatasetRow } from '../../contracts/datasets.ts';
import { worstCallUsd } from '../../core/candidates/call-bounds.ts';
import { JUDGE_PROMPT_VERSION, judgeFormat, judgeMessages } from '../../core/dataset/judging.ts';
import { contentHash } from '../../platform/content-hash.ts';
import { candidatesOf } from '../../store/clickhouse/candidates.ts';
import type { LaneCall } from '../generate/call-lane.ts';
import { clickHouseTime } from '../../platform/clickhouse-time.ts';
import type { JudgeDeps, JudgePlan } from './judge-plan.ts';

/** Tokens of an answer at most: scores and two sentences, with room for a model that thinks aloud. */
const ANSWER_TOKENS = 800;

/** Calls that ask for verdicts, and their answers on record: an answer belongs to its prompt and is never paid for twice. */
export class JudgeCalls {
  readonly #deps: Pick<JudgeDeps, 'clickhouse' | 'now'>;
  readonly #plan: JudgePlan;
  readonly #format: object;
  /** Journalled answers are found again under this: what shapes them besides the prompt and the model. */
  readonly #sampling: string;

  constructor(deps: Pick<JudgeDeps, 'clickhouse' | 'now'>, plan: JudgePlan) {
    this.#deps = deps;
    this.#plan = plan;
    this.#format = judgeFormat(plan.input.criteria);
    const shape = { purpose: 'verdict', prompt: JUDGE_PROMPT_VERSION, format: this.#format, temperature: 0, tokens: ANSWER_TOKENS };
    this.#sampling = contentHash(shape).slice(0, 32);
  }

  /** The call for one row. */
  call(row: DatasetRow): { promptHash: string; call: LaneCall } {
    const { input, task, labels, price, run } = this.#plan;
    const messages = judgeMessages(row, task, labels, input.criteria);
    const promptHash = contentHash({ messages });
    // A byte is never less than a token.
    const tokensIn = Buffer.byteLength(JSON.stringify([messages, this.#format])) + 16;
    const call: LaneCall = {
      call: {
        body: {
          model: input.model,
          messages: messages as LaneCall['call']['body']['messages'],
          response_format: this.#format as never,
          temperature: 0,
          max_completion_tokens: ANSWER_TOKENS,
          stream: false,
        },
        metadata: { distillation: run.distillation, run: run.runId, stage: 'judge' },
        price,
      },
      worstUsd: worstCallUsd(price, { in: tokensIn, out: ANSWER_TOKENS }),
      toCandidate: ({ text, ...answer }) => ({
        ...run,
        promptHash,
        teacher: input.model,
        sampling: this.#sampling,
        sample: 0,
        answer: text,
        ...answer,
        createdAt: clickHouseTime(this.#deps.now()),
      }),
    };
    return { promptHash, call };
  }

  /** Answers on record, by prompt. */
  async journalled(promptHashes: readonly string[]): Promise<Map<string, Candidate>> {
    const by = { teacher: this.#plan.input.model, sampling: this.#sampling };
    const found = await candidatesOf(this.#deps.clickhouse, this.#plan.run.project, by, promptHashes);
    return new Map(found.map((candidate) => [candidate.promptHash, candidate]));
  }
}

import type { Candidate } from '../../contracts/candidates.ts';
import type { Message } from '../../contracts/chat.ts';
import { worstCallUsd } from '../../core/candidates/call-bounds.ts';
import { contentHash } from '../../platform/content-hash.ts';
import { candidatesOf } from '../../store/clickhouse/candidates.ts';
import type { ClickHouseClient } from '../../store/clickhouse/connection.ts';
import type { LaneCall } from '../generate/call-lane.ts';
import { clickHouseTime } from '../../platform/clickhouse-time.ts';
import type { ClusterPlan } from './cluster-plan.ts';

/** What calls are for. */
export interface CallPurpose {
  /** With format and tokens: what shapes answers besides the prompt and the model. Journalled answers are found again under it. */
  purpose: string;
  /** As the calls' traces name it. */
  stage: 'check' | 'name';
  /** `response_format`. */
  format: object;
  /** Of an answer at most. */
  tokens: number;
}

/** Calls of the model that names clusters, and their answers on record: an answer belongs to its prompt and is never paid for twice. */
export class ClusterCalls {
  readonly #deps: { clickhouse: ClickHouseClient; now: () => number };
  readonly #plan: ClusterPlan;
  readonly #purpose: CallPurpose;
  readonly #sampling: string;
  /** Under which the calls' spend is found. */
  readonly spendIdentity: { project: string; distillation: string; runId: string };

  constructor(deps: { clickhouse: ClickHouseClient; now: () => number }, plan: ClusterPlan, purpose: CallPurpose) {
    this.#deps = deps;
    this.#plan = plan;
    this.#purpose = purpose;
    const { purpose: name, format, tokens } = purpose;
    this.#sampling = contentHash({ purpose: name, format, temperature: 0, tokens }).slice(0, 32);
    this.spendIdentity = { project: plan.run.project, distillation: `clusters/${plan.run.name}`, runId: plan.run.runId };
  }

  /** The call with one prompt. */
  call(messages: Message[]): { promptHash: string; call: LaneCall } {
    const promptHash = contentHash({ messages });
    const { format, tokens, stage } = this.#purpose;
    const { project, distillation, runId } = this.spendIdentity;
    const model = this.#plan.input.naming!;
    const price = this.#plan.namingPrice!;
    // A byte is never less than a token.
    const tokensIn = Buffer.byteLength(JSON.stringify([messages, format])) + 16;
    const call: LaneCall = {
      call: {
        body: {
          model,
          messages: messages as LaneCall['call']['body']['messages'],
          response_format: format as never,
          temperature: 0,
          max_completion_tokens: tokens,
          stream: false,
        },
        metadata: { distillation, run: runId, stage },
        price,
      },
      worstUsd: worstCallUsd(price, { in: tokensIn, out: tokens }),
      toCandidate: ({ text, ...answer }) => ({
        project,
        promptHash,
        teacher: model,
        sampling: this.#sampling,
        sample: 0,
        answer: text,
        ...answer,
        distillation,
        runId,
        createdAt: clickHouseTime(this.#deps.now()),
      }),
    };
    return { promptHash, call };
  }

  /** Answers on record, by prompt. */
  async journalled(promptHashes: readonly string[]): Promise<Map<string, Candidate>> {
    const by = { teacher: this.#plan.input.naming ?? '', sampling: this.#sampling };
    const found = await candidatesOf(this.#deps.clickhouse, this.#plan.run.project, by, promptHashes);
    return new Map(found.map((candidate) => [candidate.promptHash, candidate]));
  }
}

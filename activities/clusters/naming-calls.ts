import { type NamingSubject, NAMING_FORMAT, namingMessages } from '../../core/clusters/naming.ts';
import { worstCallUsd } from '../../core/candidates/call-bounds.ts';
import { contentHash } from '../../platform/content-hash.ts';
import { candidatesOf } from '../../store/clickhouse/candidates.ts';
import type { ClickHouseClient } from '../../store/clickhouse/connection.ts';
import type { LaneCall } from '../generate/call-lane.ts';
import type { ClusterPlan } from './cluster-plan.ts';

/** Tokens of an answer at most: a name and three sentences. */
const ANSWER_TOKENS = 600;
/** Journalled answers are found again under this: what shapes them besides the prompt and the model. */
const SAMPLING = contentHash({ purpose: 'cluster name', format: NAMING_FORMAT, temperature: 0, tokens: ANSWER_TOKENS }).slice(0, 32);

/** Calls that ask for names, and their answers on record: an answer belongs to its prompt and is never paid for twice. */
export class NamingCalls {
  readonly #deps: { clickhouse: ClickHouseClient; now: () => number };
  readonly #plan: ClusterPlan;
  /** Under which the calls' spend is found. */
  readonly spendIdentity: { project: string; distillation: string; runId: string };

  constructor(deps: { clickhouse: ClickHouseClient; now: () => number }, plan: ClusterPlan) {
    this.#deps = deps;
    this.#plan = plan;
    this.spendIdentity = { project: plan.run.project, distillation: `clusters/${plan.run.name}`, runId: plan.run.runId };
  }

  /** The call for one cluster; `refused`: the name that it was given and that is another's. */
  call(subject: NamingSubject, refused: string | null): { promptHash: string; call: LaneCall } {
    const messages = namingMessages(subject, refused === null ? [] : [refused]);
    const promptHash = contentHash({ messages });
    const { project, distillation, runId } = this.spendIdentity;
    const model = this.#plan.input.naming!;
    const price = this.#plan.namingPrice!;
    // A byte is never less than a token.
    const tokensIn = Buffer.byteLength(JSON.stringify([messages, NAMING_FORMAT])) + 16;
    const call: LaneCall = {
      call: {
        body: {
          model,
          messages: messages as LaneCall['call']['body']['messages'],
          response_format: NAMING_FORMAT as never,
          temperature: 0,
          max_completion_tokens: ANSWER_TOKENS,
          stream: false,
        },
        metadata: { distillation, run: runId, stage: 'name' },
        price,
      },
      worstUsd: worstCallUsd(price, { in: tokensIn, out: ANSWER_TOKENS }),
      toCandidate: ({ text, ...answer }) => ({
        project,
        promptHash,
        teacher: model,
        sampling: SAMPLING,
        sample: 0,
        answer: text,
        ...answer,
        distillation,
        runId,
        createdAt: new Date(this.#deps.now()).toISOString().replace('T', ' ').replace('Z', ''),
      }),
    };
    return { promptHash, call };
  }

  /** Answers on record, by prompt. */
  async journalled(promptHashes: readonly string[]): Promise<Map<string, string>> {
    const by = { teacher: this.#plan.input.naming ?? '', sampling: SAMPLING };
    const found = await candidatesOf(this.#deps.clickhouse, this.#plan.run.project, by, promptHashes);
    return new Map(found.map(({ promptHash, answer }) => [promptHash, answer]));
  }
}

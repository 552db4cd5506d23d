import { Context } from '@temporalio/activity';
import type { Candidate } from '../../contracts/candidates.ts';
import type { Message } from '../../contracts/chat.ts';
import { isStillhouseError } from '../../contracts/errors.ts';
import type { LaneCall } from '../generate/call-lane.ts';
import { type JournalledDeps, runJournalledCalls } from '../generate/journalled-calls.ts';
import type { Pulse } from '../heartbeat.ts';
import { type CallPurpose, ClusterCalls } from './cluster-calls.ts';
import type { ClusterPlan } from './cluster-plan.ts';

/** Calls in flight at most: what a kill can lose. */
const MOST_IN_FLIGHT = 8;
/** From this attempt of the activity on a model that is not there is done without: each attempt before it was patient itself. */
const LAST_ATTEMPT = 3;

/** What asking works with. */
export interface QuestionDeps extends JournalledDeps {
  /** Milliseconds since 1970. */
  now: () => number;
}

/** For what is asked, and within what. */
export interface QuestionBounds extends CallPurpose {
  /** What the run may have spent once all is asked, in US dollars. */
  capUsd: number;
}

/** Asks the model that names by way of the journal. */
export class ClusterQuestions {
  readonly calls: ClusterCalls;
  /** Why not all was asked; null: it was. */
  trouble: string | null = null;
  #lost = 0;
  readonly #deps: QuestionDeps;
  readonly #bounds: QuestionBounds;
  readonly #pulse: Pulse;

  constructor(deps: QuestionDeps, plan: ClusterPlan, bounds: QuestionBounds, pulse: Pulse) {
    this.#deps = deps;
    this.#bounds = bounds;
    this.#pulse = pulse;
    this.calls = new ClusterCalls(deps, plan, bounds);
  }

  /** Why something has no usable answer, for people. */
  get reason(): string {
    if (this.trouble !== null) return this.trouble;
    return this.#lost > 0 ? `${this.#lost} calls were not answered.` : 'the answers were not what was asked for.';
  }

  /** Answers on record, those that were missing asked for; once there is trouble only those on record. */
  async ask(questions: readonly { place: number; messages: Message[] }[]): Promise<Map<number, Candidate>> {
    const asked = questions.map(({ place, messages }) => ({ place, ...this.calls.call(messages) }));
    const hashes = asked.map(({ promptHash }) => promptHash);
    const known = await this.calls.journalled(hashes);
    const missing = asked.filter(({ promptHash }) => !known.has(promptHash)).map(({ call }) => call);
    if (this.trouble === null && missing.length > 0) this.trouble = await this.#run(missing);
    this.#pulse.signal.throwIfAborted();
    const all = await this.calls.journalled(hashes);
    return new Map(asked.flatMap(({ place, promptHash }) => (all.has(promptHash) ? [[place, all.get(promptHash)!] as const] : [])));
  }

  async #run(calls: readonly LaneCall[]): Promise<string | null> {
    const { signal, progress } = this.#pulse;
    const { capUsd } = this.#bounds;
    let done = 0;
    const moved = () => progress({ answered: ++done, of: calls.length });
    const run = { run: this.calls.spendIdentity, capUsd, most: MOST_IN_FLIGHT, signal, moved };
    try {
      const { capReached, lost } = await runJournalledCalls(this.#deps, run, calls);
      this.#lost += lost;
      return capReached ? 'the cap was reached.' : null;
    } catch (error) {
      // Clusters are worth having without a model's words: one that refuses, or is gone for good, is a warning.
      if (isStillhouseError(error) && (!error.retryable || Context.current().info.attempt >= LAST_ATTEMPT)) return error.message;
      throw error;
    }
  }
}

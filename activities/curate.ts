import type { DatasetRow } from '../contracts/datasets.ts';
import { StillhouseError } from '../contracts/errors.ts';
import type { ArtifactRef } from '../contracts/identifiers.ts';
import type { CuratedRow } from '../contracts/stages.ts';
import { meanAgreements } from '../core/candidates/field-agreement.ts';
import { type Ranking, rankAnswers } from '../core/candidates/text-votes.ts';
import { answerFault } from '../core/dataset/answer-rules.ts';
import { type LabelAnswer, voteLabels } from '../core/label-votes.ts';
import type { ArtifactStore } from '../store/artifacts/artifact-store.ts';
import type { ClickHouseClient } from '../store/clickhouse/connection.ts';
import { goldOf } from '../store/clickhouse/datasets.ts';
import { putJsonl } from './distil/jsonl-artifact.ts';
import { rowPages } from './distil/row-pages.ts';
import type { RunPlan } from './distil/run-plan.ts';
import { journalledSamples } from './generate/samples.ts';
import { withHeartbeat } from './heartbeat.ts';

const STALL_MS = 180_000;
/** Fewer taught rows make no student. */
const FEWEST_ROWS = 10;

export interface CurateResult {
  curated: ArtifactRef;
  /** Label tasks: what the student may answer, sorted. */
  labels: string[];
  trainRows: number;
  validationRows: number;
  /** Rows without a usable answer; they stay as unlabelled rows of the same traffic. */
  unlabelled: number;
  /** Why rows teach nothing, and how many. */
  dropped: Record<string, number>;
  /** Samples that were left out, by reason. */
  rejectedSamples: Record<string, number>;
  meanAgreement: number;
}

export interface CurateDeps {
  clickhouse: ClickHouseClient;
  artifacts: ArtifactStore;
  temporaryFolder: string;
}

export type CurateActivities = ReturnType<typeof createCurateActivities>;

export function createCurateActivities(deps: CurateDeps) {
  return {
    /**
     * Turns rows and their samples into the training JSONL. Safe to retry because it reads what is journalled and writes
     * an artifact that is named by its content.
     */
    curate: ({ plan }: { plan: RunPlan }): Promise<CurateResult> =>
      withHeartbeat(STALL_MS, async ({ progress, signal }) => {
        const tally = new CurationTally();
        const { project, distillation } = plan.run;
        async function* lines() {
          for (const split of ['train', 'validation'] as const) {
            const gold = plan.useGold ? await goldOf(deps.clickhouse, project, plan.dataset, split) : new Map<string, string>();
            for await (const rows of rowPages(deps.clickhouse, plan, split)) {
              signal.throwIfAborted();
              const samples = await journalledSamples(deps.clickhouse, plan, 'train', rows);
              for (const row of rows) {
                const { curated, vote } = curateRow(plan, row, samples.get(row.rowId) ?? [], gold.get(row.rowId));
                tally.add(split, vote);
                yield { ...curated, split };
              }
              progress({ rows: tally.rows });
            }
          }
        }
        const curated = await putJsonl(deps, `distillations/${project}/${distillation}/curated`, lines());
        tally.require(plan);
        return { curated, ...tally.result(plan) };
      }),
  };
}

/** What a row's recorded answer and its samples come to; `gold`, where it is given, stands for all of them. */
export function curateRow(
  plan: Pick<RunPlan, 'teacher' | 'task' | 'labels' | 'keepBest'>,
  row: DatasetRow,
  samples: readonly LabelAnswer[],
  gold: string | undefined,
): { curated: Omit<CuratedRow, 'split'>; vote: Ranking } {
  const recorded: LabelAnswer[] = row.referenceTarget === plan.teacher ? [{ answer: row.reference, finishReason: '' }] : [];
  const answers = gold === undefined ? [...recorded, ...samples] : [{ answer: gold, finishReason: '' }];
  const vote = voteOf(plan, answers, plan.task.kind === 'json' ? meanAgreements : undefined);
  const { rowId, group, messages } = row;
  const { votes, best, worst, agreement, dropped, candidates } = vote;
  return { curated: { rowId, group, messages, votes, best, worst, agreement, dropped, ...(candidates && { candidates }) }, vote };
}

/**
 * What answers to one prompt come to, by the task's rules. `scoresOf` grades json and text answers against each other: what is
 * learned is the best graded. A reference to be right or wrong by is the commonest instead, as equality asks.
 */
export function voteOf(
  plan: Pick<RunPlan, 'task' | 'labels' | 'keepBest'>,
  answers: readonly LabelAnswer[],
  scoresOf?: (answers: readonly string[]) => number[],
): Ranking {
  const { task } = plan;
  if (task.kind === 'label') return voteLabels(answers, new Set(plan.labels), plan.keepBest);
  const fault = ({ answer, finishReason }: LabelAnswer) => answerFault(task, null, { text: answer, finishReason });
  return rankAnswers(answers, fault, plan.keepBest, scoresOf);
}

/** What a run's rows came to, in numbers. */
class CurationTally {
  rows = 0;
  readonly #taught = { train: 0, validation: 0 };
  readonly #dropped = new Map<string, number>();
  readonly #rejected = new Map<string, number>();
  readonly #trainLabels = new Set<string>();
  #agreement = 0;

  add(split: CuratedRow['split'], vote: Ranking): void {
    this.rows++;
    for (const [reason, n] of Object.entries(vote.rejected)) this.#rejected.set(reason, (this.#rejected.get(reason) ?? 0) + n);
    if (vote.dropped !== null) {
      this.#dropped.set(vote.dropped, (this.#dropped.get(vote.dropped) ?? 0) + 1);
      return;
    }
    this.#taught[split]++;
    if (split === 'train' && vote.best[0] !== undefined) this.#trainLabels.add(vote.best[0]);
    this.#agreement += vote.agreement;
  }

  /** Refuses what is left where it teaches nothing. */
  require(plan: RunPlan): void {
    const dropped = [...this.#dropped].map(([reason, n]) => `${n} ${reason}`).join(', ');
    if (this.#taught.train < FEWEST_ROWS)
      throw new StillhouseError(
        'dataset_too_small',
        `After curation ${this.#taught.train} training rows have an answer; it takes at least ${FEWEST_ROWS}.${dropped ? ` Dropped: ${dropped}.` : ''}`,
      );
    if (plan.task.kind === 'label' && this.#trainLabels.size < 2)
      throw new StillhouseError('dataset_invalid', 'After curation all training rows have the same label: there is nothing to tell apart.');
  }

  result(plan: RunPlan): Omit<CurateResult, 'curated'> {
    const taught = this.#taught.train + this.#taught.validation;
    return {
      labels: [...plan.labels].sort(),
      trainRows: this.#taught.train,
      validationRows: this.#taught.validation,
      unlabelled: this.rows - taught,
      dropped: Object.fromEntries(this.#dropped),
      rejectedSamples: Object.fromEntries(this.#rejected),
      meanAgreement: taught === 0 ? 0 : this.#agreement / taught,
    };
  }
}
